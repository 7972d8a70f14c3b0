"""Films by their first, middle and last frames."""

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
from impasto.units.receptive import Fields


class FilmPortrait(Portrait):
    """Films: samples of shape (3, time, h, w), colors from 0 to 1."""

    medium, axes, noun, nouns, unit = "video", 3, "film", "films", "px"

    def patch(self, samples: Tensor, side: int) -> Colors:
        """See Portrait.patch."""
        self.check(samples)
        return in_a_square(_frames(in_color(plain(samples))), side)

    def projection(self, values: Tensor, side: int) -> Colors:
        """See Portrait.projection; zero is gray, the contrast alike on both sides of it."""
        self.check(values)
        return in_a_square(_frames(contrasted(in_color(plain(values)))), side)

    def whole(self, samples: Tensor, *, longest: int | None = None) -> Image.Image:
        """See Portrait.whole."""
        self.check(samples)
        return in_a_row(_frames(in_color(plain(samples))), longest or LONGEST_SIDE)

    def extent(self, space: Space) -> Extent:
        """See Portrait.extent: in pixels of the film."""
        return row_extent([space[1:]] * len(_times(space[0])))

    def frames(self, box: Sequence[Range], space: Space) -> list[Frame]:
        """See Portrait.frames: one in each frame that is shown and seen, or in the nearest."""
        (start, stop), (top, bottom), (left, right) = box
        times = _times(space[0])
        seen = [n for n, time in enumerate(times) if start <= time < stop]
        middle = (start + stop - 1) / 2
        nearest = min(range(len(times)), key=lambda n: abs(times[n] - middle))
        step = space[2] + gap_of(space[1:])
        return [(top, bottom, left + n * step, right + n * step) for n in seen or [nearest]]

    def size(self, fields: Fields, *, brief: bool = False) -> str:
        """See Portrait.size: frames and pixels."""
        if all(field.whole for field in fields):
            return super().size(fields)
        time = "all" if fields[0].whole else fields[0].size
        return f"{time} frames × {super().size(fields[1:], brief=brief)}"

    def stride(self, fields: Fields, *, brief: bool = False) -> str:
        """See Portrait.stride: frames and pixels."""
        time = "–" if fields[0].whole else fields[0].stride
        unit = "" if brief else " frames"
        return f"{time}{unit} × {super().stride(fields[1:], brief=brief)}"


def _times(length: int) -> list[int]:
    """Return the first, the middle and the last frame, as far as they are not the same."""
    return sorted({0, length // 2, length - 1})


def _frames(planes: Planes) -> list[Planes]:
    """Take these frames out of a film (channel, time, h, w)."""
    return [np.ascontiguousarray(planes[:, time]) for time in _times(planes.shape[1])]
