"""Costs of the signal itself, whatever the network says."""

from __future__ import annotations

from torch import Tensor

from impasto.objectives.objective import Term


class TotalVariation(Term):
    """Sum of absolute differences between neighboring samples along every space axis.

    Args:
        scale: Factor; it holds the units, 255 for pictures that count from 0 to 255.
    Source:
        Rudin, Osher, Fatemi, Physica D 60, 1992, in the anisotropic form of neural-style.
    """

    kind = "tv"

    def __init__(self, *, scale: float = 1.0) -> None:
        self.scale = scale

    def statistic(self, features: Tensor) -> Tensor:
        """Sum over channels, axes and positions, shape (b,)."""
        axes = range(2, features.ndim)
        sums = [features.diff(dim=axis).abs().flatten(1).sum(1) for axis in axes]
        return sum(sums[1:], start=sums[0])

    def cost(self, statistic: Tensor) -> Tensor:
        """Scale the sum, shape (b,)."""
        return self.scale * statistic


class Bounds(Term):
    """Sum of squares of what lies outside the range that the medium can store.

    Args:
        low: Smallest sample that can be stored.
        high: Largest sample that can be stored.
        scale: Factor.
    """

    kind = "bounds"

    def __init__(self, *, low: float = 0.0, high: float = 1.0, scale: float = 1.0) -> None:
        self.low, self.high, self.scale = low, high, scale

    def statistic(self, features: Tensor) -> Tensor:
        """Sum over channels and positions, shape (b,)."""
        outside = features - features.clamp(self.low, self.high)
        return outside.square().flatten(1).sum(1)

    def cost(self, statistic: Tensor) -> Tensor:
        """Scale the sum, shape (b,)."""
        return self.scale * statistic
