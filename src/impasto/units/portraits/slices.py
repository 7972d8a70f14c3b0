"""Pictures set side by side: what volumes and films are shown by."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from impasto.units.portraits.image import fitted
from impasto.units.portraits.portrait import Colors, levels

GROUND = 0.5  # gray around what is smaller than its place

_GAP = 2  # pixels
_LONGEST_SIDE = 640  # pixels of a row

Planes = NDArray[np.float32]  # shape (channel, h, w)


def in_a_square(slices: Sequence[Planes], side: int) -> Colors:
    """Set slices into a square, row by row, all to one scale.

    Args:
        slices: Each of shape (channel, h, w).
        side: Of the square, in pixels.
    """
    columns = math.ceil(math.sqrt(len(slices)))
    own = (side - _GAP * (columns - 1)) // columns
    longest = max(max(one.shape[1:]) for one in slices)
    square = np.full((side, side, 3), GROUND, np.float32)
    for number, one in enumerate(slices):
        row, column = divmod(number, columns)
        small = fitted(one, max(1, round(own * max(one.shape[1:]) / longest)))
        height, width = small.shape[:2]
        top = row * (own + _GAP) + (own - height) // 2
        left = column * (own + _GAP) + (own - width) // 2
        square[top : top + height, left : left + width] = small
    return square


def in_a_row(slices: Sequence[Planes]) -> Image.Image:
    """Set slices side by side, sample by sample, and reduce what is too wide."""
    height, _ = row_extent([one.shape[1:] for one in slices])
    padded = []
    for one in slices:
        rows, columns = one.shape[1:]
        picture = np.full((height, columns + gap_of(slices[0].shape[1:]), 3), GROUND, np.float32)
        picture[:rows, :columns] = np.moveaxis(one, 0, -1)
        padded.append(picture)
    whole = np.concatenate(padded, 1)[:, : -gap_of(slices[0].shape[1:])]
    image = Image.fromarray(levels(whole))
    longest = max(image.size)
    if longest * 4 < _LONGEST_SIDE:  # a few voxels are drawn as squares
        times = _LONGEST_SIDE // (2 * longest)
        size = (image.width * times, image.height * times)
        return image.resize(size, Image.Resampling.NEAREST)
    image.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
    return image


def gap_of(first: Sequence[int]) -> int:
    """Return the samples between two slices of a row."""
    return max(1, max(first) // 40)


def row_extent(shapes: Sequence[Sequence[int]]) -> tuple[int, int]:
    """Return the height and width of a row of slices, in samples."""
    gaps = gap_of(shapes[0]) * (len(shapes) - 1)
    return max(rows for rows, _ in shapes), sum(columns for _, columns in shapes) + gaps


def in_color(planes: Planes) -> Planes:
    """Return slices (channel, ...) of one channel as gray, of others by their first three."""
    if len(planes) >= 3:
        return planes[:3]
    return planes[:1].repeat(3, 0)
