"""What a network is shown in place of a signal, so that a descent ends at something visible."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.engine.evaluator import Evaluator
from impasto.objectives.objective import Costs


class Jittered(Evaluator):
    """Shows the signal shifted around by another random offset each time.

    What excites a unit at one place only, such as noise of high frequency, comes to nothing. What
    leaves at one end comes in at the other.

    Args:
        evaluator: Evaluates what is shown.
        reach: Largest offset along each space axis, in samples.
        seed: Seed of the offsets.
    Source:
        Mordvintsev, Olah, Tyka, "Inceptionism", 2015; Olah, Mordvintsev, Schubert, "Feature
        Visualization", Distill 2017, doi:10.23915/distill.00007, section "Transformation
        Robustness".
    """

    def __init__(self, evaluator: Evaluator, reach: int, *, seed: int = 0) -> None:
        self.evaluator, self.noise, self.reach = evaluator, evaluator.noise, reach
        self._generator = torch.Generator().manual_seed(seed)

    def value_and_gradient(self, signal: Tensor) -> tuple[Costs, Tensor]:
        """See Evaluator.value_and_gradient."""
        axes = tuple(range(2, signal.ndim))
        drawn = torch.randint(-self.reach, self.reach + 1, (len(axes),), generator=self._generator)
        costs, gradient = self.evaluator.value_and_gradient(signal.roll(drawn.tolist(), axes))
        return costs, gradient.roll((-drawn).tolist(), axes)


class Bounded(Evaluator):
    """Shows the signal bent into the range that can be stored.

    Around the middle of the range nothing changes; no sample gets beyond its ends, however far
    descent goes.

    Args:
        evaluator: Evaluates what is shown.
        bounds: Least and largest sample.
    """

    def __init__(self, evaluator: Evaluator, bounds: tuple[float, float]) -> None:
        self.evaluator, self.noise, self.bounds = evaluator, evaluator.noise, bounds

    def show(self, signal: Tensor) -> Tensor:
        """Return what is shown."""
        middle, half = self._range()
        return middle + half * ((signal - middle) / half).tanh()

    def value_and_gradient(self, signal: Tensor) -> tuple[Costs, Tensor]:
        """See Evaluator.value_and_gradient."""
        middle, half = self._range()
        shown = self.show(signal)
        costs, gradient = self.evaluator.value_and_gradient(shown)
        return costs, gradient * (1 - ((shown - middle) / half).square())

    def _range(self) -> tuple[float, float]:
        low, high = self.bounds
        return (low + high) / 2, (high - low) / 2
