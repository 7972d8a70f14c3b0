"""The run: a signal appears step by step, from a coarse level to the finest."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from torch import Tensor

from impasto.engine.canvas import Canvas, CanvasName, make_canvas
from impasto.engine.checkpoint import State
from impasto.engine.evaluator import Evaluator
from impasto.engine.optimizers import (
    CORRECTION_BYTES,
    Evaluate,
    Optimizer,
    OptimizerName,
    Point,
    corrections,
    make_optimizer,
)
from impasto.engine.pyramid import Level
from impasto.objectives.objective import Costs
from impasto.signal import Space, resample


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a run.

    Attributes:
        level: Number of the level, from 0.
        levels: All levels of the run.
        index: Number of the step within its level; 0 is the level's start.
        seconds: Since the start of the program's work.
        point: Parameters, costs and gradient.
        canvas: Decodes the parameters.
        optimizer: The optimizer at this step, whose state a checkpoint stores.
    """

    level: int
    levels: Sequence[Level]
    index: int
    seconds: float
    point: Point
    canvas: Canvas
    optimizer: Optimizer

    @property
    def costs(self) -> Costs:
        """J and its parts."""
        return self.point.costs

    @property
    def space(self) -> Space:
        """Samples along each axis at this level."""
        return self.levels[self.level].space

    @cached_property
    def samples(self) -> Tensor:
        """The signal so far, shape (channel, *space)."""
        return self.canvas.decode(self.point.parameters)[0].detach()

    @property
    def position_steps(self) -> int:
        """Work done so far, in positions times steps."""
        return _work(self.levels[: self.level]) + math.prod(self.space) * self.index

    @property
    def done(self) -> float:
        """Work done as a fraction of the work planned."""
        return self.position_steps / _work(self.levels)

    @property
    def share(self) -> float:
        """Work of one step of this level as a fraction of the work planned."""
        return math.prod(self.space) / _work(self.levels)

    def state(self, records: Sequence[Mapping[str, Any]] = ()) -> State:
        """Return what is needed to go on from this step, and what was measured so far."""
        optimizer = self.optimizer.state()
        return State(self.level, self.index, self.seconds, self.point, optimizer, records)


def run(
    evaluator_at: Callable[[Space], Evaluator],
    levels: Sequence[Level],
    start: Tensor,
    *,
    optimizer: OptimizerName = "lbfgs",
    canvas: CanvasName = "spectrum",
    correction_bytes: int = CORRECTION_BYTES,
    resume: State | None = None,
    began: float | None = None,
) -> Iterator[Step]:
    """Minimize an objective level by level.

    Each level begins with the resampled result of the one before. Breaking off the iteration stops
    the run; the last step holds what was made.

    Args:
        evaluator_at: Builds the evaluator of a level from its space.
        levels: Sizes and numbers of steps, from coarse to fine; steps are fewer where none leads
            down any more.
        start: Signal at which the first level begins, shape (1, channel, *space).
        optimizer: Method of descent.
        canvas: What is optimized.
        correction_bytes: Memory for the corrections of L-BFGS.
        resume: State of an interrupted run with the same arguments.
        began: Reading of time.monotonic() from which seconds are counted; None for now.
    Raises:
        DivergedError: If the cost is not finite and stepping back does not help.
    """
    began = time.monotonic() if began is None else began
    if resume is not None:
        began -= resume.seconds
    channels = start.shape[1]
    before = [start]  # where a level begins; taken out, since memory may be short
    del start
    for level, (space, steps) in enumerate((one.space, one.steps) for one in levels):
        if resume is not None and level < resume.level:
            continue
        evaluator, painting = evaluator_at(space), make_canvas(canvas, space)
        memory = corrections(math.prod(space) * channels, correction_bytes)
        descent = make_optimizer(optimizer, memory=memory, noise=evaluator.noise)
        first = 0
        if resume is not None and level == resume.level:
            descent.load(resume.optimizer, resume.point)
            first = resume.index + 1
            parameters = resume.point.parameters
        else:
            parameters = painting.encode(resample(before.pop(), space)).contiguous()
        evaluate = _on_canvas(evaluator, painting)
        points = descent.iterate(evaluate, parameters)
        for index, point in enumerate(itertools.islice(points, steps + 1 - first), start=first):
            seconds = time.monotonic() - began
            yield Step(level, levels, index, seconds, point, painting, descent)
            parameters = point.parameters
        before = [painting.decode(parameters)]


def _work(levels: Sequence[Level]) -> int:
    return sum(math.prod(level.space) * level.steps for level in levels)


def _on_canvas(evaluator: Evaluator, canvas: Canvas) -> Evaluate:
    """Let the optimizer see parameters where the evaluator sees a signal.

    Everything is contiguous, as it comes back from a checkpoint: sums over another layout would
    round otherwise.
    """

    def evaluate(parameters: Tensor) -> tuple[Costs, Tensor]:
        costs, gradient = evaluator.value_and_gradient(canvas.decode(parameters))
        return costs, canvas.pullback(gradient).contiguous()

    return evaluate
