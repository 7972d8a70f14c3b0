"""The content cost: the features of a layer shall be those of the content signal."""

from __future__ import annotations

from torch import Tensor

from impasto.errors import ShapeError
from impasto.objectives.objective import Term, wide
from impasto.signal import Region, cut


class Content(Term):
    """Squared distance of features to those of the content, times a factor.

    Args:
        layer: Layer that is read.
        target: Features of the content, shape (1, c, *space), or of several (b, c, *space).
        scale: Factor of the sum of squares, or one for each signal, shape (b,); it holds the
            normalization of a convention.
    Raises:
        ShapeError: From `statistic`, if the features do not have the target's shape.
    Source:
        Gatys, Ecker, Bethge, arXiv:1508.06576, eq. 1 (there the factor is 1/2).
    """

    kind = "content"
    layer: str

    def __init__(self, layer: str, target: Tensor, *, scale: float | Tensor = 1.0) -> None:
        self.layer, self.target, self.scale = layer, target.detach(), scale

    def statistic(self, features: Tensor) -> Tensor:
        """Sum the squared differences over channels and positions, shape (b,)."""
        return self._difference(features).square().sum(dim=tuple(range(1, features.ndim)))

    def cost(self, statistic: Tensor) -> Tensor:
        """Scale the sum of squares, shape (b,)."""
        return self.scale * statistic

    def pull(self, features: Tensor, cotangent: Tensor, gradient: Tensor) -> None:
        """See Term.pull."""
        factors = 2 * cotangent.view(-1, *[1] * (features.ndim - 1))
        # a sum of two precisions is slow
        gradient += self._difference(features).mul_(factors).to(gradient.dtype)

    def crop(self, where: Region) -> Content:
        """Return the cost of a part of the positions."""
        return Content(self.layer, cut(self.target, where), scale=self.scale)

    def _difference(self, features: Tensor) -> Tensor:
        if features.shape[1:] != self.target.shape[1:]:
            raise ShapeError(
                f"Content features at {self.layer} have shape {tuple(self.target.shape[1:])}, "
                f"those of the result {tuple(features.shape[1:])}."
            )
        return features.to(wide(features)) - self.target
