"""Curves with soft edges, drawn without a library since a report has ten thousands of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from impasto.units.portraits.portrait import Colors

PAPER = (0.99, 0.99, 0.98)
INK = (0.13, 0.2, 0.32)
LINE = (0.85, 0.84, 0.82)
ABOVE, BELOW = (0.82, 0.33, 0.04), (0.1, 0.42, 0.68)  # values above and below zero

_THICK = 1.3  # pixels of a line

Values = NDArray[np.float32]


def blank(height: int, width: int) -> Colors:
    """Return empty paper."""
    return np.full((height, width, 3), PAPER, np.float32)


def draw_curve(
    values: Values, height: int, width: int, *, low: float, high: float, zero: bool = True
) -> Colors:
    """Draw values over one axis as a curve.

    Args:
        values: Shape (n,).
        height: Of the picture, in pixels.
        width: Of the picture, in pixels.
        low: Value at the lower edge.
        high: Value at the upper edge.
        zero: Whether to draw a line at zero.
    """
    picture = blank(height, width)
    if zero:
        middle = _row(np.zeros(width, np.float32), height, low, high)
        _lay(picture, _covered(middle - 0.5, middle + 0.5, height), LINE)
    bottoms, tops = _columns(values, width)
    upper, lower = (_row(rows, height, low, high) for rows in (tops, bottoms))
    _lay(picture, _covered(upper - _THICK / 2, lower + _THICK / 2, height), INK)
    return picture


def draw_signed(values: Values, height: int, width: int, *, peak: float) -> Colors:
    """Draw values of both signs as areas above and below a line at zero.

    Args:
        values: Shape (n,).
        height: Of the picture, in pixels.
        width: Of the picture, in pixels.
        peak: Size of a value at the upper or lower edge.
    """
    picture = blank(height, width)
    bottoms, tops = _columns(values, width)
    middle = np.full(width, height / 2, np.float32)
    _lay(picture, _covered(middle - 0.5, middle + 0.5, height), LINE)
    upper, lower = (_row(rows, height, -peak, peak) for rows in (tops, bottoms))
    _lay(picture, _covered(np.minimum(upper, middle), middle, height), ABOVE)
    _lay(picture, _covered(middle, np.maximum(lower, middle), height), BELOW)
    return picture


def _columns(values: Values, width: int) -> tuple[Values, Values]:
    """Return the least and the largest value in each column; neighbors touch."""
    count = max(len(values), 4 * width)
    places = np.linspace(0, len(values) - 1, count)
    dense = np.interp(places, np.arange(len(values)), values).astype(np.float32)
    starts = np.arange(width) * count // width
    bottoms, tops = (ufunc.reduceat(dense, starts) for ufunc in (np.minimum, np.maximum))
    first = dense[starts[1:]]  # a column reaches to where the next begins
    bottoms[:-1], tops[:-1] = np.minimum(bottoms[:-1], first), np.maximum(tops[:-1], first)
    return bottoms, tops


def _row(values: Values, height: int, low: float, high: float) -> Values:
    """Return how many pixels below the upper edge values lie."""
    span = (high - low) or 1.0
    rows: Values = ((high - values) / span * height).clip(0.5, height - 0.5)
    return rows


def _covered(upper: Values, lower: Values, height: int) -> Values:
    """Return how much of each pixel lies between two rows, shape (height, width)."""
    rows = np.arange(height)[:, None]
    covered: Values = (np.minimum(rows + 1, lower) - np.maximum(rows, upper)).clip(0, 1)
    return covered


def _lay(picture: Colors, covered: Values, color: tuple[float, float, float]) -> None:
    picture += covered[..., None] * (np.asarray(color, np.float32) - picture)
