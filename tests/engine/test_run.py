from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from impasto.encoders import random_encoder
from impasto.engine.canvas import CanvasName
from impasto.engine.checkpoint import State, pack, unpack
from impasto.engine.evaluator import Evaluator, LocalEvaluator
from impasto.engine.optimizers import OptimizerName
from impasto.engine.pyramid import Level
from impasto.engine.run import Step, run
from impasto.errors import DivergedError
from impasto.objectives.content import Content
from impasto.objectives.objective import Costs
from impasto.objectives.style import Style, mean_gram
from impasto.signal import Space, resample

STEPS = 3


class Transfer:
    """Content and style seen by a small random network, over one, two or three axes."""

    def __init__(self, space: Space) -> None:
        self.spaces = [space, tuple(2 * length for length in space)]
        self.encoder = random_encoder(len(space), 2, channels=(4, 6))
        self.content = torch.rand(1, 2, *self.spaces[-1])
        self.style = torch.rand(1, 2, *self.spaces[-1]).square()
        self.start = torch.rand(1, 2, *space)

    def evaluator(self, space: Space) -> Evaluator:
        seen = self.encoder(resample(self.content, space), ["relu1_1", "relu2_1"])
        target = mean_gram(self.encoder(self.style, ["relu1_1"])["relu1_1"])
        style = Style("relu1_1", target, positions=math.prod(space))
        return LocalEvaluator(self.encoder, Content("relu2_1", seen["relu2_1"]) + 1e3 * style)

    def begin(
        self,
        evaluator_at: Callable[[Space], Evaluator] | None = None,
        *,
        steps: int = STEPS,
        **settings: Any,
    ) -> Iterator[Step]:
        levels = [Level(space, steps) for space in self.spaces]
        return run(evaluator_at or self.evaluator, levels, self.start, **settings)

    def run(self, **settings: Any) -> list[Step]:
        return list(self.begin(**settings))


@pytest.fixture
def transfer(space: tuple[int, ...]) -> Transfer:
    return Transfer(space)


both = pytest.mark.parametrize(
    ("optimizer", "canvas"),
    [("lbfgs", "spectrum"), ("lbfgs", "samples"), ("adam", "spectrum"), ("adam", "samples")],
)


