from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from impasto.engine.checkpoint import State, pack, unpack
from impasto.engine.optimizers import (
    FEWEST,
    LBFGS,
    MOST,
    Adam,
    Evaluate,
    Optimizer,
    OptimizerName,
    Point,
    corrections,
    make_optimizer,
)
from impasto.errors import DivergedError
from impasto.objectives.objective import Costs

Function = Callable[[Tensor], Tensor]


def evaluate_by(function: Function) -> Evaluate:
    """Costs and gradient of a function from parameters to a number."""

    def evaluate(parameters: Tensor) -> tuple[Costs, Tensor]:
        leaf = parameters.detach().requires_grad_()
        value = function(leaf)
        (gradient,) = torch.autograd.grad(value, leaf)
        return Costs(("f",), value.detach().view(1, 1)), gradient

    return evaluate


CURVATURES = torch.logspace(0, 2, 24, dtype=torch.float64).view(1, 2, 3, 4)


def quadratic(x: Tensor) -> Tensor:
    """Lowest at 3, a hundred times steeper in some directions than in others."""
    return (CURVATURES.to(x) * (x - 3).square()).sum()


def rosenbrock(x: Tensor) -> Tensor:
    """A curved valley, lowest at (1, 1)."""
    a, b = x.flatten()
    return (1 - a).square() + 100 * (b - a.square()).square()


