"""Pictures as they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image
from torch import Tensor

from impasto.encoders.window import Range
from impasto.errors import ShapeError
from impasto.signal import Space
from impasto.units.contrast import contrasted
from impasto.units.portraits.portrait import Colors, Extent, Frame, Portrait, levels, plain

LONGEST_SIDE = 320  # pixels of the picture of a whole
CELL = 48  # pixels: nine of them side by side in two columns fit a telephone

_SEEN_AS_PIXELS = 2  # how often a pixel must fit before it is drawn as a square


class ImagePortrait(Portrait):
    """Pictures: samples of shape (3, h, w), colors from 0 to 1."""

    medium, axes, noun, nouns, unit = "image", 2, "picture", "pictures", "px"
    cell = CELL
    zooms = True

    def patch(self, samples: Tensor, side: int) -> Colors:
        """See Portrait.patch."""
        self.check(samples)
        return fitted(plain(samples), side)

    def projection(self, values: Tensor, side: int) -> Colors:
        """See Portrait.projection; zero is gray, the contrast alike on both sides of it."""
        self.check(values)
        return contrasted(fitted(plain(values), side))

    def whole(self, samples: Tensor, *, longest: int | None = None) -> Image.Image:
        """See Portrait.whole."""
        self.check(samples)
        image = Image.fromarray(levels(np.moveaxis(plain(samples), 0, -1)))
        image.thumbnail((longest or LONGEST_SIDE,) * 2, Image.Resampling.LANCZOS)
        return image

    def shown(self, samples: Tensor) -> Image.Image:
        """See Portrait.shown: pixel by pixel."""
        self.check(samples)
        return Image.fromarray(levels(np.moveaxis(plain(samples), 0, -1)))

    def extent(self, space: Space) -> Extent:
        """See Portrait.extent: in samples."""
        height, width = space
        return height, width

    def frames(self, box: Sequence[Range], space: Space) -> list[Frame]:  # noqa: ARG002
        """See Portrait.frames: one, the box."""
        (top, bottom), (left, right) = box
        return [(top, bottom, left, right)]

    def check(self, samples: Tensor) -> None:
        """See Portrait.check."""
        if samples.ndim != 3 or samples.shape[0] != 3 or 0 in samples.shape:
            raise ShapeError(f"A picture has the shape (3, h, w), not {tuple(samples.shape)}.")


def is_seen_as_pixels(longest: int, cell: int) -> bool:
    """Tell whether a picture is so small that its pixels are drawn as squares."""
    return 0 < longest * _SEEN_AS_PIXELS <= cell


def fitted(planes: Colors, side: int) -> Colors:
    """Bring a picture (channel, h, w) to a longest side, shape (h, w, channel)."""
    longest = max(planes.shape[1:])
    height, width = (max(1, round(n * side / longest)) for n in planes.shape[1:])
    squares = is_seen_as_pixels(longest, side)
    how = Image.Resampling.NEAREST if squares else Image.Resampling.LANCZOS
    # Pillow resamples floating-point pictures plane by plane
    resized = [Image.fromarray(plane).resize((width, height), how) for plane in planes]
    return np.stack([np.asarray(plane) for plane in resized], -1)
