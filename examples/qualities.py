"""One pair as a draft, at standard quality and fine."""

from pathlib import Path

import impasto
from impasto.stylization.drawing import sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"

results = {
    quality: impasto.stylize(
        "kingfisher", "cafe_terrace_at_night", size=512, quality=quality
    ).signal
    for quality in ("draft", "standard", "fine")
}
sheet(results, height=340).save(IMAGES / "qualities.jpg", quality=86)
