"""The content weight α from 0.03 to 1: from the style's world to the content's."""

from pathlib import Path

import impasto
from impasto.stylization.drawing import sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PAIRS = (("neuschwanstein_castle", "starry_night"), ("red_panda", "harvest"))

rows = [
    {
        f"--content-weight {weight}": impasto.stylize(
            content, style, size=256, content_weight=weight
        ).signal
        for weight in (0.03, 0.1, 0.3, 1.0)
    }
    for content, style in PAIRS
]
sheet(*rows, height=200).save(IMAGES / "weights.jpg", quality=86)
