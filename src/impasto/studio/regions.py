"""Masks that are painted in the page: a color for each style."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from impasto import media
from impasto.errors import ImpastoError, InputError, UsageError
from impasto.media.image.opening import open_picture

COLORS = ("#e6194b", "#3cb44b", "#4363d8", "#f58231", "#911eb4", "#46f0f0")
_SHOWN = 1024  # pixels of the longest side of what is painted over
_LARGEST = 4 * _SHOWN**2  # pixels of what was painted
_SOLID = 128  # of 255: where paint covers more than half


def to_paint_over(photo: str, folder: Path, *, max_pixels: int) -> str | None:
    """Write a small copy of a photograph; masks have its sides, at any size.

    Args:
        photo: Its file.
        folder: Where the copy goes.
        max_pixels: Of the photograph, at most.
    Returns:
        The copy; None of what is no picture, which is told when it is stylized.
    """
    try:
        picture = media.to_pil(media.read(photo, medium="image", max_pixels=max_pixels)).convert(
            "RGB"
        )
    except ImpastoError:
        return None
    picture.thumbnail((_SHOWN, _SHOWN))
    path = folder / "photograph.webp"
    picture.save(path, quality=90)
    return str(path)


def masks_of(
    painted: Mapping[str, Any] | None, styles: Sequence[str], folder: Path, *, max_pixels: int
) -> list[tuple[str, str]]:
    """Write masks that let each style rule where its color was painted.

    What is not painted belongs to the first style.

    Args:
        painted: What the editor says: "layers", paths of pictures with alpha.
        styles: Files of the styles.
        folder: Where the masks go.
        max_pixels: Of a style, at most.
    Returns:
        For each style a mask of the content and one of the style; none if nothing was painted.
    Raises:
        UsageError: If more colors were painted than there are styles, or a style has no region.
        InputError: If a style is no picture, or too large, or what was painted is.
    """
    layers = [] if painted is None else painted.get("layers") or []
    region = _regions([_opened(layer) for layer in layers])
    if region is None or not region.any():
        return []
    if int(region.max()) > len(styles):
        raise UsageError(
            f"{int(region.max())} colors were painted, and there are {len(styles)} styles: each "
            "color stands for one of them."
        )
    region = np.where(region == 0, 1, region)
    pairs = []
    for number, style in enumerate(styles, start=1):
        inside = region == number
        if not inside.any():
            raise UsageError(f"No region was painted for style {number}: remove it, or paint one.")
        ours, theirs = folder / f"region_{number}.png", folder / f"whole_{number}.png"
        Image.fromarray(np.where(inside, 255, 0).astype(np.uint8)).convert("RGB").save(ours)
        height, width = media.read(style, medium="image", max_pixels=max_pixels).space
        Image.new("1", (width, height), "white").save(theirs)
        pairs.append((str(ours), str(theirs)))
    return pairs


def _regions(layers: Sequence[Image.Image]) -> Any:
    """Return for each pixel the number of the nearest color, and 0 where there is no paint.

    Raises:
        InputError: If layers differ in size.
    """
    if len({layer.size for layer in layers}) > 1:
        raise InputError("What was painted has layers of several sizes.")
    region = None
    palette = np.array([[int(own[i : i + 2], 16) for i in (1, 3, 5)] for own in COLORS])
    for layer in layers:
        pixels = np.asarray(layer).astype(np.int32)
        distances = [np.square(pixels[..., :3] - color).sum(-1) for color in palette]
        own = np.where(pixels[..., 3] >= _SOLID, np.argmin(distances, 0) + 1, 0)
        region = own if region is None else np.where(own, own, region)
    return region


def _opened(path: str) -> Image.Image:
    """Open a layer.

    Raises:
        InputError: If it is no picture, or too large.
    """
    try:
        with open_picture(path, max_pixels=_LARGEST) as (layer, _):
            return layer.convert("RGBA")
    except InputError as error:
        raise InputError(f"What was painted could not be read: {error}") from None
