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
_MARGIN, _HEAD, _LABEL, _GAP = 24, 64, 18, 22  # pixels
_LEAST_WIDTH = 480


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
    blocks = [_draw_unit(unit, cells) for unit in units]
    heading = (
        f"{cells.portrait.sentence(layer.fields)}  ·  {len(units)} of {len(layer.units)} units"
    )
    if not blocks:
        return _with_heading(Image.new("RGB", (0, 0)), name, heading)
    width, height = (length + _GAP for length in blocks[0].size)
    across = min(_ACROSS, len(blocks))
    down = -(-len(blocks) // across)
    whole = Image.new("RGB", (across * width - _GAP, down * height - _GAP), PAPER)
    for number, block in enumerate(blocks):
        row, column = divmod(number, across)
        whole.paste(block, (column * width, row * height))
    return _with_heading(whole, name, heading)


def _draw_unit(unit: int, cells: Cells) -> Image.Image:
    side = cells.patches.shape[2]
    arrays = [cells.patches] + ([] if cells.projections is None else [cells.projections])
    grids = [mosaic([*map(Image.fromarray, array[unit])], side, gap=1) for array in arrays]
    width = sum(grid.width + 4 for grid in grids) - 4
    whole = Image.new("RGB", (width, grids[0].height + _LABEL), PAPER)
    ImageDraw.Draw(whole).text((0, 12), str(unit), FAINT, font(11), anchor="ls")
    left = 0
    for grid in grids:
        whole.paste(grid, (left, _LABEL))
        left += grid.width + 4
    return whole


def _with_heading(content: Image.Image, name: str, heading: str) -> Image.Image:
    width = max(content.width, _LEAST_WIDTH)
    size = (width + 2 * _MARGIN, content.height + _HEAD + 2 * _MARGIN)
    whole = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(whole)
    title, small = font(22, bold=True), font(14)
    draw.text((_MARGIN, 44), shortened(readable(name), title, width), INK, title, anchor="ls")
    draw.text((_MARGIN, 68), shortened(heading, small, width), FAINT, small, anchor="ls")
    whole.paste(content, (_MARGIN, _HEAD + _MARGIN))
    return whole
