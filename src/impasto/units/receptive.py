"""Receptive fields: which samples of the input a unit sees, along each axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakTensorKeyDictionary

from impasto.encoders.encoder import Chain, Encoder
from impasto.encoders.window import Range, Window
from impasto.signal import Space


@dataclass(frozen=True)
class Field:
    """What the positions of a layer see along one axis.

    Attributes:
        size: Samples that a position sees.
        stride: Samples between what neighboring positions see.
        offset: First sample that position 0 sees; below 0 in the padding.
        whole: Whether every position counts as seeing all samples: as behind a global pooling, or
            where what it sees depends on how many there are, as behind an adaptive one.
    Source:
        Araujo, Norris, Sim, "Computing receptive fields of convolutional neural networks",
        Distill 2019, eq. 2 and 4.
    """

    size: int = 1
    stride: int = 1
    offset: int = 0
    whole: bool = False

    def through(self, window: Window) -> Field:
        """Return the field behind a convolution or a pooling."""
        return replace(
            self,
            size=self.size + (window.size - 1) * self.stride,
            stride=self.stride * window.stride,
            offset=self.offset - window.padding * self.stride,
        )

    def joined(self, other: Field) -> Field:
        """Return what a position sees that reads two layers at the same place."""
        if self.whole or other.whole or self.stride != other.stride:
            return WHOLE
        start = min(self.offset, other.offset)
        end = max(self.offset + self.size, other.offset + other.size)
        return Field(end - start, self.stride, start)

    def box(self, position: int, length: int) -> tuple[Range, bool]:
        """Return the samples that a position sees of an axis, and whether the border clips them."""
        if self.whole:
            return (0, length), False
        start = self.offset + position * self.stride
        end = start + self.size
        return (max(start, 0), min(end, length)), start < 0 or end > length


WHOLE = Field(whole=True)
Fields = tuple[Field, ...]


def receptive_fields(
    encoder: Encoder, layers: Iterable[str], space: Space, *, channels: int = 3
) -> dict[str, Fields]:
    """Return for each layer what its units see along each axis.

    Of a chain of modules the windows tell. Any other network is run once, and every operator that
    it calls is followed, however it comes to call it: residual additions, concatenations, modules
    used twice and functions included. What stands behind an operator that mixes all positions sees
    everything, and so does what stands behind adaptive pooling, whose windows depend on the space:
    in a part of a signal they would lie elsewhere.

    Args:
        encoder: The network.
        layers: Names of layers.
        space: A size of input that the network takes.
        channels: Channels of the input.
    Raises:
        UsageError: If there is no layer of that name.
    """
    wanted = encoder.check(layers)
    if isinstance(encoder, Chain) and encoder.windowed:
        fields, found = (Field(),) * encoder.axes, {}
        for name, of_axis in encoder.windows.items():
            fields = tuple(f.through(w) for f, w in zip(fields, of_axis, strict=True))
            found[name] = fields
        return {name: found[name] for name in wanted}
    signal = torch.zeros(1, channels, *space, device=encoder.device)
    with torch.no_grad(), _Follower(signal) as follower:
        features = encoder(signal, wanted)
    return {name: follower.fields_of(own) for name, own in features.items()}


class _Follower(TorchDispatchMode):
    """Follows a signal through all operators of torch.

    Of each tensor that depends on the signal it knows the field along each axis but the first two,
    or None if its positions are no longer those of a map.
    """

    def __init__(self, signal: Tensor) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.axes = signal.ndim - 2
        self._known = WeakTensorKeyDictionary()
        self._known[signal] = (Field(),) * self.axes

    def fields_of(self, features: Tensor) -> Fields:
        """Return the fields of a tensor; one that does not depend on the signal sees nothing."""
        fields: Fields | None = self._known.get(features, (Field(size=0),) * self.axes)
        return (WHOLE,) * self.axes if fields is None else fields

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Any = None
    ) -> Any:
        made = func(*args, **(kwargs or {}))
        read = [arg for arg in tree_leaves((args, kwargs)) if self._follows(arg)]
        if read:
            fields = self._behind(func, args, read)
            for own in tree_leaves(made):
                if isinstance(own, Tensor):
                    self._known[own] = fields
        return made

    def _follows(self, value: Any) -> bool:
        return isinstance(value, Tensor) and value in self._known

    def _behind(self, func: Any, args: Sequence[Any], read: list[Tensor]) -> Fields | None:
        """Return the fields of what an operator makes."""
        fields = [self._known[arg] for arg in read]
        if any(own is None for own in fields) or len({arg.shape[2:] for arg in read}) > 1:
            return None
        joined = tuple(reduce(Field.joined, of_axis) for of_axis in zip(*fields, strict=True))
        name = func.overloadpacket.__name__
        if torch.Tag.pointwise in func.tags or name in _STAYING:
            return joined
        move = _MOVES.get(name)
        return move(args, joined) if move else None


Move = Callable[[Sequence[Any], Fields], Fields | None]

_STAYING = {  # whose positions each read the same position
    *("clone", "detach", "alias", "_to_copy", "copy_", "channel_shuffle", "native_dropout"),
    *("native_batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm"),
}


def _through(fields: Fields, windows: Iterable[Window]) -> Fields:
    return tuple(f.through(window) for f, window in zip(fields, windows, strict=True))


def _sizes(value: Any, fields: Fields) -> list[int]:
    """Repeat a number that holds for all axes."""
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return values * len(fields) if len(values) == 1 else values


def _convolution(args: Sequence[Any], fields: Fields) -> Fields | None:
    _, weight, _, stride, padding, dilation, transposed = args[:7]
    if transposed:
        return None
    each = (_sizes(value, fields) for value in (stride, padding, dilation))
    numbers = zip(weight.shape[2:], *each, strict=True)
    return _through(fields, (Window((k - 1) * d + 1, s, p) for k, s, p, d in numbers))


def _pooling(args: Sequence[Any], fields: Fields, *, dilated: bool) -> Fields:
    given = dict(enumerate(args))
    kernel = _sizes(given[1], fields)
    stride = _sizes(given.get(2) or kernel, fields)
    padding = _sizes(given.get(3, 0), fields)
    dilation = _sizes(given.get(4, 1) if dilated else 1, fields)
    numbers = zip(kernel, stride, padding, dilation, strict=True)
    return _through(fields, (Window((k - 1) * d + 1, s, p) for k, s, p, d in numbers))


def _adaptive_pooling(args: Sequence[Any], fields: Fields) -> Fields:
    """Let every position see all, unless there is but one: windows depend on the length."""
    lengths = args[0].shape[2:]
    return tuple(f if length == 1 else WHOLE for f, length in zip(fields, lengths, strict=True))


def _of_channels(args: Sequence[Any], fields: Fields, *, place: int) -> Fields | None:
    """Let positions stay where they are if an operator works on examples or channels."""
    dim = args[place] if len(args) > place else 0
    return fields if dim in (0, 1) else None


def _cutting(args: Sequence[Any], fields: Fields) -> Fields | None:
    """Take some of the positions along one axis, or of the channels."""
    given = dict(enumerate(args))
    dim, start, step = given.get(1, 0), given.get(2) or 0, given.get(4, 1)
    if dim < 0:
        dim += args[0].ndim
    if dim < 2:
        return fields
    if start < 0:
        start = max(start + args[0].shape[dim], 0)
    moved = list(fields)
    old = fields[dim - 2]
    moved[dim - 2] = replace(old, offset=old.offset + start * old.stride, stride=old.stride * step)
    return tuple(moved)


def _border(args: Sequence[Any], fields: Fields) -> Fields | None:
    """`constant_pad_nd`: pairs of before and after, the last axis first."""
    before = args[1][::2]
    if len(before) > len(fields):
        return None
    each = [*before, *[0] * (len(fields) - len(before))][::-1]
    return _through(fields, (Window(padding=n) for n in each))


def _unsqueezing(args: Sequence[Any], fields: Fields) -> Fields | None:
    """Add an axis of one position, as pooling over one axis does."""
    dim = args[1] if args[1] >= 0 else args[1] + args[0].ndim + 1
    return (*fields[: dim - 2], Field(), *fields[dim - 2 :]) if dim >= 2 else None


def _squeezing(args: Sequence[Any], fields: Fields) -> Fields | None:
    if len(args) < 2:
        return None
    dim = args[1] if isinstance(args[1], int) else args[1][0]
    dim = dim if dim >= 0 else dim + args[0].ndim
    return (*fields[: dim - 2], *fields[dim - 1 :]) if dim >= 2 else None


_MOVES: dict[str, Move] = {
    "convolution": _convolution,
    "constant_pad_nd": _border,
    "slice": _cutting,
    "unsqueeze": _unsqueezing,
    "squeeze": _squeezing,
    "cat": partial(_of_channels, place=1),
    "index_select": partial(_of_channels, place=1),
    "split": partial(_of_channels, place=2),
    "split_with_sizes": partial(_of_channels, place=2),
    **{
        f"{kind}_pool{axes}d{suffix}": partial(_pooling, dilated=kind == "max")
        for kind, suffix in (("max", "_with_indices"), ("max", ""), ("avg", ""))
        for axes in (1, 2, 3)
    },
    **{
        f"{name}_pool{axes}d": _adaptive_pooling
        for name in ("_adaptive_avg", "adaptive_avg", "adaptive_max")
        for axes in (1, 2, 3)
    },
}
