"""Sprite sheets: the cells of many units in one file, so that a page loads few."""

from __future__ import annotations

import hashlib
import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from impasto.units.report.cells import GROUND, Bytes

_LONGEST_SIDE = 1440  # pixels, which a telephone decodes in 8 MB
_LOSSY = {"quality": 60, "method": 4}
_LOSSLESS = {"lossless": True, "quality": 60, "method": 2}


@dataclass(frozen=True)
class Layout:
    """Where the cells of a unit are.

    The cells of a unit form a block, row by row. A sheet holds blocks row by row, and the next
    sheet goes on where it ends. The last sheet is as high as it has to be.

    Attributes:
        cell: Side of a cell in pixels.
        columns: Cells across a block.
        rows: Cells down a block.
        across: Blocks across a sheet.
        down: Blocks down a sheet, at most.
        units: Units of the layer.
    """

    cell: int
    columns: int
    rows: int
    across: int
    down: int
    units: int

    @classmethod
    def of(cls, cells: Bytes) -> Layout:
        """Choose a layout for cells of shape (unit, rank, cell, cell, 3)."""
        units, k, cell = cells.shape[:3]
        columns = math.ceil(math.sqrt(k))
        rows = math.ceil(k / columns)
        across = max(1, min(_LONGEST_SIDE // (columns * cell), units))
        down = max(1, _LONGEST_SIDE // (rows * cell))
        return cls(cell, columns, rows, across, down, units)

    @property
    def sheets(self) -> int:
        """How many sheets there are."""
        return math.ceil(self.units / (self.across * self.down))

    def range(self, sheet: int) -> range:
        """Return the units of a sheet."""
        count = self.across * self.down
        return range(sheet * count, min((sheet + 1) * count, self.units))

    def place(self, unit: int) -> tuple[int, int, int]:
        """Return the sheet of a unit, and the left and top pixel of its block there."""
        sheet, rest = divmod(unit, self.across * self.down)
        row, column = divmod(rest, self.across)
        return sheet, column * self.columns * self.cell, row * self.rows * self.cell

    def block(self, cells: Bytes) -> Bytes:
        """Lay out the cells (rank, cell, cell, 3) of a unit."""
        k, side = cells.shape[:2]
        whole = np.full((self.rows * self.columns, side, side, 3), GROUND, np.uint8)
        whole[:k] = cells
        grid = whole.reshape(self.rows, self.columns, side, side, 3)
        return grid.swapaxes(1, 2).reshape(self.rows * side, self.columns * side, 3)


def write_sheets(cells: Bytes, folder: Path, *, lossless: bool) -> tuple[Layout, list[str]]:
    """Write the sheets of a layer's cells.

    Files are named by what they hold, so that sheets that are alike are one: a convolution and
    the rectifier behind it mostly look for the same.

    Args:
        cells: Shape (unit, rank, cell, cell, 3).
        folder: Where to.
        lossless: Whether every pixel counts, as in patches that are enlarged to squares.
    Returns:
        The layout, and the names of the files in their order.
    """
    layout = Layout.of(cells)
    names = []
    for sheet in range(layout.sheets):
        stream = io.BytesIO()
        options = _LOSSLESS if lossless else _LOSSY
        Image.fromarray(_draw_sheet(cells, layout, sheet)).save(stream, "WEBP", **options)
        names.append(f"{hashlib.sha256(stream.getvalue()).hexdigest()[:16]}.webp")
        (folder / names[-1]).write_bytes(stream.getvalue())
    return layout, names


def _draw_sheet(cells: Bytes, layout: Layout, sheet: int) -> Bytes:
    units = layout.range(sheet)
    height = math.ceil(len(units) / layout.across) * layout.rows * layout.cell
    width = layout.across * layout.columns * layout.cell
    whole = np.full((height, width, 3), GROUND, np.uint8)
    for unit in units:
        block = layout.block(cells[unit])
        _, left, top = layout.place(unit)
        whole[top : top + block.shape[0], left : left + block.shape[1]] = block
    return whole
