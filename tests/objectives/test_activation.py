from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck

from impasto.objectives.activation import Activation, central, everywhere
from impasto.objectives.objective import Term

UNITS = torch.tensor([2, 0])


def test_known_value() -> None:
    features = torch.arange(2 * 3 * 2.0).view(2, 3, 2)  # unit 2 of the first: 4, 5
    term = Activation("conv1", UNITS, torch.tensor([1.0, 0.5]), scale=2.0)
    assert term.statistic(features).tolist() == [4 + 2.5, 6 + 3.5]
    assert term.cost(term.statistic(features)).tolist() == [-13, -19]
    assert term.name == "activation:conv1"


def test_mean_of_the_map(features: Tensor) -> None:
    space = tuple(features.shape[2:])
    found = Activation("conv1", UNITS, everywhere(space)).statistic(features)
    torch.testing.assert_close(found, torch.stack([features[0, 2].mean(), features[1, 0].mean()]))


@pytest.mark.parametrize(("length", "middle"), [(1, 0), (2, 1), (3, 1), (6, 3)])
def test_middle_of_the_map(length: int, middle: int, space: tuple[int, ...]) -> None:
    others = space[1:]
    features = torch.randn(1, 1, length, *others)
    weights = central((length, *others))
    found = Activation("conv1", torch.tensor([0]), weights).statistic(features)
    assert found.tolist() == [features[(0, 0, middle, *(n // 2 for n in others))]]


def test_gradient(features: Tensor) -> None:
    weights = torch.rand(features.shape[2:], dtype=torch.float64)
    term = Activation("conv1", UNITS, weights, scale=0.3)
    assert gradcheck(lambda x: term.cost(term.statistic(x)), features.requires_grad_())


def test_pull_is_what_autograd_finds(features: Tensor) -> None:
    term = Activation("conv1", UNITS, torch.rand(features.shape[2:], dtype=torch.float64))
    cotangent = torch.randn(2, dtype=torch.float64)
    found, expected = torch.ones_like(features), torch.ones_like(features)
    term.pull(features, cotangent, found)
    Term.pull(term, features, cotangent, expected)
    torch.testing.assert_close(found, expected)


def test_sums_in_float32_over_half_precision() -> None:
    features = torch.ones(1, 1, 1000, dtype=torch.bfloat16)
    term = Activation("conv1", torch.tensor([0]), torch.ones(1000))
    assert term.statistic(features).dtype == torch.float32
    assert term.statistic(features).tolist() == [1000]
    gradient = torch.zeros_like(features)
    term.pull(features, torch.tensor([-0.5]), gradient)
    assert gradient.unique().tolist() == [-0.5]


@given(st.data())
def test_adds_up_over_tiles(data: st.DataObject) -> None:
    space = data.draw(st.lists(st.integers(2, 5), min_size=1, max_size=3).map(tuple))
    axis = data.draw(st.integers(0, len(space) - 1))
    at = data.draw(st.integers(1, space[axis] - 1))
    features = torch.randn(2, 3, *space, dtype=torch.float64)
    term = Activation("conv1", UNITS, torch.rand(space, dtype=torch.float64))
    sums = []
    for part in (slice(0, at), slice(at, space[axis])):
        where = [slice(0, length) for length in space]
        where[axis] = part
        sums.append(term.crop(tuple(where)).statistic(features[(..., *where)]))
    torch.testing.assert_close(sums[0] + sums[1], term.statistic(features))
