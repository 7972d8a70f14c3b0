"""Whose colors the result has: style, content, luminance, match."""

from pathlib import Path

import impasto
from impasto.stylization.drawing import sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"

rows = [
    {
        mode: impasto.stylize("brandenburg_gate", "starry_night", size=320, colors=mode).signal
        for mode in modes
    }
    for modes in (("style", "content"), ("luminance", "match"))
]
sheet(*rows, height=320).save(IMAGES / "colors.jpg", quality=86)
