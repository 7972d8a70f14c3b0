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

LONGEST_SIDE = 640  # pixels of a row

_GAP = 2  # pixels

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


def in_a_row(slices: Sequence[Planes], longest: int) -> Image.Image:
    """Set slices side by side, sample by sample, and bring them to a size that can be seen.

    Args:
        slices: Each of shape (channel, h, w).
        longest: Longest side in pixels, at most.
    """
    shapes = [one.shape[1:] for one in slices]
    whole = np.full((*row_extent(shapes), 3), GROUND, np.float32)
    left = 0
    for one, (rows, columns) in zip(slices, shapes, strict=True):
        whole[:rows, left : left + columns] = np.moveaxis(one, 0, -1)
        left += columns + gap_of(shapes[0])
    image = Image.fromarray(levels(whole))
    if (times := longest // (2 * max(image.size))) > 1:  # a few voxels are drawn as squares
        size = (image.width * times, image.height * times)
        return image.resize(size, Image.Resampling.NEAREST)
    image.thumbnail((longest, longest), Image.Resampling.LANCZOS)
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
