"""A layer in one picture, in the manner of the paper's figure 2: patches left, projections right.

Source:
    Zeiler, Fergus, "Visualizing and understanding convolutional networks", arXiv:1311.2901.
"""

from __future__ import annotations

from PIL import Image, ImageDraw

from impasto.units.atlas import LayerPatches
from impasto.units.report.cells import Cells
from impasto.units.report.drawing import FAINT, INK, PAPER, font, mosaic, shortened
from impasto.units.report.names import readable

MOST_UNITS = 16
_ACROSS = 4
_MARGIN, _GAP = 24, 22  # pixels
_LEAST_WIDTH = 480
# Heights of letters as shares of what they stand over, a montage or a row of units, so that they
# can still be read where it is shown as wide as a page.
_TITLE, _HEADING, _LABEL = 1 / 42, 1 / 64, 1 / 68


def choose_units(layer: LayerPatches, count: int = MOST_UNITS) -> list[int]:
    """Return units spread evenly over those that are not dead, the first and the last included.

    Nobody has picked them, so they show the layer as it is.
    """
    dead = set(layer.dead)
    alive = [unit for unit in range(len(layer.units)) if unit not in dead]
    if len(alive) <= count:
        return alive
    return [alive[round(n * (len(alive) - 1) / (count - 1))] for n in range(count)]


def draw_montage(name: str, layer: LayerPatches, cells: Cells) -> Image.Image:
    """Draw some units of a layer.

    Args:
        name: Name of the layer.
        layer: Its patches.
        cells: What its units saw.
    """
    units = choose_units(layer)
    across = min(_ACROSS, len(units))
    blocks = [_draw_unit(unit, cells, across) for unit in units]
    heading = (
        f"{cells.portrait.sentence(layer.fields)}  ·  {len(units)} of {len(layer.units)} units"
    )
    if not blocks:
        return _with_heading(Image.new("RGB", (0, 0)), name, heading)
    width, height = (length + _GAP for length in blocks[0].size)
    down = -(-len(blocks) // across)
    whole = Image.new("RGB", (across * width - _GAP, down * height - _GAP), PAPER)
    for number, block in enumerate(blocks):
        row, column = divmod(number, across)
        whole.paste(block, (column * width, row * height))
    return _with_heading(whole, name, heading)


def _draw_unit(unit: int, cells: Cells, across: int) -> Image.Image:
    side = cells.patches.shape[2]
    arrays = [cells.patches] + ([] if cells.projections is None else [cells.projections])
    grids = [mosaic([*map(Image.fromarray, array[unit])], side, gap=1) for array in arrays]
    width = sum(grid.width + 4 for grid in grids) - 4
    letters = font(_high(_LABEL, across * width))
    head = round(1.5 * letters.size)
    whole = Image.new("RGB", (width, grids[0].height + head), PAPER)
    ImageDraw.Draw(whole).text((0, head - 5), str(unit), INK, letters, anchor="ls")
    left = 0
    for grid in grids:
        whole.paste(grid, (left, head))
        left += grid.width + 4
    return whole


def _with_heading(content: Image.Image, name: str, heading: str) -> Image.Image:
    width = max(content.width, _LEAST_WIDTH)
    title, small = font(_high(_TITLE, width), bold=True), font(_high(_HEADING, width))
    first, second = _MARGIN + round(title.size), _MARGIN + round(title.size + 1.7 * small.size)
    head = second + _MARGIN
    size = (width + 2 * _MARGIN, head + content.height + _MARGIN)
    whole = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(whole)
    draw.text((_MARGIN, first), shortened(readable(name), title, width), INK, title, anchor="ls")
    draw.text((_MARGIN, second), shortened(heading, small, width), FAINT, small, anchor="ls")
    whole.paste(content, (_MARGIN, head))
    return whole


def _high(part: float, width: int) -> int:
    return max(11, round(part * width))
