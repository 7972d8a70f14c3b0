"""Volumes by the three slices through their middle."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image
from torch import Tensor

from impasto.encoders.window import Range
from impasto.signal import Space
from impasto.units.contrast import contrasted
from impasto.units.portraits.portrait import Colors, Extent, Frame, Portrait, plain
from impasto.units.portraits.slices import (
    LONGEST_SIDE,
    Planes,
    gap_of,
    in_a_row,
    in_a_square,
    in_color,
    row_extent,
)


class VolumePortrait(Portrait):
    """Volumes: samples of shape (channel, d, h, w) from 0 to 1."""

    medium, axes, noun, nouns, unit = "volume", 3, "volume", "volumes", "voxels"

    def patch(self, samples: Tensor, side: int) -> Colors:
        """See Portrait.patch."""
        self.check(samples)
        return in_a_square(_middle(in_color(plain(samples))), side)

    def projection(self, values: Tensor, side: int) -> Colors:
        """See Portrait.projection; zero is gray, the contrast alike on both sides of it."""
        self.check(values)
        return in_a_square(_middle(contrasted(in_color(plain(values)))), side)

    def whole(self, samples: Tensor, *, longest: int | None = None) -> Image.Image:
        """See Portrait.whole."""
        self.check(samples)
        return in_a_row(_middle(in_color(plain(samples))), longest or LONGEST_SIDE)

    def extent(self, space: Space) -> Extent:
        """See Portrait.extent: in voxels."""
        return row_extent(_shapes(space))

    def frames(self, box: Sequence[Range], space: Space) -> list[Frame]:
        """See Portrait.frames: one in each slice, of what lies before it, in it and behind it."""
        found, left = [], 0
        shapes = _shapes(space)
        for across, shape in enumerate(shapes):
            rows, columns = (own for axis, own in enumerate(box) if axis != across)
            found.append((*rows, left + columns[0], left + columns[1]))
            left += shape[1] + gap_of(shapes[0])
        return found


def _shapes(space: Space) -> list[tuple[int, int]]:
    depth, height, width = space
    return [(height, width), (depth, width), (depth, height)]


def _middle(planes: Planes) -> list[Planes]:
    """Cut a volume (channel, d, h, w) through its middle, across each axis."""
    return [np.ascontiguousarray(planes.take(planes.shape[axis] // 2, axis)) for axis in (1, 2, 3)]
