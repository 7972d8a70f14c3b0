"""One unit of a finished report in one picture."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from impasto.units.report.cells import GROUND
from impasto.units.report.drawing import FAINT, INK, PAPER, font, mosaic, shortened
from impasto.units.report.names import readable
from impasto.units.report.stored import Find, StoredLayer, open_layer, read_image, taken_as_whole

_WIDTH, _MARGIN, _GAP = 1080, 32, 24  # pixels
_HEAD, _LABEL, _CAPTION = 60, 22, 40
_CELL = 96
_ACROSS = 3
_FRAME, _SHADE = "#ff8a00", "#3a2a14"
_DASH = 6


def draw_unit(folder: Path, layer: str, unit: int) -> Image.Image:
    """Draw one unit: its patches and projections, and the pictures with the patches framed.

    Args:
        folder: Of a finished report.
        layer: Name of the layer.
        unit: Number of the unit.
    Returns:
        The picture, RGB.
    Raises:
        InputError: If the folder is no report, or a damaged one.
        UsageError: If there is no such layer or unit.
    """
    stored = open_layer(folder, layer, unit)
    with taken_as_whole(folder):
        heading = _draw_heading(stored, unit)
        parts = [heading, _draw_cells(stored, unit), _draw_pictures(stored.finds(unit))]
    height = sum(part.height + _GAP for part in parts) - _GAP
    whole = Image.new("RGB", (_WIDTH + 2 * _MARGIN, height + 2 * _MARGIN), PAPER)
    top = _MARGIN
    for part in parts:
        whole.paste(part, (_MARGIN, top))
        top += part.height + _GAP
    return whole


def _draw_heading(stored: StoredLayer, unit: int) -> Image.Image:
    whole = Image.new("RGB", (_WIDTH, _HEAD), PAPER)
    draw, title, small = ImageDraw.Draw(whole), font(28, bold=True), font(15)
    name = shortened(f"{readable(stored.name)}:{unit}", title, _WIDTH)
    noun = stored.portrait.noun
    dead = f"  ·  dead: no {noun} excites it" if stored.is_dead(unit) else ""
    draw.text((0, 26), name, INK, title, anchor="ls")
    draw.text((0, 54), stored.portrait.sentence(stored.fields) + dead, FAINT, small, anchor="ls")
    return whole


def _draw_cells(stored: StoredLayer, unit: int) -> Image.Image:
    """Set the grids of all kinds of cells side by side."""
    patches = stored.cells("patches", unit)
    found = zip(patches, stored.finds(unit), strict=True)
    kinds = {
        "patches": ([_sharpened(patch, find, stored) for patch, find in found], _CELL),
        "projections": (stored.cells("projections", unit), _CELL),
        "made to excite": (stored.cells("maximizations", unit), 3 * _CELL),
    }
    grids = {
        name: _within(mosaic(cells, side, squares=stored.data["pixels"] and side == _CELL))
        for name, (cells, side) in kinds.items()
        if cells
    }
    height = _LABEL + max((grid.height for grid in grids.values()), default=0)
    whole = Image.new("RGB", (_WIDTH, height), PAPER)
    draw, left = ImageDraw.Draw(whole), 0
    for name, grid in grids.items():
        draw.text((left, _LABEL - 8), name, FAINT, font(13), anchor="ls")
        whole.paste(grid, (left, _LABEL))
        left += grid.width + _GAP
    return whole


def _within(grid: Image.Image) -> Image.Image:
    """Reduce a grid to a third of the width."""
    side = (_WIDTH - 2 * _GAP) // 3
    return ImageOps.contain(grid, (side, side)) if max(grid.size) > side else grid


def _sharpened(cell: Image.Image, find: Find, stored: StoredLayer) -> Image.Image:
    """Cut a patch out of its picture where that has more pixels of it than the cell."""
    if not stored.portrait.zooms:
        return cell
    picture = read_image(find.path)
    scale = picture.width / find.extent[1]
    ((top, bottom, left, right),) = find.frames
    if max(bottom - top, right - left) * scale <= cell.width:
        return cell
    left, top, right, bottom = (round(side * scale) for side in (left, top, right, bottom))
    patch = picture.crop((left, top, right, bottom))
    return ImageOps.pad(patch, (_CELL, _CELL), color=(GROUND, GROUND, GROUND))


def _draw_pictures(finds: list[Find]) -> Image.Image:
    figures = [_draw_picture(rank, find) for rank, find in enumerate(finds)]
    rows = [figures[n : n + _ACROSS] for n in range(0, len(figures), _ACROSS)]
    heights = [max(figure.height for figure in row) for row in rows]
    whole = Image.new("RGB", (_WIDTH, sum(heights) + _GAP * len(rows)), PAPER)
    top = 0
    for row, height in zip(rows, heights, strict=True):
        for column, figure in enumerate(row):
            whole.paste(figure, (column * ((_WIDTH + _GAP) // _ACROSS), top))
        top += height + _GAP
    return whole


def _draw_picture(rank: int, find: Find) -> Image.Image:
    """Draw a picture with its patch framed, and below it what it is."""
    width = (_WIDTH + _GAP) // _ACROSS - _GAP
    image = ImageOps.contain(read_image(find.path), (width, width))
    whole = Image.new("RGB", (width, image.height + _CAPTION), PAPER)
    whole.paste(image, (0, 0))
    draw, small = ImageDraw.Draw(whole), font(13)
    scale = np.array(image.size * 2) / np.array(find.extent[::-1] * 2)
    for top, bottom, left, right in find.frames:
        box = np.array([left, top, right, bottom]) * scale
        _frame(draw, [float(side) for side in box], dashed=find.clipped)
    activation = "not finite" if find.activation is None else f"{find.activation:.4g}"
    line = f"{rank + 1}   {activation}" + ("   clipped at the border" if find.clipped else "")
    draw.text((0, image.height + 16), line, INK, small, anchor="ls")
    name = shortened(readable(find.name), small, width)
    draw.text((0, image.height + 34), name, FAINT, small, anchor="ls")
    return whole


def _frame(draw: ImageDraw.ImageDraw, box: list[float], *, dashed: bool) -> None:
    left, top, right, bottom = box
    right, bottom = max(right - 1, left + 2), max(bottom - 1, top + 2)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
    for (x, y), (to_x, to_y) in pairwise(corners):
        length = max(abs(to_x - x), abs(to_y - y))
        step = 2 * _DASH if dashed else length
        for start in np.arange(0, length, step):
            ends = [start / length, min(start + (_DASH if dashed else length), length) / length]
            line = [(x + (to_x - x) * end, y + (to_y - y) * end) for end in ends]
            draw.line(line, _SHADE, 4)
            draw.line(line, _FRAME, 2)
