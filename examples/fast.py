"""Both trained networks, 20 steps of descent from what one paints, and 100 from the photograph."""

from pathlib import Path

import impasto
from impasto.media import read
from impasto.samples import find
from impasto.stylization.drawing import sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PHOTO, PAINTINGS, SIZE = "neuschwanstein_castle", ("starry_night", "night_cafe", "harvest"), 256

rows = []
for name in PAINTINGS:
    style = find(name)
    assert style is not None
    made = {
        "any": impasto.stylize(PHOTO, name, model=Path("any"), size=SIZE),
        "paintings": impasto.stylize(PHOTO, name, model=Path("paintings"), size=SIZE),
        "--refine 20": impasto.stylize(PHOTO, name, model=Path("paintings"), size=SIZE, refine=20),
        "100 steps": impasto.stylize(PHOTO, name, size=SIZE, steps=100, levels=1),
    }
    rows.append({"style": read(style)} | {title: own.signal for title, own in made.items()})
sheet(*rows, height=190).save(IMAGES / "fast.jpg", quality=86)
