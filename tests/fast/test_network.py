from __future__ import annotations

import pytest
import torch
from torch.nn import functional

from impasto.fast.network import Layout, Stage, TransformNetwork


def test_an_enlarged_picture_is_convolved_as_if_it_had_been_made() -> None:
    stage = Stage(2, 3, enlarged=True)
    x = torch.randn(2, 2, 5, 4)
    large = functional.pad(functional.interpolate(x, scale_factor=2), [1] * 4, mode="reflect")
    torch.testing.assert_close(stage(x), functional.conv2d(large, stage.conv.weight))
    assert (stage.length(5), stage.length(4)) == (10, 8)


def test_a_code_scales_and_shifts_what_is_normalized() -> None:
    """One position-wise stage, worked by hand."""
    network = TransformNetwork(Layout(1, (1, 1), blocks=0, window=1))
    scales = network.parts(torch.tensor([[0.5, 2.0, 0.0, 0.0, 0.0, 0.0]]))
    assert [float(own) for own in scales[0]] == [1.5, 2.0]
    assert [float(own) for own in scales[1]] == [1.0, 0.0]


@pytest.mark.parametrize(
    ("layout", "least"), [(Layout(), 16), (Layout(1, (4, 4), 1, 9), 5), (Layout(1, (4,) * 4), 16)]
)
def test_the_least_side_can_be_painted(layout: Layout, least: int) -> None:
    network = TransformNetwork(layout)
    assert network.least == least
    code = torch.zeros(1, network.code_length)
    assert network(torch.rand(1, 3, 2, 3), code).shape == (1, 3, 2, 3)


def test_at_first_the_pixels_of_a_square_are_alike() -> None:
    network = TransformNetwork(Layout(2, (4, 4), blocks=1))
    painted = network(torch.rand(1, 3, 20, 24), torch.randn(1, network.code_length))
    squares = functional.pixel_unshuffle(painted, 2).unflatten(1, (3, 4))
    torch.testing.assert_close(squares, squares[:, :, :1].expand_as(squares))
    assert float(painted.detach().std()) > 0.01


def test_gradients_reach_every_weight_and_the_code() -> None:
    network = TransformNetwork(Layout(2, (4, 4), blocks=1))
    code = torch.zeros(1, network.code_length, requires_grad=True)
    network(torch.rand(1, 3, 20, 20), code).square().sum().backward()
    assert code.grad is not None
    assert all(own.grad is not None and bool(own.grad.any()) for own in network.parameters())
