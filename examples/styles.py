"""One photograph in five styles."""

from pathlib import Path

import impasto
from impasto.media import read
from impasto.samples import samples
from impasto.stylization.drawing import sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"

paintings = [s for s in samples() if s.kind == "painting" and s.name != "starry_night"]
results = [impasto.stylize("red_panda", s.name, size=384).signal for s in paintings]
rows = [[read(s.path), result] for s, result in zip(paintings, results, strict=True)]
whole = sheet([*rows[0], *rows[1]], [*rows[2], *rows[3]], rows[4], height=220)
whole.save(IMAGES / "styles.jpg", quality=86)
