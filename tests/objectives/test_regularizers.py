from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck

from impasto.objectives.regularizers import Bounds, TotalVariation


class TestTotalVariation:
    def test_known_value(self) -> None:
        picture = torch.tensor([[[[0.0, 0.5], [1.0, 0.25]]]])
        # |dx|: 0.5 + 0.75, |dy|: 1 + 0.25
        term = TotalVariation(scale=255.0)
        assert term.statistic(picture).tolist() == [2.5]
        assert term.cost(term.statistic(picture)).tolist() == [637.5]
        assert (term.name, term.layer) == ("tv", None)

    def test_counts_every_axis_and_channel(self, space: tuple[int, ...]) -> None:
        for axis, length in enumerate(space):
            ramp = torch.arange(float(length)).view(-1, *[1] * (len(space) - axis - 1))
            rows = torch.tensor(space).prod() // length
            total = TotalVariation().statistic(ramp.expand(1, 3, *space))
            assert total.tolist() == [3 * rows * (length - 1)]

    def test_axes_of_one_sample_do_not_vary(self) -> None:
        assert TotalVariation().statistic(torch.rand(2, 3, 1, 1)).tolist() == [0, 0]

    def test_gradient(self, space: tuple[int, ...]) -> None:
        samples = torch.randperm(2 * torch.tensor(space).prod()).double()  # far from the kinks
        samples = samples.view(1, 2, *space).requires_grad_()
        term = TotalVariation(scale=0.3)
        assert gradcheck(lambda x: term.cost(term.statistic(x)), samples)


class TestBounds:
    def test_known_value(self) -> None:
        samples = torch.tensor([[[-1.0, 0.0, 0.5, 1.0, 3.0]]])
        term = Bounds(scale=0.5)
        assert term.statistic(samples).tolist() == [1 + 4]
        assert term.cost(term.statistic(samples)).tolist() == [2.5]
        assert Bounds(low=-1, high=1).statistic(samples).tolist() == [4]
        assert (term.name, term.layer) == ("bounds", None)

    def test_gradient(self, features: Tensor) -> None:
        term = Bounds(low=-0.5, high=0.5, scale=0.3)
        assert gradcheck(lambda x: term.cost(term.statistic(x)), features.requires_grad_())

    @given(st.data())
    def test_adds_up_over_tiles(self, data: st.DataObject) -> None:
        space = data.draw(st.lists(st.integers(2, 5), min_size=1, max_size=3), label="space")
        axis = data.draw(st.integers(2, len(space) + 1), label="axis")
        cut = data.draw(st.integers(1, space[axis - 2] - 1), label="cut")
        samples = torch.randn(2, 3, *space, dtype=torch.float64)
        tiles = [Bounds().statistic(tile) for tile in samples.tensor_split([cut], axis)]
        torch.testing.assert_close(sum(tiles), Bounds().statistic(samples))


@pytest.mark.parametrize("term", [TotalVariation(), Bounds()])
def test_each_of_a_batch_has_its_own_cost(term: TotalVariation | Bounds, features: Tensor) -> None:
    statistics = term.statistic(features)
    assert statistics.shape == (2,)
    torch.testing.assert_close(statistics[1:], term.statistic(features[1:]))
