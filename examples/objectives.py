"""The four conventions on two pairs, with their own defaults."""

from pathlib import Path

import impasto
from impasto.stylization.drawing import sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PAIRS = (("neuschwanstein_castle", "starry_night"), ("red_panda", "harvest"))

rows = [
    {
        objective: impasto.stylize(content, style, size=256, objective=objective).signal
        for objective in ("paper", "course", "neural-style", "impasto")
    }
    for content, style in PAIRS
]
sheet(*rows, height=200).save(IMAGES / "objectives.jpg", quality=86)
