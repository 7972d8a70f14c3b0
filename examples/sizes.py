"""One pair at three sizes: brush strokes keep their place in the picture."""

from pathlib import Path

import impasto
from impasto.stylization.drawing import sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"

results = {
    f"{size:,} pixels": impasto.stylize(
        "neuschwanstein_castle", "starry_night", size=size, steps=40
    ).signal
    for size in (256, 512, 1024)
}
sheet(results, height=300).save(IMAGES / "sizes.jpg", quality=86)
