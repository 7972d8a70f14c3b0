"""The temporal cost: a frame shall be what the one before has become by the motion between them."""

from __future__ import annotations

from torch import Tensor

from impasto.errors import ShapeError
from impasto.objectives.objective import Term


class Temporal(Term):
    """Squared distance of a signal to a target wherever that can be trusted, times a factor.

    Args:
        target: The result before, moved along the flow, shape (1, channel, *space).
        trust: How far the flow can be trusted, from 0 (just uncovered) to 1, shape (*space).
        scale: Factor of the weighted sum of squares.
    Raises:
        ShapeError: From `statistic`, if the signal does not have the target's shape.
    Source:
        Ruder, Dosovitskiy, Brox, arXiv:1604.08610, eq. 7 (there the factor is one over the number
        of samples).
    """

    kind = "temporal"

    def __init__(self, target: Tensor, trust: Tensor, *, scale: float = 1.0) -> None:
        self.target, self.trust, self.scale = target.detach(), trust.detach(), scale

    def statistic(self, features: Tensor) -> Tensor:
        """Sum the weighted squared differences over channels and positions, shape (b,)."""
        if features.shape[1:] != self.target.shape[1:]:
            raise ShapeError(
                f"The temporal cost compares with {tuple(self.target.shape[1:])}, "
                f"and the signal has shape {tuple(features.shape[1:])}."
            )
        difference = features - self.target
        return (self.trust * difference.square()).flatten(1).sum(1)

    def cost(self, statistic: Tensor) -> Tensor:
        """Scale the sum, shape (b,)."""
        return self.scale * statistic

    def of_channel(self, number: int) -> Temporal:
        """See Term.of_channel."""
        return Temporal(self.target[:, number : number + 1], self.trust, scale=self.scale)
