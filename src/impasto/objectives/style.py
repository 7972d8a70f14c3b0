"""The style cost: channels shall be active together as often as in the style."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from impasto.objectives.gram import gram, guided_gram, pull_gram
from impasto.objectives.objective import Term
from impasto.signal import Region, cut


class Style(Term):
    """Squared distance of mean Gram matrices to those of the style, times a factor.

    Gram matrices are divided by the number of positions here, so that content and style may have
    different sizes. Where both have M positions, the sum of squares is 1/M² of the paper's.

    Args:
        layer: Layer that is read.
        target: Mean Gram matrix of the style, shape (c, c), or one for each signal, (b, c, c).
        positions: Number of positions of the whole result at this layer.
        scale: Factor of the sum of squares, or one for each signal, shape (b,); it holds the
            normalization of a convention.
    Source:
        Gatys, Ecker, Bethge, arXiv:1508.06576, eq. 3 and 4.
    """

    kind = "style"
    layer: str

    def __init__(
        self, layer: str, target: Tensor, *, positions: int, scale: float | Tensor = 1.0
    ) -> None:
        self.layer, self.target = layer, target.detach()
        self.positions, self.scale = positions, scale

    def statistic(self, features: Tensor) -> Tensor:
        """Return the Gram matrices, shape (b, c, c)."""
        return gram(features, near=self.target * math.prod(features.shape[2:]))

    def cost(self, statistic: Tensor) -> Tensor:
        """Compare mean Gram matrices, shape (b,)."""
        difference = statistic / self.positions - self.target.to(statistic.dtype)
        return self.scale * difference.square().flatten(1).sum(1)

    def pull(self, features: Tensor, cotangent: Tensor, gradient: Tensor) -> None:
        """See Term.pull."""
        pull_gram(features, cotangent, gradient)


class GuidedStyle(Term):
    """The style cost region by region.

    With one region that covers everything and share 1 it equals `Style`.

    Args:
        layer: Layer that is read.
        guides: Weight of each position in each region, shape (r, *space), as `masks.guides` makes
            them.
        targets: Guided Gram matrices of the style, shape (r, c, c), normalized likewise.
        shares: Factor of each region, shape (r,).
        scale: Factor of each region's sum of squares, shape (r,).
    Source:
        Gatys, Ecker, Bethge, Hertzmann, Shechtman, arXiv:1611.07865, eq. 6 to 8.
    """

    kind = "style"
    layer: str

    def __init__(
        self, layer: str, guides: Tensor, targets: Tensor, *, shares: Tensor, scale: Tensor
    ) -> None:
        self.layer = layer
        self.guides, self.targets = guides.detach(), targets.detach()
        self.shares, self.scale = shares.detach(), scale.detach()

    def statistic(self, features: Tensor) -> Tensor:
        """Return the guided Gram matrices, shape (b, r, c, c)."""
        return guided_gram(features, self.guides)

    def cost(self, statistic: Tensor) -> Tensor:
        """Compare the matrices of each region, shape (b,)."""
        difference = statistic - self.targets.to(statistic.dtype)
        return (
            difference.square().flatten(2).sum(2) * (self.shares * self.scale).to(statistic.dtype)
        ).sum(1)

    def crop(self, where: Region) -> GuidedStyle:
        """Return the cost with the guides of a part of the positions."""
        guides = cut(self.guides, where)
        return GuidedStyle(self.layer, guides, self.targets, shares=self.shares, scale=self.scale)


def mean_gram(features: Tensor) -> Tensor:
    """Return the mean Gram matrix of one signal's features (1, c, *space): shape (c, c)."""
    return gram(features)[0] / math.prod(features.shape[2:])


def mix(targets: list[Tensor], weights: list[float]) -> Tensor:
    """Blend target matrices in proportion to their weights.

    The gradient of the sum of the separate costs equals that of the cost of this blend.
    """
    shares = torch.tensor(weights) / sum(weights)
    return torch.einsum("s,s...->...", shares.to(targets[0]), torch.stack(targets))
