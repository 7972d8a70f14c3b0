"""Convolution with kernels of three by three at a quarter of the multiplications."""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

LEAST_CHANNELS = 128  # with fewer, moving numbers takes longer than multiplying them
LEAST_NUMBERS = 2**16  # channels times positions: with fewer, reading the kernel takes longer
CHUNK_BYTES = 12 * 2**20  # of transformed tiles, which should stay in the processor's cache

_TILE, _STEP = 6, 4  # a tile sees 6 × 6 positions and says 4 × 4
_SIGNAL = (
    (4.0, 0.0, -5.0, 0.0, 1.0, 0.0),
    (0.0, -4.0, -4.0, 1.0, 1.0, 0.0),
    (0.0, 4.0, -4.0, -1.0, 1.0, 0.0),
    (0.0, -2.0, -1.0, 2.0, 1.0, 0.0),
    (0.0, 2.0, -1.0, -2.0, 1.0, 0.0),
    (0.0, 4.0, 0.0, -5.0, 0.0, 1.0),
)
_KERNEL = (
    (1 / 4, 0.0, 0.0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0.0, 0.0, 1.0),
)
_RESULT = (
    (1.0, 1.0, 1.0, 1.0, 1.0, 0.0),
    (0.0, 1.0, -1.0, 2.0, -2.0, 0.0),
    (0.0, 1.0, 1.0, 4.0, 4.0, 0.0),
    (0.0, 1.0, -1.0, 8.0, -8.0, 1.0),
)

_kernels: weakref.WeakKeyDictionary[nn.Conv2d, tuple[Tensor, int, Tensor]] = (
    weakref.WeakKeyDictionary()
)


def convolve(module: nn.Conv2d, x: Tensor) -> Tensor:
    """Convolve like the module does, in about half of the time where that can be had.

    That is on processors in single precision, with frozen kernels of three by three and many
    channels. It agrees with the module to some 2e-6 of the length of the result.

    Args:
        module: The convolution.
        x: Shape (b, c, h, w).
    Source:
        Lavin, Gray, arXiv:1509.09308, F(4 × 4, 3 × 3).
    """
    if not _pays(module) or x.dtype != torch.float32 or x.numel() < LEAST_NUMBERS:
        plain: Tensor = module(x)
        return plain
    bias = x.new_zeros(()) if module.bias is None else module.bias
    convolved: Tensor = _Winograd.apply(x, transformed(module), bias)  # type: ignore[no-untyped-call]
    return convolved


def kernel_bytes(modules: Iterable[nn.Module]) -> int:
    """Return how much memory the transformed kernels of modules take, once they are in use."""
    return sum(
        4 * _TILE**2 * own.in_channels * own.out_channels
        for own in modules
        if isinstance(own, nn.Conv2d) and _pays(own)
    )


def _pays(module: nn.Conv2d) -> bool:
    """Tell whether a convolution is one of those that are faster this way."""
    return (
        type(module) is nn.Conv2d
        and (module.kernel_size, module.stride, module.padding) == ((3, 3), (1, 1), (1, 1))
        and (module.dilation, module.groups, module.padding_mode) == ((1, 1), 1, "zeros")
        and min(module.in_channels, module.out_channels) >= LEAST_CHANNELS
        and not module.weight.requires_grad
        and (module.weight.device.type, module.weight.dtype) == ("cpu", torch.float32)
    )


def transformed(module: nn.Conv2d) -> Tensor:
    """Return what tiles are multiplied with, shape (36, c in, c out), made once for each module."""
    weight = module.weight
    own = _kernels.get(module)
    if own is None or own[0] is not weight or own[1] != weight._version:
        with torch.no_grad():
            sides = weight.new_tensor(_KERNEL)
            kernel = torch.einsum("ai,bj,ocij->abco", sides, sides, weight)
        own = (weight, weight._version, kernel.flatten(0, 1).contiguous())
        _kernels[module] = own
    return own[2]


