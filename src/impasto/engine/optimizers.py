"""Descent: L-BFGS and Adam, as iterators that can be stopped, stored and resumed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from impasto.engine.curvature import Curvature
from impasto.errors import DivergedError
from impasto.objectives.objective import Costs

Evaluate = Callable[[Tensor], tuple[Costs, Tensor]]
OptimizerName = Literal["lbfgs", "adam"]

MOST, FEWEST = 50, 1  # corrections; fewer than 50 cost steps, more cost time
CORRECTION_BYTES = 512 * 2**20


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
        noise: Relative error of the costs. A step may lead up by no more than this, and the
            descent ends where PATIENCE steps together lead down by less.
    Source:
        Nocedal, Wright, "Numerical Optimization", 2nd ed., algorithms 7.5 and 3.1; the tolerance
        for noise: Shi, Xie, Byrd, Nocedal, arXiv:2010.04352, eq. 2.9.
    """

    SUFFICIENT = 1e-4  # of the decrease that the slope promises
    TRIALS = 8
    PATIENCE = 20

    def __init__(self, *, memory: int = 50, first_step: float = 0.05, noise: float = 0.0) -> None:
        self.first_step, self.noise = first_step, noise
        self.curvature = Curvature(memory)
        self.lowest: list[float] = []  # cost after each of the last steps, or what was lower before

    def _advance(self, evaluate: Evaluate, point: Point) -> Point | None:
        if self._stalled(point):
            return None
        following, finite = self._search(evaluate, point)
        if following is None and self.curvature.count:  # it may be stale: forget it
            self.curvature.forget()
            following, finite = self._search(evaluate, point)
        if following is None and not finite:
            raise DivergedError("The cost stays not finite however short the step.")
        if following is not None:
            self.curvature.learn(
                following.parameters - point.parameters, following.gradient - point.gradient
            )
        return following

    def _stalled(self, point: Point) -> bool:
        """Note the cost, and tell whether it has stopped to fall but for noise."""
        cost = min([point.costs.total, *self.lowest[-1:]])
        self.lowest = [*self.lowest, cost][-self.PATIENCE - 1 :]
        waited = len(self.lowest) > self.PATIENCE
        return waited and self.lowest[0] - cost < self.noise * abs(cost)

    def _search(self, evaluate: Evaluate, point: Point) -> tuple[Point | None, bool]:
        """Shorten the step until the cost falls; also say whether the last trial was finite."""
        direction = self._direction(point)
        slope = float((direction * point.gradient).sum())
        if not slope < 0:  # a minimum, or a direction that rounding has spoilt
            return None, True
        allowed = self.noise * abs(point.costs.total)
        parameters = direction.add_(point.parameters)  # in its place, to save memory
        length, finite = 1.0, True
        for _ in range(self.TRIALS):
            trial = Point(parameters, *evaluate(parameters))
            finite = trial.finite
            rise = trial.costs.total - point.costs.total
            if finite and rise <= self.SUFFICIENT * length * slope + allowed:
                return trial, True
            fraction = _shorter(rise, length * slope) if finite else 0.1
            parameters = torch.lerp(point.parameters, parameters, fraction)
            length *= fraction
            del trial  # two signals that would be missed where memory is short
        return None, finite

    def _direction(self, point: Point) -> Tensor:
        """Minus the inverse curvature times the gradient."""
        if self.curvature.count:
            return self.curvature.inverse_times(point.gradient).neg_()
        wanted = self.first_step * _amplitude(point.parameters)
        return point.gradient * (-wanted / (_rms(point.gradient) or 1.0))

    def state(self) -> dict[str, Tensor]:
        """Return what is known about curvature, and the last costs."""
        return {**self.curvature.state(), "lowest": torch.tensor(self.lowest).double()}

    def load(self, state: Mapping[str, Tensor], point: Point) -> None:
        """Go on from a stored point with what was known about curvature."""
        self.point = point
        self.curvature.load(state)
        self.lowest = state["lowest"].tolist()


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


def make_optimizer(name: OptimizerName, *, memory: int, noise: float = 0.0) -> Optimizer:
    """Build an optimizer by name.

    Args:
        name: Method of descent.
        memory: Number of corrections that L-BFGS keeps.
        noise: Relative error of the costs.
    """
    return Adam() if name == "adam" else LBFGS(memory=memory, noise=noise)


def corrections(parameters: int, room: int) -> int:
    """Return how many corrections of L-BFGS are worth their memory.

    Args:
        parameters: Number of parameters, in float32.
        room: Bytes for the corrections; FEWEST are kept even so.
    """
    return min(max(room // (8 * max(parameters, 1)), FEWEST), MOST)


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
