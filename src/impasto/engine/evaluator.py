"""J and its gradient: the seam behind which speed and scale live."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.objectives.objective import Costs, Objective

HALF_NOISE = 1e-4  # what 8 bits leave of the costs of some 100,000 features


class Evaluator(ABC):
    """Computes J and its gradient; no optimizer can tell how.

    Attributes:
        noise: Relative error that rounding leaves in J; below it no descent can be seen.
    """

    noise: float = 0.0

    @abstractmethod
    def value_and_gradient(self, signal: Tensor) -> tuple[Costs, Tensor]:
        """Evaluate the objective.

        Args:
            signal: Shape (b, channel, *space), float32, in the units of the medium.
        Returns:
            The weighted cost of every term, and the gradient of their sum, shaped as the signal.
        """


class WholeEvaluator(Evaluator):
    """Automatic differentiation on the whole signal at once.

    Args:
        encoder: Network that computes the features.
        objective: What is minimized.
    """

    def __init__(self, encoder: Encoder, objective: Objective) -> None:
        self.encoder, self.objective = encoder, objective
        self.noise = rounding(encoder)

    def value_and_gradient(self, signal: Tensor) -> tuple[Costs, Tensor]:
        """See Evaluator.value_and_gradient."""
        leaf = signal.detach().requires_grad_()
        layers = self.objective.layers
        features = self.encoder(leaf, layers) if layers else {}
        costs = self.objective.costs(self.objective.statistics(features, leaf))
        (gradient,) = torch.autograd.grad(costs.values.sum(), leaf)
        return costs.detached(), gradient


def rounding(encoder: Encoder) -> float:
    """Return the relative error of costs from the precision of a network."""
    half = any(weight.itemsize < 4 for weight in encoder.parameters())
    return HALF_NOISE if half else 0.0
