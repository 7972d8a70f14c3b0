"""Descent: L-BFGS and Adam, as iterators that can be stopped, stored and resumed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from impasto.errors import DivergedError
from impasto.objectives.objective import Costs

Evaluate = Callable[[Tensor], tuple[Costs, Tensor]]
OptimizerName = Literal["lbfgs", "adam"]


@dataclass(frozen=True, eq=False)
class Point:
    """Parameters, the cost there, and its gradient with respect to them."""

    parameters: Tensor
    costs: Costs
    gradient: Tensor

    @property
    def finite(self) -> bool:
        """Whether cost and gradient are numbers."""
        return bool(torch.isfinite(self.costs.values.sum() + self.gradient.sum()))


class Optimizer(ABC):
    """Walks downhill one point at a time. It keeps its state in `point` and `state`."""

    point: Point | None = None

    def iterate(self, evaluate: Evaluate, start: Tensor) -> Iterator[Point]:
        """Yield the start, then a point a step, until no step leads down any more.

        An optimizer whose state was loaded goes on behind the point it was stored at.

        Args:
            evaluate: Returns costs and gradient at given parameters.
            start: First parameters.
        Raises:
            DivergedError: If the cost is not finite, at the start or after stepping back.
        """
        if self.point is None:
            self.point = Point(start, *evaluate(start))
            if not self.point.finite:
                raise DivergedError("The cost is not finite at the start.")
            yield self.point
        while (following := self._advance(evaluate, self.point)) is not None:
            self.point = following
            yield self.point

    @abstractmethod
    def _advance(self, evaluate: Evaluate, point: Point) -> Point | None:
        """Return the next point, or None where no step leads down."""

    @abstractmethod
    def state(self) -> dict[str, Tensor]:
        """Return what is needed, besides the point, to go on from it."""

    @abstractmethod
    def load(self, state: Mapping[str, Tensor], point: Point) -> None:
        """Go on from a stored point and state."""


class LBFGS(Optimizer):
    """Limited-memory BFGS with backtracking: the usual choice for style transfer.

    Args:
        memory: Number of corrections that are kept.
        first_step: Root mean square of the first step, as a fraction of the parameters'.
    Source:
        Nocedal, Wright, "Numerical Optimization", 2nd ed., algorithms 7.4 and 3.1.
    """

    SUFFICIENT = 1e-4  # of the decrease that the slope promises
    TRIALS = 8

    def __init__(self, *, memory: int = 20, first_step: float = 0.05) -> None:
        self.memory, self.first_step = memory, first_step
        self.pairs: list[tuple[Tensor, Tensor]] = []

    def _advance(self, evaluate: Evaluate, point: Point) -> Point | None:
        following, finite = self._search(evaluate, point)
        if following is None and self.pairs:  # the curvature may be stale: forget it
            self.pairs.clear()
            following, finite = self._search(evaluate, point)
        if following is None and not finite:
            raise DivergedError("The cost stays not finite however short the step.")
        if following is not None:
            self._remember(point, following)
        return following

    def _search(self, evaluate: Evaluate, point: Point) -> tuple[Point | None, bool]:
        """Shorten the step until the cost falls; also say whether the last trial was finite."""
        direction = self._direction(point)
        slope = float((direction * point.gradient).sum())
        if not slope < 0:  # a minimum, or a direction that rounding has spoilt
            return None, True
        length, finite = 1.0, True
        for _ in range(self.TRIALS):
            parameters = point.parameters + length * direction
            trial = Point(parameters, *evaluate(parameters))
            finite = trial.finite
            rise = trial.costs.total - point.costs.total
            if finite and rise <= self.SUFFICIENT * length * slope:
                return trial, True
            length *= _shorter(rise, length * slope) if finite else 0.1
        return None, finite

    def _direction(self, point: Point) -> Tensor:
        """Minus the inverse curvature times the gradient, in two loops over the pairs."""
        descent = -point.gradient
        if not self.pairs:
            wanted = self.first_step * _amplitude(point.parameters)
            return descent * (wanted / (_rms(descent) or 1.0))
        factors = []
        for step, change in reversed(self.pairs):
            inverse = 1 / torch.sum(step * change)
            alpha = inverse * torch.sum(step * descent)
            descent = descent - alpha * change
            factors.append((inverse, alpha))
        step, change = self.pairs[-1]
        descent = descent * (torch.sum(step * change) / torch.sum(change * change))
        for (step, change), (inverse, alpha) in zip(self.pairs, reversed(factors), strict=True):
            descent = descent + step * (alpha - inverse * torch.sum(change * descent))
        return descent

    def _remember(self, before: Point, after: Point) -> None:
        step = after.parameters - before.parameters
        change = after.gradient - before.gradient
        if float(torch.sum(step * change)) > 1e-8 * float(step.norm() * change.norm()):
            self.pairs = [*self.pairs, (step, change)][-self.memory :]

    def state(self) -> dict[str, Tensor]:
        """Return the corrections."""
        return {
            f"{kind}.{number}": tensor
            for number, pair in enumerate(self.pairs)
            for kind, tensor in zip(("step", "change"), pair, strict=True)
        }

    def load(self, state: Mapping[str, Tensor], point: Point) -> None:
        """Go on from a stored point with its corrections."""
        self.point = point
        count = sum(name.startswith("step.") for name in state)
        self.pairs = [(state[f"step.{n}"], state[f"change.{n}"]) for n in range(count)]


class Adam(Optimizer):
    """Adam, for those who prefer it; a step is halved where the cost is not finite.

    Args:
        rate: Length of a step, in the units of the parameters.
    Source:
        Kingma, Ba, arXiv:1412.6980, algorithm 1.
    """

    BETAS = (0.9, 0.99)
    TRIALS = 8

    def __init__(self, *, rate: float = 0.02) -> None:
        self.rate = rate
        self.count = 0
        self.moments: tuple[Tensor, Tensor] | None = None

    def _advance(self, evaluate: Evaluate, point: Point) -> Point | None:
        first, second = self.moments or (torch.zeros(()), torch.zeros(()))
        one, two = self.BETAS
        first = one * first + (1 - one) * point.gradient
        second = two * second + (1 - two) * point.gradient.square()
        self.count, self.moments = self.count + 1, (first, second)
        slant = first / (1 - one**self.count)
        spread = (second / (1 - two**self.count)).sqrt() + 1e-12
        for _ in range(self.TRIALS):
            parameters = point.parameters - self.rate * slant / spread
            trial = Point(parameters, *evaluate(parameters))
            if trial.finite:
                return trial
            self.rate /= 2
        raise DivergedError("The cost stays not finite however short the step.")

    def state(self) -> dict[str, Tensor]:
        """Return the moments, the count of steps and the rate."""
        rate = torch.tensor(self.rate, dtype=torch.float64)
        numbers = {"count": torch.tensor(self.count), "rate": rate}
        if self.moments is None:
            return numbers
        return numbers | {"first": self.moments[0], "second": self.moments[1]}

    def load(self, state: Mapping[str, Tensor], point: Point) -> None:
        """Go on from a stored point with its moments."""
        self.point = point
        self.count, self.rate = int(state["count"]), float(state["rate"])
        self.moments = (state["first"], state["second"]) if "first" in state else None


def make_optimizer(name: OptimizerName) -> Optimizer:
    """Build an optimizer by name."""
    return LBFGS() if name == "lbfgs" else Adam()


def _shorter(rise: float, slope: float) -> float:
    """Fraction of a failed step at which a parabola through what is known is lowest."""
    lowest = -slope / (2 * (rise - slope))
    return min(max(lowest, 0.1), 0.5)


def _rms(tensor: Tensor) -> float:
    return float(tensor.square().mean().sqrt())


def _amplitude(batch: Tensor) -> float:
    """Root mean square around the mean of each channel; of what is flat, around zero."""
    axes = tuple(range(2, batch.ndim))
    amplitude, whole = _rms(batch - batch.mean(dim=axes, keepdim=True)), _rms(batch)
    return amplitude if amplitude > 1e-3 * whole else whole or 1.0  # below is but rounding