def start(seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(1, 2, 3, 4, dtype=torch.float64, generator=generator)


def descend(optimizer: Optimizer, function: Function, begin: Tensor, steps: int) -> list[Point]:
    return list(itertools.islice(optimizer.iterate(evaluate_by(function), begin), steps + 1))


def totals(points: list[Point]) -> list[float]:
    return [point.costs.total for point in points]


class TestLBFGS:
    def test_quadratic(self) -> None:
        points = descend(LBFGS(), quadratic, start(), 100)
        torch.testing.assert_close(points[-1].parameters, torch.full((1, 2, 3, 4), 3.0).double())

    def test_float32(self) -> None:
        points = descend(LBFGS(), quadratic, start().float(), 100)
        assert points[-1].parameters.dtype == torch.float32
        error = points[-1].parameters - 3
        assert error.abs().max() < 1e-3

    def test_rosenbrock(self) -> None:
        begin = torch.tensor([[[-1.2, 1.0]]], dtype=torch.float64)
        points = descend(LBFGS(), rosenbrock, begin, 60)
        torch.testing.assert_close(points[-1].parameters, torch.ones(1, 1, 2).double())

    @pytest.mark.parametrize("function", [quadratic, lambda x: rosenbrock(x.flatten()[:2])])
    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_every_step_leads_down(self, function: Function, dtype: torch.dtype) -> None:
        seen = totals(descend(LBFGS(), function, start().to(dtype), 100))
        assert len(seen) > 10
        assert all(after < before for before, after in itertools.pairwise(seen))

    @pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
    def test_ends_where_no_step_leads_down(self, dtype: torch.dtype) -> None:
        assert len(descend(LBFGS(), quadratic, start().to(dtype), 1000)) < 200

    def test_ends_at_once_at_the_minimum(self) -> None:
        begin = torch.full((1, 2, 3, 4), 3.0)
        assert len(descend(LBFGS(), quadratic, begin, 100)) == 1

    def test_begins_with_the_start(self) -> None:
        first = descend(LBFGS(), quadratic, start(), 0)[0]
        assert torch.equal(first.parameters, start())
        assert first.costs.total == pytest.approx(quadratic(start()).item())

    @pytest.mark.parametrize("factor", [1e-12, 1.0, 1e12])
    def test_first_step_is_a_fraction_of_the_amplitude(
        self, factor: float, space: tuple[int, ...]
    ) -> None:
        """Whatever the scale of the cost and the mean of each channel."""
        begin = torch.randn(1, 2, *space, dtype=torch.float64)
        offset = 100 * torch.arange(2.0).view(1, 2, *[1] * len(space))
        first, second = descend(
            LBFGS(first_step=0.1),
            lambda x: factor * (x - offset + 9).square().sum(),
            begin + offset,
            1,
        )
        step = second.parameters - first.parameters
        spread = begin - begin.flatten(2).mean(2).view_as(offset)
        ratio = step.square().mean().sqrt() / spread.square().mean().sqrt()
        assert ratio.item() == pytest.approx(0.1)

    def test_a_flat_start_is_left_too(self) -> None:
        points = descend(LBFGS(), quadratic, torch.zeros(1, 2, 3, 4).double(), 100)
        assert points[-1].costs.total < 1e-9

    def test_stale_corrections_are_forgotten(self) -> None:
        """Corrections that lead up, or nowhere, do not end the descent."""
        begin = Point(start(), *evaluate_by(quadratic)(start()))
        optimizer = LBFGS()
        optimizer.point = begin
        optimizer.curvature.learn(torch.ones_like(start()), torch.ones_like(start()))
        optimizer.curvature._steps.neg_()  # now every direction leads up
        points = descend(optimizer, quadratic, start(), 100)
        seen = totals([begin, *points])
        assert all(after < before for before, after in itertools.pairwise(seen))
        assert seen[-1] < 1e-9

    def test_noise_does_not_end_the_descent(self) -> None:
        """Costs that are known to a hundredth lead as far down as their gradients do."""
        dice = torch.Generator().manual_seed(1)

        def noisy(x: Tensor) -> Tensor:
            return 1 + quadratic(x) + 0.01 * torch.randn((), dtype=x.dtype, generator=dice)

        tolerant = descend(LBFGS(noise=0.05), noisy, start(), 1000)
        strict = descend(LBFGS(), noisy, start(), 1000)
        left = [quadratic(points[-1].parameters).item() for points in (tolerant, strict)]
        assert left[0] < 1e-6 < 1e-4 < left[1]
        assert len(tolerant) < 1000  # ends where the costs fall no more

    def test_remembers_as_much_as_memory_allows(self) -> None:
        assert corrections(1000, 2**29) == MOST
        assert corrections(10**9, 2**29) == FEWEST
        assert FEWEST < corrections(3 * 10**6, 2**29) < MOST


class TestAdam:
    def test_quadratic(self) -> None:
        points = descend(Adam(rate=0.1), quadratic, start(), 400)
        assert totals(points)[-1] < 1e-3
        assert totals(points)[-1] < 1e-6 * totals(points)[0]

    def test_rosenbrock(self) -> None:
        begin = torch.tensor([[[-1.2, 1.0]]], dtype=torch.float64)
        points = descend(Adam(rate=0.05), rosenbrock, begin, 1500)
        torch.testing.assert_close(
            points[-1].parameters, torch.ones(1, 1, 2).double(), rtol=0, atol=1e-2
        )

    def test_is_what_torch_computes(self) -> None:
        leaf = start().requires_grad_()
        theirs = torch.optim.Adam([leaf], lr=0.02, betas=Adam.BETAS, eps=1e-12)
        for point in descend(Adam(rate=0.02), quadratic, start(), 20):
            torch.testing.assert_close(point.parameters, leaf.detach())
            theirs.zero_grad()
            quadratic(leaf).backward()
            theirs.step()

    def test_stays_at_the_minimum(self) -> None:
        begin = torch.full((1, 2, 3, 4), 3.0)
        assert torch.equal(descend(Adam(), quadratic, begin, 3)[-1].parameters, begin)


def walled(bad: float, seen: list[float]) -> Function:
    """The quadratic, behind a wall at which its cost is not a number."""

    def function(x: Tensor) -> Tensor:
        value = quadratic(x)
        if (x > 3.5).any():
            seen.append(bad)
            return value * bad
        return value

    return function


BAD = [float("nan"), float("inf"), -float("inf")]


class TestStepBack:
    @pytest.mark.parametrize("bad", BAD)
    def test_lbfgs_shortens_the_step(self, bad: float) -> None:
        hits: list[float] = []
        points = descend(LBFGS(first_step=1e3), walled(bad, hits), start(), 100)
        assert hits
        assert all(point.finite for point in points)
        assert totals(points)[-1] < 1e-9

    @pytest.mark.parametrize("bad", BAD)
    def test_adam_halves_the_rate(self, bad: float) -> None:
        hits: list[float] = []
        optimizer = Adam(rate=10)
        points = descend(optimizer, walled(bad, hits), start(), 400)
        assert optimizer.rate == 10 / 2 ** len(hits) < 10
        assert all(point.finite for point in points)
        assert totals(points)[-1] < 1e-3 * totals(points)[0]

    @pytest.mark.parametrize("name", ["lbfgs", "adam"])
    @pytest.mark.parametrize("bad", BAD)
    def test_stops_where_no_step_is_finite(self, name: OptimizerName, bad: float) -> None:
        begin = start()
        optimizer = make_optimizer(name, memory=20)

        def function(x: Tensor) -> Tensor:
            return quadratic(x) * (1 if torch.equal(x, begin) else bad)

        points = optimizer.iterate(evaluate_by(function), begin)
        last = next(points)
        with pytest.raises(DivergedError, match="stays not finite"):
            next(points)
        assert optimizer.point is last

    @pytest.mark.parametrize("name", ["lbfgs", "adam"])
    @pytest.mark.parametrize("bad", BAD)
    def test_stops_at_a_start_that_is_not_finite(self, name: OptimizerName, bad: float) -> None:
        with pytest.raises(DivergedError, match="at the start"):
            descend(make_optimizer(name, memory=20), lambda x: quadratic(x) * bad, start(), 1)

    @pytest.mark.parametrize("name", ["lbfgs", "adam"])
    def test_a_gradient_that_is_not_finite_is_seen(self, name: OptimizerName) -> None:
        begin = torch.zeros(1, 1, 2)
        with pytest.raises(DivergedError, match="at the start"):
            descend(make_optimizer(name, memory=20), lambda x: x.sqrt().sum(), begin, 1)


def stored_and_read(point: Point, optimizer: Optimizer) -> State:
    content = pack(State(0, 0, 0.0, point, optimizer.state()), fingerprint="")
    return unpack(content, fingerprint="")


@pytest.mark.parametrize("name", ["lbfgs", "adam"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("steps", [0, 1, 2, 30])
def test_goes_on_bit_for_bit(name: OptimizerName, dtype: torch.dtype, steps: int) -> None:
    begin, more = start().to(dtype), 5
    whole = descend(make_optimizer(name, memory=20), quadratic, begin, steps + more)
    interrupted = make_optimizer(name, memory=20)
    last = descend(interrupted, quadratic, begin, steps)[-1]
    state = stored_and_read(last, interrupted)

    resumed = make_optimizer(name, memory=20)
    resumed.load(dict(state.optimizer), state.point)
    points = descend(resumed, quadratic, torch.full_like(begin, float("nan")), more - 1)
    assert len(points) == more
    for point, expected in zip(points, whole[-more:], strict=True):
        assert torch.equal(point.parameters, expected.parameters)
        assert torch.equal(point.gradient, expected.gradient)
        assert torch.equal(point.costs.values, expected.costs.values)


def test_adam_keeps_a_halved_rate() -> None:
    optimizer = Adam(rate=10)
    last = descend(optimizer, walled(float("nan"), []), start(), 1)[-1]
    resumed = Adam(rate=10)
    resumed.load(dict(stored_and_read(last, optimizer).optimizer), last)
    assert resumed.rate == optimizer.rate < 10


def test_optimizer_by_name() -> None:
    assert isinstance(make_optimizer("lbfgs", memory=3), LBFGS)
    assert isinstance(make_optimizer("adam", memory=3), Adam)
