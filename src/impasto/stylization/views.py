"""What a volume looks like, before and after: three slices and a projection, or all slices."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from impasto import media
from impasto.media.files import save_or_rescue
from impasto.signal import Signal, resample
from impasto.stylization.domains.volume import Window, cubic

VIEW_SUFFIXES = (".png", ".webp", ".html")

_GAP = 6
_LONGEST = 320  # of a view in pixels
_COLUMNS = 8  # of a sprite sheet
_MOST_SLICES = 128

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px system-ui, sans-serif; margin: 1.5rem auto; max-width: {page}px;
  padding: 0 1rem; background: #111; color: #ddd }}
h1 {{ font-size: 1.3rem; overflow-wrap: anywhere }}
.views {{ display: flex; gap: 1rem; flex-wrap: wrap }}
figure {{ margin: 0; flex: 0 1 {width}px }}
.slice {{ width: 100%; aspect-ratio: {width} / {height}; background-size: {columns}00% auto }}
label {{ position: sticky; bottom: 0; display: block; padding: 1rem 0; background: #111 }}
input {{ width: 100%; margin-top: .5rem }}
</style>
<h1>{title}</h1>
<div class="views">{figures}</div>
<label>Slice <output id="number"></output> of {count}
<input id="place" type="range" min="1" max="{count}" value="{middle}"></label>
<script>
const place = document.getElementById("place");
function show() {{
  const n = place.value - 1, x = n % {columns}, y = Math.floor(n / {columns});
  for (const one of document.querySelectorAll(".slice"))
    one.style.backgroundPosition =
      `${{100 * x / ({columns} - 1)}}% ${{100 * y / Math.max({rows} - 1, 1)}}%`;
  document.getElementById("number").value = place.value;
}}
place.addEventListener("input", show);
show();
</script>
</html>
"""
_FIGURE = (
    '<figure><div class="slice" role="img" aria-label="{name}" '
    'style="background-image: url(data:image/webp;base64,{data})"></div>'
    "<figcaption>{name}</figcaption></figure>"
)


def save_views(before: Signal, after: Signal, path: Path, *, window: Window) -> None:
    """Write views of a volume before and after.

    Args:
        before: The content.
        after: The result.
        path: A .png or .webp with three middle slices and the maximum along the first axis of
            each, or an .html page with a slider through the slices, which needs no other file.
        window: Intensities that are black and white.
    Raises:
        OutputError: If it cannot be written there; it says where it was kept.
    """
    volumes = [_shown(one, window) for one in (before, after)]
    volumes[0] = resample(volumes[0][None], tuple(volumes[1].shape[1:]))[0].clamp(0, 1)
    if path.suffix.lower() == ".html":
        data = page(volumes[0], volumes[1], path.stem).encode()
    else:
        buffer = io.BytesIO()
        kind = path.suffix[1:].upper()
        montage([*map(views, volumes)]).save(buffer, format=kind, quality=80)
        data = buffer.getvalue()
    save_or_rescue(path, lambda to: media.write_bytes(to, data))


def views(volume: Tensor) -> list[Tensor]:
    """Return the middle slice along each axis, and the maximum along the first.

    Args:
        volume: Shape (1 | 3, d, h, w).
    Returns:
        Pictures, shape (1 | 3, *space).
    """
    middles = [volume.select(axis, volume.shape[axis] // 2) for axis in (1, 2, 3)]
    return [*middles, volume.amax(1)]


def montage(rows: list[list[Tensor]]) -> Image.Image:
    """Set pictures (1 | 3, *space) side by side, row under row, at one scale."""
    longest = max(max(one.shape[1:]) for row in rows for one in row)
    factor = max(1, round(_LONGEST / longest))
    images = [[_image(one, factor) for one in row] for row in rows]
    heights = [max(image.height for image in row) for row in images]
    width = max(sum(image.width + _GAP for image in row) for row in images) - _GAP
    whole = Image.new("RGB", (width, sum(heights) + _GAP * (len(rows) - 1)), "white")
    top = 0
    for row, height in zip(images, heights, strict=True):
        left = 0
        for image in row:
            whole.paste(image, (left, top))
            left += image.width + _GAP
        top += height + _GAP
    return whole


def page(before: Tensor, after: Tensor, title: str) -> str:
    """Return a page with a slider through the slices of two volumes of one space.

    Args:
        before: Shape (1 | 3, d, h, w), from 0 to 1.
        after: The same.
        title: Heading.
    """
    from html import escape

    count = before.shape[1]
    if count > _MOST_SLICES:  # every second or third will do
        before, after = (one[:, :: -(-count // _MOST_SLICES)] for one in (before, after))
        count = before.shape[1]
    height, width = before.shape[2:]
    factor = max(1, round(_LONGEST / max(height, width)))
    width, height = width * factor, height * factor
    figures = "".join(
        _FIGURE.format(name=name, data=base64.b64encode(_sheet(one)).decode())
        for name, one in (("before", before), ("after", after))
    )
    return _PAGE.format(
        title=escape(title),
        figures=figures,
        count=count,
        middle=count // 2 + 1,
        columns=_COLUMNS,
        rows=-(-count // _COLUMNS),
        width=width,
        height=height,
        page=2 * width + 16,
    )


def _shown(volume: Signal, window: Window) -> Tensor:
    """Return intensities from 0 to 1 over cubes, of a scan head up and face up."""
    low, high = window
    shown = ((cubic(volume).samples - low) / (high - low)).clamp(0, 1)
    if "affine" in volume.meta:  # there the last axes of the file go up and to the front
        up = volume.meta["affine"].diagonal()
        shown = shown.flip([axis for axis, row in ((1, 2), (2, 1)) if up[row] > 0])
    return shown


def _sheet(volume: Tensor) -> bytes:
    """Return all slices in one WebP picture, row by row."""
    count, (height, width) = volume.shape[1], volume.shape[2:]
    rows = -(-count // _COLUMNS)
    whole = torch.zeros(volume.shape[0], rows * height, _COLUMNS * width)
    for number in range(count):
        top, left = number // _COLUMNS * height, number % _COLUMNS * width
        whole[:, top : top + height, left : left + width] = volume[:, number]
    buffer = io.BytesIO()
    _image(whole, 1).save(buffer, format="WEBP", quality=85)
    return buffer.getvalue()


def _image(picture: Tensor, factor: int) -> Image.Image:
    """Return a picture (1 | 3, h, w) from 0 to 1, enlarged."""
    levels = (picture.expand(3, -1, -1).clamp(0, 1) * 255).round().byte().movedim(0, -1).numpy()
    image = Image.fromarray(levels)
    size = image.width * factor, image.height * factor
    return image.resize(size, Image.Resampling.BICUBIC) if factor > 1 else image
