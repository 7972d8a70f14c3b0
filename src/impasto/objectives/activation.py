"""The activation cost: the lower, the more a unit is excited."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from impasto.objectives.objective import Term, wide
from impasto.signal import Region, Space, cut


class Activation(Term):
    """Minus the activation of one unit for each signal of the batch, summed with weights.

    Args:
        layer: Layer that is read.
        units: For each signal of the batch the unit (channel of the layer), shape (b,), integers.
        weights: How much each position of the layer counts, shape (*space of the layer):
            `everywhere` makes the mean of the unit's map, `central` its middle.
        scale: Factor.
    Source:
        Erhan, Bengio, Courville, Vincent, "Visualizing higher-layer features of a deep network",
        2009, eq. 1; the choice of positions: Olah, Mordvintsev, Schubert, "Feature
        Visualization", Distill 2017, doi:10.23915/distill.00007, section "Optimization Objectives".
    """

    kind = "activation"
    layer: str

    def __init__(self, layer: str, units: Tensor, weights: Tensor, *, scale: float = 1.0) -> None:
        self.layer, self.units = layer, units
        self.weights, self.scale = weights.detach(), scale

    def statistic(self, features: Tensor) -> Tensor:
        """Sum the weighted activations of each signal's unit, shape (b,)."""
        own = features[torch.arange(len(self.units)), self.units]
        precision = wide(features)
        return (own.to(precision) * self.weights.to(own.device, precision)).flatten(1).sum(1)

    def cost(self, statistic: Tensor) -> Tensor:
        """Turn the sign and scale, shape (b,)."""
        return -self.scale * statistic

    def pull(self, features: Tensor, cotangent: Tensor, gradient: Tensor) -> None:
        """See Term.pull."""
        weights = self.weights.to(features.device, cotangent.dtype)
        change = cotangent.view(-1, *[1] * weights.ndim) * weights
        gradient[torch.arange(len(self.units)), self.units] += change.to(gradient.dtype)

    def crop(self, where: Region) -> Activation:
        """Return the sum over a part of the positions."""
        return Activation(self.layer, self.units, cut(self.weights, where), scale=self.scale)


def everywhere(space: Space) -> Tensor:
    """Weigh all positions of a layer alike; the weights sum to 1."""
    return torch.full(space, 1 / math.prod(space))


def central(space: Space) -> Tensor:
    """Weigh the central position of a layer only: of an even number the one behind the middle."""
    weights = torch.zeros(space)
    weights[tuple(length // 2 for length in space)] = 1.0
    return weights
