from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck

from impasto.objectives.gram import gram, guided_gram
from impasto.objectives.masks import guides
from impasto.objectives.objective import Term
from impasto.objectives.style import GuidedStyle, Style, mean_gram, mix
from impasto.signal import cut


def whole_cost(term: Term, features: Tensor) -> Tensor:
    return term.cost(term.statistic(features))


def some_style(axes: int, channels: int = 3) -> Tensor:
    """Features of a style, float64."""
    return torch.randn(1, channels, *(7, 5, 2)[:axes], dtype=torch.float64)


def plain(features: Tensor, style: Tensor, *, scale: float = 1.0) -> Style:
    positions = math.prod(features.shape[2:])
    return Style("relu1_1", mean_gram(style), positions=positions, scale=scale)


def guided(features: Tensor, style: Tensor, *, scale: float = 1.0) -> GuidedStyle:
    """Two overlapping regions of features and style."""
    maps = guides(torch.rand(2, *features.shape[2:]).double(), tuple(features.shape[2:]))
    over = tuple(style.shape[2:])
    on_style = guides(torch.rand(2, *over).double(), over)
    return GuidedStyle(
        "relu1_1",
        maps,
        guided_gram(style, on_style)[0],
        shares=torch.tensor([0.3, 0.7]),
        scale=torch.tensor([scale, 2 * scale]),
    )


class TestStyle:
    def test_known_value(self) -> None:
        # G = [[5, 11], [11, 25]] over 2 positions; the mean Gram matrix of the style is the unit
        # matrix: (2.5 - 1)² + 2 · 5.5² + (12.5 - 1)² = 195, of which a tenth
        term = Style("relu1_1", torch.eye(2), positions=2, scale=0.1)
        features = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
        torch.testing.assert_close(whole_cost(term, features), torch.tensor([19.5]))
        assert (term.kind, term.name) == ("style", "style:relu1_1")

    def test_is_zero_for_the_style_however_large(self, features: Tensor) -> None:
        larger = torch.cat([features] * 3, dim=-1)
        costs = whole_cost(plain(larger, features[:1]), larger)
        assert costs[0] < 1e-20
        assert costs[1] > 1e-2

    def test_gradient(self, features: Tensor) -> None:
        term = plain(features, some_style(features.ndim - 2), scale=0.3)
        assert gradcheck(lambda x: whole_cost(term, x), features.requires_grad_())

    def test_target_gets_no_gradient(self, features: Tensor) -> None:
        style = some_style(features.ndim - 2).requires_grad_()
        assert not whole_cost(plain(features, style), features).requires_grad


class TestGuidedStyle:
    def test_known_value(self) -> None:
        # region 0 is the first position, region 1 the second; targets 0 and the unit matrix:
        # 0.25 · (1 + 3² + 3² + 9²) + 0.75 · 2 · ((4 - 1)² + 8² + 8² + (16 - 1)²)
        term = GuidedStyle(
            "relu1_1",
            torch.eye(2),
            torch.stack([torch.zeros(2, 2), torch.eye(2)]),
            shares=torch.tensor([0.25, 0.75]),
            scale=torch.tensor([1.0, 2.0]),
        )
        features = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
        torch.testing.assert_close(whole_cost(term, features), torch.tensor([568.0]))
        assert (term.kind, term.name) == ("style", "style:relu1_1")

    def test_one_region_that_covers_everything_changes_nothing(self, features: Tensor) -> None:
        style, space = some_style(features.ndim - 2), tuple(features.shape[2:])
        everywhere = guides(torch.ones(1, *space), space).double()
        over = tuple(style.shape[2:])
        over_style = guides(torch.ones(1, *over), over).double()
        term = GuidedStyle(
            "relu1_1",
            everywhere,
            guided_gram(style, over_style)[0],
            shares=torch.ones(1),
            scale=torch.tensor([0.25]),
        )
        expected = whole_cost(plain(features, style, scale=0.25), features)
        torch.testing.assert_close(whole_cost(term, features), expected, rtol=1e-6, atol=0)

    def test_a_region_cares_for_its_own_positions_only(self) -> None:
        left = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
        term = GuidedStyle(
            "a", left, torch.zeros(1, 2, 2), shares=torch.ones(1), scale=torch.ones(1)
        )
        features = torch.randn(1, 2, 4, requires_grad=True)
        (gradient,) = torch.autograd.grad(whole_cost(term, features).sum(), features)
        assert bool((gradient[..., :2] != 0).all())
        assert bool((gradient[..., 2:] == 0).all())

    def test_gradient(self, features: Tensor) -> None:
        term = guided(features, some_style(features.ndim - 2), scale=0.3)
        assert gradcheck(lambda x: whole_cost(term, x), features.requires_grad_())


class TestMix:
    @pytest.mark.parametrize("weights", [[0.7, 0.3], [7.0, 3.0]])
    def test_known_value(self, weights: list[float]) -> None:
        mixed = mix([torch.eye(2), torch.full((2, 2), 2.0)], weights)
        torch.testing.assert_close(mixed, torch.tensor([[1.3, 0.6], [0.6, 1.3]]))

    def test_one_target_is_kept(self) -> None:
        assert torch.equal(mix([torch.eye(3)], [0.2]), torch.eye(3))

    def test_gradient_is_that_of_the_separate_costs(self, features: Tensor) -> None:
        targets = [mean_gram(some_style(features.ndim - 2)) for _ in range(3)]
        weights = [0.5, 0.25, 0.25]  # exact in float32
        positions = math.prod(features.shape[2:])
        features.requires_grad_()

        def gradient(target: Tensor) -> Tensor:
            term = Style("a", target, positions=positions)
            return torch.autograd.grad(whole_cost(term, features).sum(), features)[0]

        separate = sum(w * gradient(t) for w, t in zip(weights, targets, strict=True))
        torch.testing.assert_close(gradient(mix(targets, weights)), separate)


@given(st.data())
def test_statistics_of_crops_add_up(data: st.DataObject) -> None:
    space = data.draw(st.lists(st.integers(2, 5), min_size=1, max_size=3), label="space")
    cuts = [data.draw(st.integers(0, length), label="cut") for length in space]
    features = torch.randn(2, 3, *space, dtype=torch.float64)
    sides = [(slice(0, at), slice(at, n)) for at, n in zip(cuts, space, strict=True)]
    style = some_style(len(space))
    for term in (plain(features, style), guided(features, style)):
        tiles = [term.crop(where).statistic(cut(features, where)) for where in product(*sides)]
        torch.testing.assert_close(sum(tiles), term.statistic(features))


def test_costs_of_crops_are_those_of_the_whole(features: Tensor) -> None:
    """The statistic of the whole can be handed to any of them."""
    where = tuple(slice(1, length) for length in features.shape[2:])
    style = some_style(features.ndim - 2)
    for term in (plain(features, style), guided(features, style, scale=0.3)):
        statistic = term.statistic(features)
        assert torch.equal(term.crop(where).cost(statistic), term.cost(statistic))
        assert term.crop(where).name == term.name


def test_mean_gram_is_the_gram_by_position(features: Tensor) -> None:
    positions = math.prod(features.shape[2:])
    torch.testing.assert_close(mean_gram(features[:1]) * positions, gram(features)[0])