class TestSteps:
    @both
    def test_levels_and_indices(
        self, transfer: Transfer, optimizer: OptimizerName, canvas: CanvasName
    ) -> None:
        steps = transfer.run(optimizer=optimizer, canvas=canvas)
        seen = [(step.level, step.index, step.space) for step in steps]
        coarse, fine = transfer.spaces
        assert seen == [(0, n, coarse) for n in range(4)] + [(1, n, fine) for n in range(4)]
        for step in steps:
            assert step.samples.shape == (2, *step.space)
            assert step.samples.dtype == torch.float32
            assert set(step.costs.kinds) == {"content", "style"}

    @both
    def test_cost_falls_at_every_level(
        self, transfer: Transfer, optimizer: OptimizerName, canvas: CanvasName
    ) -> None:
        steps = transfer.run(optimizer=optimizer, canvas=canvas)
        for level in (0, 1):
            totals = [step.costs.total for step in steps if step.level == level]
            assert totals[-1] < totals[0]

    def test_begins_with_the_start(self, transfer: Transfer) -> None:
        first = transfer.run(steps=1)[0]
        torch.testing.assert_close(first.samples, transfer.start[0])

    def test_costs_are_those_of_the_samples(self, transfer: Transfer) -> None:
        for step in transfer.run():
            costs, _ = transfer.evaluator(step.space).value_and_gradient(step.samples[None])
            torch.testing.assert_close(costs.values, step.costs.values)

    def test_a_level_begins_with_the_result_of_the_one_before(self, transfer: Transfer) -> None:
        steps = transfer.run()
        enlarged = resample(steps[STEPS].samples[None], transfer.spaces[1])[0]
        torch.testing.assert_close(steps[STEPS + 1].samples, enlarged)

    def test_done_goes_from_nothing_to_all(self, transfer: Transfer) -> None:
        steps = transfer.run()
        done = [step.done for step in steps]
        assert (done[0], done[-1]) == (0, 1)
        assert done == sorted(done)
        coarse, fine = map(math.prod, transfer.spaces)
        assert done[1] == pytest.approx(coarse / (coarse + fine) / STEPS)
        assert steps[-1].position_steps == STEPS * (coarse + fine)
        assert steps[STEPS].position_steps == steps[STEPS + 1].position_steps == STEPS * coarse

    def test_breaking_off_keeps_the_last_step(self, transfer: Transfer) -> None:
        last: Step | None = None
        for step in transfer.begin():
            last = step
            if (step.level, step.index) == (1, 1):
                break
        assert last is not None
        assert torch.equal(last.samples, transfer.run()[STEPS + 2].samples)

    def test_evaluators_are_built_when_their_level_begins(self, transfer: Transfer) -> None:
        built: list[Space] = []

        def evaluator_at(space: Space) -> Evaluator:
            built.append(space)
            return transfer.evaluator(space)

        steps = transfer.begin(evaluator_at, steps=1)
        assert built == []
        assert [(next(steps).level, len(built)) for _ in range(4)] == [
            (0, 1),
            (0, 1),
            (1, 2),
            (1, 2),
        ]

    def test_seconds_are_counted_from_where_the_caller_says(
        self, transfer: Transfer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        clock = itertools.count(100)
        monkeypatch.setattr("impasto.engine.run.time.monotonic", lambda: next(clock))
        assert [step.seconds for step in transfer.run(steps=1, began=90.0)] == [10, 11, 12, 13]


class TestConvergence:
    def test_a_level_ends_early_where_nothing_leads_down(self, transfer: Transfer) -> None:
        def content_only(space: Space) -> Evaluator:
            seen = transfer.encoder(resample(transfer.start, space), ["relu1_1"])["relu1_1"]
            return LocalEvaluator(transfer.encoder, 1.0 * Content("relu1_1", seen))

        steps = list(transfer.begin(content_only, steps=50, canvas="samples"))
        assert [(step.level, step.index) for step in steps] == [(0, 0), (1, 0)]
        assert [step.costs.total for step in steps] == [0, 0]

    def test_diverging_raises_after_the_last_good_step(self, transfer: Transfer) -> None:
        class Broken(Evaluator):
            calls = 0

            def value_and_gradient(self, signal: Tensor) -> tuple[Costs, Tensor]:
                self.calls += 1
                value = signal.square().flatten(1).sum(1)[None]
                bad = float("nan") if self.calls > 3 else 1.0
                return Costs(("f",), value * bad), 2 * signal

        steps = transfer.begin(lambda _: Broken(), steps=9)
        seen: list[Step] = []
        with pytest.raises(DivergedError):
            list(map(seen.append, steps))
        assert [step.index for step in seen] == [0, 1, 2]
        assert bool(seen[-1].samples.isfinite().all())


def through_bytes(state: State) -> State:
    return unpack(pack(state, fingerprint="run"), fingerprint="run")


class TestResume:
    @both
    @pytest.mark.parametrize("stored", [lambda state: state, through_bytes])
    def test_ends_bit_for_bit_as_if_uninterrupted(
        self,
        transfer: Transfer,
        optimizer: OptimizerName,
        canvas: CanvasName,
        stored: Callable[[State], State],
    ) -> None:
        settings = {"optimizer": optimizer, "canvas": canvas}
        whole = transfer.run(**settings)
        for killed_after in range(len(whole)):
            steps = transfer.begin(**settings)
            last = next(itertools.islice(steps, killed_after, None))
            state = stored(last.state([{"total": 1.0}]))
            rest = transfer.run(**settings, resume=state)
            expected = whole[killed_after + 1 :]
            assert [(s.level, s.index) for s in rest] == [(s.level, s.index) for s in expected]
            for step, same in zip(rest, expected, strict=True):
                assert torch.equal(step.samples, same.samples)
                assert torch.equal(step.costs.values, same.costs.values)
                assert torch.equal(step.point.gradient, same.point.gradient)
            assert state.records == [{"total": 1.0}]

    @both
    def test_a_checkpoint_changes_no_layout(
        self, transfer: Transfer, optimizer: OptimizerName, canvas: CanvasName
    ) -> None:
        """Sums over another layout could round otherwise after reading."""
        transfer.start = transfer.start.transpose(1, -1).contiguous().transpose(1, -1)
        steps = transfer.begin(optimizer=optimizer, canvas=canvas)
        for step in steps:
            state = step.state()
            stored = [state.point.parameters, state.point.gradient, *state.optimizer.values()]
            assert all(tensor.is_contiguous() for tensor in stored)

    def test_seconds_go_on(self, transfer: Transfer, monkeypatch: pytest.MonkeyPatch) -> None:
        last = transfer.run(steps=1)[0]
        state = State(0, 0, 1000.0, last.point, last.optimizer.state())
        clock = itertools.count(100)
        monkeypatch.setattr("impasto.engine.run.time.monotonic", lambda: next(clock))
        steps = transfer.run(steps=1, resume=state, began=90.0)
        assert [step.seconds for step in steps] == [1010, 1011, 1012]
