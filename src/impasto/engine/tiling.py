"""How a chain of modules is cut into stages, and the signal into tiles, without a seam."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from impasto.encoders.encoder import Chain
from impasto.encoders.window import Range, Window
from impasto.signal import Region, Space


@dataclass(frozen=True)
class Tile:
    """A part of a stage's work.

    Attributes:
        source: What is cut out of the stage's input: the tile and what its features see beyond it.
        inner: For each layer where the features of the tile lie within those that are computed.
        outer: For each layer where they lie within those of the whole.
    """

    source: Region
    inner: Mapping[str, Region]
    outer: Mapping[str, Region]


class Stage:
    """Neighboring modules of a chain, between two places where features are kept whole.

    Args:
        encoder: The network.
        names: The modules, in the order of the chain.
        wanted: Layers that are read; the last module's output is always computed.
        space: Positions of the stage's input along each axis.
    """

    def __init__(
        self, encoder: Chain, names: Sequence[str], wanted: Collection[str], space: Space
    ) -> None:
        self.names, self.space = tuple(names), space
        self.wanted = [name for name in names if name in wanted]
        self.layers = [*dict.fromkeys([*self.wanted, names[-1]])]
        # what sees one position, such as a ReLU, works in place
        self._slides = {n: any(w.size > 1 for w in encoder.windows[n]) for n in names}
        self._channels = {name: encoder.table[name].channels for name in names}
        self._axes = [
            _Axis(
                {name: encoder.windows[name][axis] for name in names},
                frozenset(self.layers),
                length,
            )
            for axis, length in enumerate(space)
        ]

    def space_of(self, layer: str) -> Space:
        """Return the positions of a layer along each axis."""
        return tuple(axis.lengths[layer] for axis in self._axes)

    def tiles(self, sides: Space) -> Iterator[Tile]:
        """Cut the stage's work into tiles of about equal size.

        Args:
            sides: Positions of the stage's input along each axis of a tile, at most, but for
                what completes the last stride.
        """
        cuts = (axis.cut(side) for axis, side in zip(self._axes, sides, strict=True))
        for parts in itertools.product(*cuts):
            yield Tile(
                tuple(slice(*part.source) for part in parts),
                {n: tuple(slice(*part.inner[n]) for part in parts) for n in self.layers},
                {n: tuple(slice(*part.outer[n]) for part in parts) for n in self.layers},
            )

    @property
    def load(self) -> float:
        """Numbers that the stage keeps in memory for each position of its input."""
        kept = (n for n in self.names if n in self.layers or self._slides[n])
        numbers = sum(self._channels[name] * math.prod(self.space_of(name)) for name in kept)
        # a chain's leading pooling counts no channels
        return max(numbers, 1) / max(math.prod(self.space), 1)


@dataclass(frozen=True)
class _Part:
    """A tile along one axis."""

    source: Range
    inner: Mapping[str, Range]
    outer: Mapping[str, Range]


class _Axis:
    """A stage along one axis."""

    def __init__(self, windows: Mapping[str, Window], layers: Collection[str], length: int) -> None:
        self.windows, self.layers, self.length = windows, layers, length
        self.lengths: dict[str, int] = {}
        self.strides: dict[str, int] = {}
        self.stride = 1
        for name, window in windows.items():
            length = window.length(length)
            self.stride *= window.stride
            self.lengths[name], self.strides[name] = length, self.stride

    def cut(self, side: int) -> list[_Part]:
        """Cut the input into parts of about equal size."""
        count = max(1, math.ceil(self.length / max(side, self.stride)))
        width = math.ceil(self.length / count / self.stride) * self.stride
        starts = range(0, self.length, width)
        return [self._part((start, min(start + width, self.length))) for start in starts]

    def _part(self, core: Range) -> _Part:
        outer = {name: self._positions(name, core) for name in self.layers}
        first, end = core
        for name, (low, high) in outer.items():
            # a tile without features of a layer computes one, since no module returns nothing
            lowest, highest = self._seen(name, (min(low, self.lengths[name] - 1), high))
            first, end = min(first, lowest), max(end, highest)
        # whole windows of every module, so that the tile's windows are those of the whole
        first = max(first // self.stride * self.stride, 0)
        end = min(-(-end // self.stride) * self.stride, self.length)
        inner = {
            name: (low - first // self.strides[name], high - first // self.strides[name])
            for name, (low, high) in outer.items()
        }
        return _Part((first, end), inner, outer)

    def _positions(self, name: str, core: Range) -> Range:
        """Return the positions of a layer that belong to a range of the input."""
        stride, length = self.strides[name], self.lengths[name]
        first, end = core
        return (
            min(first // stride, length),
            length if end == self.length else min(end // stride, length),
        )

    def _seen(self, name: str, positions: Range) -> Range:
        """Return the range of the input that positions of a layer see."""
        names = list(self.windows)
        for before in reversed(names[: names.index(name) + 1]):
            positions = self.windows[before].seen(positions)
        return positions


def stages(encoder: Chain, layers: Collection[str], space: Space) -> list[Stage]:
    """Cut the part of a chain that some layers need behind every pooling but the first.

    What is kept whole between two stages is small there, and the tiles of a stage see little
    beyond their borders.

    Args:
        encoder: The network.
        layers: Layers that are read.
        space: Positions of the signal along each axis.
    """
    names = list(encoder.chain)
    wanted = encoder.check(layers)
    if not wanted:
        return []
    deepest = wanted[-1]
    names = names[: names.index(deepest) + 1]
    strided = [n for n in names if any(window.stride > 1 for window in encoder.windows[n])]
    ends = [name for name in strided[1:] if name != deepest]
    made: list[Stage] = []
    first = 0
    for end in [*ends, deepest]:
        last = names.index(end) + 1
        made.append(Stage(encoder, names[first:last], layers, space))
        space, first = made[-1].space_of(end), last
    return made
