from __future__ import annotations

from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck

from impasto.errors import ShapeError
from impasto.objectives.content import Content
from impasto.signal import cut


def test_known_value() -> None:
    target = torch.tensor([[[0.0, 2.0], [1.0, 1.0]]])
    features = torch.tensor([[[1.0, 2.0], [3.0, 4.0]]])
    term = Content("relu4_2", target, scale=0.5)
    assert term.statistic(features).tolist() == [1 + 0 + 4 + 9]
    assert term.cost(term.statistic(features)).tolist() == [7]
    assert (term.kind, term.name) == ("content", "content:relu4_2")


def test_is_zero_at_the_target_only(features: Tensor) -> None:
    costs = Content("a", features[:1]).statistic(features)
    assert costs[0] == 0
    assert costs[1] > 0


def test_gradient(features: Tensor) -> None:
    term = Content("a", torch.randn_like(features[:1]), scale=0.3)
    assert gradcheck(lambda x: term.cost(term.statistic(x)), features.requires_grad_())


def test_target_gets_no_gradient(features: Tensor) -> None:
    target = torch.zeros_like(features[:1], requires_grad=True)
    assert not Content("a", target).statistic(features).requires_grad


def test_half_precision_features_are_compared_in_float32() -> None:
    features = torch.full((1, 1, 1000), 1.5, dtype=torch.bfloat16)
    statistic = Content("a", torch.zeros_like(features)).statistic(features)
    assert statistic.dtype == torch.float32
    assert statistic.item() == 2250


def test_another_shape_is_an_error(features: Tensor) -> None:
    with pytest.raises(ShapeError, match="at relu3_1 have shape"):
        Content("relu3_1", features[:1, :, :-1]).statistic(features)


@given(st.data())
def test_crops_add_up(data: st.DataObject) -> None:
    space = data.draw(st.lists(st.integers(2, 5), min_size=1, max_size=3), label="space")
    cuts = [data.draw(st.integers(0, length), label="cut") for length in space]
    features, target = torch.randn(2, 2, 3, *space, dtype=torch.float64)
    term = Content("a", target[:1], scale=0.3)
    sides = [(slice(0, at), slice(at, n)) for at, n in zip(cuts, space, strict=True)]
    tiles = [term.crop(where).statistic(cut(features, where)) for where in product(*sides)]
    torch.testing.assert_close(sum(tiles), term.statistic(features))


def test_crop_keeps_the_rest(features: Tensor) -> None:
    term = Content("relu3_1", features[:1], scale=0.3)
    where = (slice(1, 3), *[slice(0, 1)] * (features.ndim - 3))
    part = term.crop(where)
    assert (part.layer, part.scale, part.name) == ("relu3_1", 0.3, "content:relu3_1")
    assert part.statistic(cut(features, where))[0] == 0
    with pytest.raises(ShapeError, match="at relu3_1 have shape"):
        part.statistic(features)
    assert term.statistic(features)[0] == 0