class _Winograd(torch.autograd.Function):
    """Tiles are cut, transformed, multiplied with the transformed kernel, and transformed back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
        ctx.kernel, ctx.space = kernel, x.shape[2:]
        (b, c, h, w), out = x.shape, kernel.shape[2]
        down, across = -(-h // _STEP), -(-w // _STEP)
        more = (0, 0, 1, 1 + across * _STEP - w, 1, 1 + down * _STEP - h)
        padded = functional.pad(x.movedim(1, -1), more)
        whole = _empty(x, (b, out, down * _STEP, across * _STEP))
        result = whole.movedim(1, -1).view(b, down, _STEP, across, _STEP, out)
        signal, back = _twice(x, _SIGNAL), _twice(x, _RESULT)
        for first, count in _chunks(b, down, across, max(c, out)):
            rows = padded[:, _STEP * first : _STEP * (first + count) + 2]
            tiles = rows.unfold(1, _TILE, _STEP).unfold(2, _TILE, _STEP).permute(4, 5, 0, 1, 2, 3)
            seen = torch.mm(signal, tiles.reshape(_TILE**2, -1)).view(_TILE**2, -1, c)
            told = torch.mm(back, torch.bmm(seen, kernel).view(_TILE**2, -1))
            said = told.view(_STEP, _STEP, b, count, across, out).add_(bias)
            result[:, first : first + count] = said.permute(2, 3, 0, 4, 1, 5)
        return whole if whole.shape[2:] == (h, w) else _part(whole, 0, h, w)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        kernel, (h, w) = ctx.kernel.mT, ctx.space
        b, out, c = gradient.shape[0], kernel.shape[1], kernel.shape[2]
        down, across = -(-h // _STEP), -(-w // _STEP)
        more = (0, 0, 0, across * _STEP - w, 0, down * _STEP - h)
        whole = functional.pad(gradient.movedim(1, -1), more)
        whole = whole.view(b, down, _STEP, across, _STEP, out)
        # what two tiles see lies in the first two positions of the later one
        all_seen = _empty(gradient, (b, c, (down + 1) * _STEP, (across + 1) * _STEP)).zero_()
        result = all_seen.movedim(1, -1).view(b, down + 1, _STEP, across + 1, _STEP, c)
        signal, back = _twice(gradient, _SIGNAL).T, _twice(gradient, _RESULT).T
        for first, count in _chunks(b, down, across, max(c, out)):
            said = whole[:, first : first + count].permute(2, 4, 0, 1, 3, 5)
            told = torch.mm(back, said.reshape(_STEP**2, -1)).view(_TILE**2, -1, out)
            seen = torch.mm(signal, torch.bmm(told, kernel).view(_TILE**2, -1))
            tiles = seen.view(_TILE, _TILE, b, count, across, c).permute(2, 3, 0, 4, 1, 5)
            for later_row, rows in enumerate((slice(0, _STEP), slice(_STEP, _TILE))):
                for later_column, columns in enumerate((slice(0, _STEP), slice(_STEP, _TILE))):
                    result[
                        :,
                        first + later_row : first + later_row + count,
                        : rows.stop - rows.start,
                        later_column : later_column + across,
                        : columns.stop - columns.start,
                    ] += tiles[:, :, rows, :, columns]
        return _part(all_seen, 1, h, w), None, None


def _empty(like: Tensor, shape: tuple[int, ...]) -> Tensor:
    return torch.empty(shape, dtype=like.dtype, memory_format=torch.channels_last)


def _part(whole: Tensor, first: int, h: int, w: int) -> Tensor:
    """Return a copy of a rectangle, which may be changed in place as a view may not."""
    part = whole[:, :, first : first + h, first : first + w]
    return part.clone(memory_format=torch.channels_last)


def _twice(like: Tensor, matrix: tuple[tuple[float, ...], ...]) -> Tensor:
    """Return a transform of one axis as one of both."""
    own = like.new_tensor(matrix)
    return torch.kron(own, own)


def _chunks(b: int, down: int, across: int, channels: int) -> list[tuple[int, int]]:
    """Cut rows of tiles into chunks; return where each begins, and how many it has."""
    row = 4 * _TILE**2 * b * across * channels
    count = max(1, min(down, CHUNK_BYTES // row))
    return [(first, min(count, down - first)) for first in range(0, down, count)]
