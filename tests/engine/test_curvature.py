from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.engine.curvature import Curvature


def two_loops(pairs: list[tuple[Tensor, Tensor]], gradient: Tensor) -> Tensor:
    """Nocedal and Wright, algorithm 7.4."""
    factors = []
    for step, change in reversed(pairs):
        alpha = (step @ gradient) / (step @ change)
        gradient = gradient - alpha * change
        factors.append(alpha)
    step, change = pairs[-1]
    product = gradient * (step @ change) / (change @ change)
    for (step, change), alpha in zip(pairs, reversed(factors), strict=True):
        product = product + step * (alpha - (change @ product) / (step @ change))
    return product


def some_pairs(count: int, seed: int = 0) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
    """Steps on a random quadratic with the changes of its gradient, and a gradient."""
    dice = torch.Generator().manual_seed(seed)
    root = torch.randn(12, 12, dtype=torch.float64, generator=dice)
    hessian = root @ root.T + torch.eye(12).double()
    steps = torch.randn(count, 12, dtype=torch.float64, generator=dice)
    pairs = [(step, hessian @ step) for step in steps]
    return pairs, torch.randn(12, dtype=torch.float64, generator=dice)


@given(memory=st.integers(1, 8), count=st.integers(1, 20), seed=st.integers(0, 99))
def test_agrees_with_the_two_loops(memory: int, count: int, seed: int) -> None:
    pairs, gradient = some_pairs(count, seed)
    curvature = Curvature(memory)
    for step, change in pairs:
        curvature.learn(step.view(1, 3, 4), change.view(1, 3, 4))
    product = curvature.inverse_times(gradient.view(1, 3, 4))
    torch.testing.assert_close(product.flatten(), two_loops(pairs[-memory:], gradient))


def test_fulfils_the_secant_equation() -> None:
    pairs, _ = some_pairs(9)
    curvature = Curvature(4)
    for step, change in pairs:
        curvature.learn(step, change)
    torch.testing.assert_close(curvature.inverse_times(pairs[-1][1]), pairs[-1][0])


def test_negative_curvature_is_not_learned() -> None:
    curvature = Curvature(3)
    curvature.learn(torch.ones(4), -torch.ones(4))
    curvature.learn(torch.ones(4), torch.zeros(4))
    assert curvature.count == 0
    with pytest.raises(ValueError, match="Nothing is known"):
        curvature.inverse_times(torch.ones(4))


@pytest.mark.parametrize("count", [0, 2, 5, 8])
def test_goes_on_from_its_state_with_the_same_rounding(count: int) -> None:
    pairs, gradient = some_pairs(count + 3)
    whole, halves = Curvature(5), Curvature(5)
    for step, change in pairs[:count]:
        whole.learn(step, change)
        halves.learn(step, change)
    resumed = Curvature(5)
    resumed.load(halves.state())
    for step, change in pairs[count:]:
        whole.learn(step, change)
        resumed.learn(step, change)
        assert torch.equal(whole.inverse_times(gradient), resumed.inverse_times(gradient))
