"""The part of a signal that is enough to compute a unit at one position exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from impasto.signal import Region, Space
from impasto.units.receptive import Field, Fields


@dataclass(frozen=True)
class Crop:
    """A part of a signal, and where a position of a layer has gone.

    Attributes:
        region: Which samples to cut, along each axis.
        position: In the layer's map over these samples, along each axis.
    """

    region: Region
    position: tuple[int, ...]


def within(part: Region, outer: Region) -> Region:
    """Return where a part of a signal lies within another, which holds it."""
    return tuple(
        slice(own.start - around.start, own.stop - around.start)
        for own, around in zip(part, outer, strict=True)
    )


def enclose(fields: Fields, position: Sequence[int], space: Space) -> Crop:
    """Find a part of a signal over which a unit has the same activation as over the whole.

    Its first sample lies at a multiple of the layer's stride, so that all windows on the way to
    the layer lie as they do in the whole. It holds the receptive field; where that reaches over an
    end of the signal the part does not stop before, so that the padding there is the real one.
    Other padding is not seen. What stays outside the receptive field has no part in the
    activation, so that its projection (`units.project`) is the same too.

    All parts of a layer have one size, but for those at the high ends, which share a size of their
    own among signals of one space, and for signals that are shorter. Behind windows that depend on
    the space, as those of adaptive pooling, the part is the whole. The network must pad nothing
    but constants or what lies next to the border.

    Args:
        fields: What the layer's units see along each axis.
        position: In the layer's map over the whole signal, along each axis.
        space: Samples of the whole signal along each axis.
    """
    cuts = [_enclose(*axis) for axis in zip(fields, position, space, strict=True)]
    return Crop(tuple(own for own, _ in cuts), tuple(place for _, place in cuts))


def _enclose(field: Field, position: int, length: int) -> tuple[slice, int]:
    """Return the samples of one axis, and the position among them."""
    if field.whole:
        return slice(0, length), position
    before = max(0, -(field.offset // field.stride))  # positions in front of the unit's own
    size = before * field.stride + field.offset + field.size
    first = max(position - before, 0)
    start = first * field.stride
    if start + size > length:  # the field may reach over the end: then so does the part
        first = max(length - size, 0) // field.stride
        start = first * field.stride
        size = length - start
    return slice(start, start + size), position - first
