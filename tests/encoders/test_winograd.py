from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch import Tensor, nn

from impasto.encoders import winograd
from impasto.encoders.winograd import convolve, kernel_bytes, transformed


def frozen(wide_in: int, wide_out: int, **changes: Any) -> nn.Conv2d:
    given_: dict[str, Any] = {"kernel_size": 3, "padding": 1, **changes}
    return nn.Conv2d(wide_in, wide_out, **given_).requires_grad_(False)


def there_and_back(convolution: Any, x: Tensor) -> tuple[Tensor, Tensor]:
    leaf = x.detach().requires_grad_()
    result = convolution(leaf)
    noise = torch.Generator().manual_seed(1)
    weights = torch.randn(result.shape, generator=noise)
    return result, torch.autograd.grad(result, leaf, weights)[0]


def distance(one: Tensor, other: Tensor) -> float:
    return float(((one - other).norm() / other.norm()).detach())


@settings(deadline=None, max_examples=30)
@given(
    shape=some.tuples(*(some.integers(1, high) for high in (3, 19, 19))),
    bias=some.booleans(),
    rows=some.integers(1, 9),
)
def test_is_the_module(shape: tuple[int, ...], bias: bool, rows: int) -> None:
    """Whatever the size, and however many chunks it is cut into."""
    batch, height, width = shape
    module = frozen(128, 130, bias=bias)
    x = torch.randn(batch, 128, height, width).contiguous(memory_format=torch.channels_last)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(winograd, "LEAST_NUMBERS", 1)
        patch.setattr(winograd, "CHUNK_BYTES", rows * 4 * 36 * batch * -(-width // 4) * 130)
        own, back = there_and_back(lambda leaf: convolve(module, leaf), x)
    exact = module.double()
    expected, slope = there_and_back(lambda leaf: exact(leaf.double()).float(), x)
    assert distance(own, expected) < 1e-5
    assert distance(back, slope) < 1e-5
    assert own.is_contiguous(memory_format=torch.channels_last)
    assert back.is_contiguous(memory_format=torch.channels_last)


def test_the_result_may_change_in_place() -> None:
    x = torch.randn(1, 128, 29, 18, requires_grad=True)
    result = convolve(frozen(128, 128), x)
    result.relu_().sum().backward()
    assert x.grad is not None


@pytest.mark.parametrize(
    "module",
    [
        frozen(64, 128),
        frozen(128, 64),
        frozen(128, 128, stride=2),
        frozen(128, 128, padding=0),
        frozen(128, 128, padding="same"),
        frozen(128, 128, kernel_size=5, padding=1),
        frozen(128, 128, dilation=2),
        frozen(128, 128, groups=2),
        frozen(128, 128, padding_mode="reflect"),
        frozen(128, 128).requires_grad_(True),
        frozen(128, 128).bfloat16(),
    ],
    ids=lambda module: f"{module!r} {module.weight.requires_grad} {module.weight.dtype}",
)
def test_others_are_left_to_torch(module: nn.Conv2d) -> None:
    x = torch.randn(4, module.in_channels, 16, 16, dtype=module.weight.dtype)
    assert torch.equal(convolve(module, x), module(x))
    assert kernel_bytes([module]) == 0


def test_small_pictures_are_left_to_torch() -> None:
    module, x = frozen(128, 128), torch.randn(1, 128, 22, 23)
    assert torch.equal(convolve(module, x), module(x))


def test_kernels_are_transformed_once_and_again_when_they_change() -> None:
    module = frozen(128, 129)
    first = transformed(module)
    assert transformed(module) is first
    assert kernel_bytes([module, nn.ReLU()]) == first.numel() * first.element_size()
    with torch.no_grad():
        module.weight.mul_(2)
    torch.testing.assert_close(transformed(module), 2 * first)
    module.weight = nn.Parameter(module.weight * 2, requires_grad=False)
    torch.testing.assert_close(transformed(module), 4 * first)
