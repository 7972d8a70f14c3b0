from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from impasto.engine.evaluator import Evaluator
from impasto.objectives.objective import Costs
from impasto.units.locating import unraveled
from impasto.units.views import Bounded, Jittered


class Squares(Evaluator):
    """The weighted sum of squares of what is shown, which it remembers."""

    noise = 0.25

    def __init__(self, weights: Tensor) -> None:
        self.weights = weights
        self.shown: list[Tensor] = []

    def value_and_gradient(self, signal: Tensor) -> tuple[Costs, Tensor]:
        self.shown.append(signal)
        costs = Costs(("squares",), (self.weights * signal.square()).flatten(1).sum(1)[None])
        return costs, 2 * self.weights * signal


class TestJittered:
    def test_gradient_comes_back_to_its_place(self, features: Tensor) -> None:
        squares = Squares(torch.ones(()))
        evaluator = Jittered(squares, 2)
        for _ in range(5):
            costs, gradient = evaluator.value_and_gradient(features)
            torch.testing.assert_close(gradient, 2 * features)
            torch.testing.assert_close(costs.values[0], features.square().flatten(1).sum(1))

    def test_shows_another_shift_each_time(self, space: tuple[int, ...]) -> None:
        """Along every axis, as far as it may and not farther."""
        signal = torch.arange(float(math.prod(space))).view(1, 1, *space)
        squares = Squares(torch.ones(()))
        evaluator = Jittered(squares, 1)
        for _ in range(300):
            evaluator.value_and_gradient(signal)
        places = {unraveled(int(shown.argmin()), space) for shown in squares.shown}
        assert places == set(product(*({-1 % n, 0, 1 % n} for n in space)))

    def test_seeds(self, space: tuple[int, ...]) -> None:
        signal = torch.rand(1, 2, *(8 * length for length in space))

        def shown(seed: int) -> Tensor:
            squares = Squares(torch.ones(()))
            evaluator = Jittered(squares, 20, seed=seed)
            for _ in range(5):
                evaluator.value_and_gradient(signal)
            return torch.stack(squares.shown)

        assert torch.equal(shown(1), shown(1))
        assert not torch.equal(shown(1), shown(2))

    def test_without_reach_nothing_moves(self, features: Tensor) -> None:
        squares = Squares(torch.ones(()))
        Jittered(squares, 0).value_and_gradient(features)
        assert torch.equal(squares.shown[0], features)


class TestBounded:
    @pytest.mark.parametrize("bounds", [(0.0, 1.0), (-3.0, 5.0)])
    def test_known_values(self, bounds: tuple[float, float]) -> None:
        """The middle stays; far outside is the end; the slope in the middle is 1."""
        low, high = bounds
        middle = (low + high) / 2
        signal = torch.tensor([[[middle, 1e3, -1e3, middle + 0.01]]])
        shown = Bounded(Squares(torch.ones(())), bounds).show(signal).flatten()
        expected = torch.tensor([middle, high, low, middle + 0.01])
        torch.testing.assert_close(shown, expected, rtol=0, atol=1e-5)

    def test_gradient_is_what_autograd_finds(self, features: Tensor) -> None:
        squares = Squares(torch.randn(features.shape, dtype=torch.float64))
        evaluator = Bounded(squares, (-0.5, 1.5))
        costs, gradient = evaluator.value_and_gradient(features)
        leaf = features.clone().requires_grad_()
        shown = evaluator.show(leaf)
        value = (squares.weights * shown.square()).sum()
        torch.testing.assert_close(gradient, torch.autograd.grad(value, leaf)[0])
        assert costs.total == pytest.approx(value.item())
        torch.testing.assert_close(squares.shown[0], shown.detach())


def test_noise_is_that_of_the_evaluator() -> None:
    squares = Squares(torch.ones(()))
    assert Jittered(squares, 1).noise == Bounded(squares, (0, 1)).noise == 0.25
