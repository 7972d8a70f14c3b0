from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.encoders import Normalize
from impasto.encoders.front_end import caffe_pixels, torchvision_pixels

RED, WHITE, BLACK = (1.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0)


def signal(color: tuple[float, ...], *space: int) -> Tensor:
    return torch.tensor(color).view(1, -1, *[1] * len(space)).expand(1, -1, *space)


@pytest.mark.parametrize(
    ("front_end", "color", "expected"),
    [
        # blue, green, red
        (caffe_pixels(), BLACK, (-103.939, -116.779, -123.68)),
        (caffe_pixels(), RED, (-103.939, -116.779, 131.32)),
        (caffe_pixels(), WHITE, (151.061, 138.221, 131.32)),
        # red, green, blue
        (torchvision_pixels(), BLACK, (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225)),
        (torchvision_pixels(), RED, (0.515 / 0.229, -0.456 / 0.224, -0.406 / 0.225)),
        (torchvision_pixels(), WHITE, (0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225)),
        # y = (x[order] · scale - mean) / deviation
        (Normalize((1, 0), 10, (1, 2), (2, 4)), (0.5, 0.25), ((2.5 - 1) / 2, (5 - 2) / 4)),
        (Normalize((0, 0), 1, (0, 1), (1, 1)), (0.5,), (0.5, -0.5)),
    ],
)
def test_known_values(
    front_end: Normalize,
    color: tuple[float, ...],
    expected: tuple[float, ...],
    space: tuple[int, ...],
) -> None:
    torch.testing.assert_close(front_end(signal(color, *space)), signal(expected, *space))


@pytest.mark.parametrize("front_end", [caffe_pixels(), torchvision_pixels()])
def test_half_precision_networks_get_full_precision_pixels(front_end: Normalize) -> None:
    pixels = torch.rand(1, 3, 4, 4)
    expected = front_end(pixels)
    assert torch.equal(front_end.to(torch.bfloat16)(pixels), expected)


def test_gradient_is_the_gain() -> None:
    pixels = torch.rand(1, 3, 2, 2, requires_grad=True)
    (gradient,) = torch.autograd.grad(caffe_pixels()(pixels).sum(), pixels)
    assert bool((gradient == 255).all())
