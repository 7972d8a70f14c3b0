"""Series as a curve a channel, one below the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from PIL import Image
from torch import Tensor

from impasto.encoders.window import Range
from impasto.signal import Space
from impasto.units.portraits.curves import Values, draw_curve, draw_signed
from impasto.units.portraits.portrait import Colors, Extent, Frame, Portrait, levels, plain
from impasto.units.portraits.sound import upright, wide

MOST_CHANNELS = 12  # that are drawn

_WIDTH, _HEIGHT = 640, 200  # pixels of a whole


class SeriesPortrait(Portrait):
    """Series: samples of shape (channel, time) in whatever was measured."""

    medium, axes, noun, nouns, unit = "series", 1, "series", "series", "samples"
    bounds = None

    def patch(self, samples: Tensor, side: int) -> Colors:
        """See Portrait.patch: every channel fills its own lane."""
        self.check(samples)
        return _lanes(plain(samples), side, side)

    def projection(self, values: Tensor, side: int) -> Colors:
        """See Portrait.projection: all channels on one scale."""
        self.check(values)
        own = plain(values)[:MOST_CHANNELS]
        peak = float(np.abs(own).max())
        heights = _heights(len(own), side)
        lanes = [draw_signed(v, n, side, peak=peak) for v, n in zip(own, heights, strict=True)]
        return np.concatenate(lanes)

    def whole(self, samples: Tensor, *, longest: int | None = None) -> Image.Image:
        """See Portrait.whole."""
        self.check(samples)
        width = longest or _WIDTH
        height = width * _HEIGHT // _WIDTH
        return Image.fromarray(levels(_lanes(plain(samples), height, width)))

    def extent(self, space: Space) -> Extent:
        """See Portrait.extent: in samples across, and as high as the picture is drawn."""
        return wide(space)

    def frames(self, box: Sequence[Range], space: Space) -> list[Frame]:
        """See Portrait.frames: one, over the whole height."""
        return upright(box, space)


def _lanes(values: Values, height: int, width: int) -> Colors:
    own = values[:MOST_CHANNELS]
    lanes = []
    for curve, rows in zip(own, _heights(len(own), height), strict=True):
        low, high = float(curve.min()), float(curve.max())
        margin = 0.06 * (high - low) or 1.0
        lanes.append(
            draw_curve(curve, rows, width, low=low - margin, high=high + margin, zero=False)
        )
    return np.concatenate(lanes)


def _heights(count: int, height: int) -> list[int]:
    """Divide a height among lanes."""
    borders = [height * n // count for n in range(count + 1)]
    return [max(1, below - above) for above, below in pairwise(borders)]
