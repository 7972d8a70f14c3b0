"""What montages and the picture of one unit are drawn from: letters, and grids of cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import matplotlib
from PIL import Image, ImageFont

PAPER = "#ffffff"
INK = "#1c1b19"
FAINT = "#77736b"


@cache
def font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return letters of a height in pixels; those of matplotlib, the same on every machine."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name, size)


def shortened(text: str, letters: ImageFont.FreeTypeFont, width: float) -> str:
    """Return a text with as much left out of its middle as a width asks for."""
    if letters.getlength(text) <= width:
        return text
    kept = len(text) - 1
    while kept > 1 and letters.getlength(_without_middle(text, kept)) > width:
        kept -= 1
    return _without_middle(text, kept)


def _without_middle(text: str, kept: int) -> str:
    return f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"


def mosaic(
    cells: Sequence[Image.Image], side: int, *, gap: int = 2, squares: bool = False
) -> Image.Image:
    """Set the cells of a unit into a grid, row by row.

    Args:
        cells: Square pictures, one at least.
        side: Of a cell as it is drawn, in pixels.
        gap: Between cells, in pixels.
        squares: Whether pixels are enlarged to squares.
    """
    columns = math.ceil(math.sqrt(len(cells)))
    rows = math.ceil(len(cells) / columns)
    how = Image.Resampling.NEAREST if squares else Image.Resampling.LANCZOS
    step = side + gap
    whole = Image.new("RGB", (columns * step - gap, rows * step - gap), PAPER)
    for rank, cell in enumerate(cells):
        row, column = divmod(rank, columns)
        whole.paste(cell.resize((side, side), how), (column * step, row * step))
    return whole
