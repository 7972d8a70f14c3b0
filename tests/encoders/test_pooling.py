from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch import Tensor, nn

from impasto.encoders.pooling import max_pool

LAYOUTS = (torch.channels_last, torch.contiguous_format)


def there_and_back(pool: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    leaf = x.detach().requires_grad_()
    pooled = pool(leaf)
    weights = torch.arange(pooled.numel(), dtype=x.dtype).view_as(pooled)
    return pooled, torch.autograd.grad(pooled, leaf, weights)[0]


@given(
    shape=some.tuples(*(some.integers(1, n) for n in (2, 3, 9, 9))),
    kernel=some.tuples(some.integers(1, 3), some.integers(1, 3)),
    layout=some.sampled_from(LAYOUTS),
)
def test_is_the_module(
    shape: tuple[int, ...], kernel: tuple[int, int], layout: torch.memory_format
) -> None:
    x = torch.randn(shape, dtype=torch.float64).contiguous(memory_format=layout)
    module = nn.MaxPool2d(kernel)
    if shape[2] < kernel[0] or shape[3] < kernel[1]:
        with pytest.raises(RuntimeError, match="too small"):
            max_pool(module, x)
        return
    for own, expected in zip(
        there_and_back(lambda leaf: max_pool(module, leaf), x),
        there_and_back(module, x),
        strict=True,
    ):
        assert torch.equal(own, expected)


@pytest.mark.parametrize(
    "settings",
    [
        {"kernel_size": 3, "stride": 2},
        {"kernel_size": 2, "padding": 1},
        {"kernel_size": 2, "ceil_mode": True},
        {"kernel_size": 2, "stride": 2, "dilation": 2},
        {"kernel_size": (2, 3), "stride": (2, 1)},
    ],
)
def test_windows_of_all_kinds(settings: dict[str, Any]) -> None:
    module = nn.MaxPool2d(**settings)
    x = torch.randn(2, 3, 11, 9).contiguous(memory_format=torch.channels_last)
    own, back = there_and_back(lambda leaf: max_pool(module, leaf), x)
    expected, slope = there_and_back(module, x)
    assert torch.equal(own, expected)
    torch.testing.assert_close(back, slope)


def test_moves_nothing_in_memory() -> None:
    x = torch.randn(1, 8, 6, 10).contiguous(memory_format=torch.channels_last)
    pooled = max_pool(nn.MaxPool2d(2), x)
    assert pooled.is_contiguous(memory_format=torch.channels_last)
