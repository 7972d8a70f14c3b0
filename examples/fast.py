"""A trained network, 20 steps of descent from what it paints, and 100 from the photograph."""

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
    model = Path("paintings")
    painted = impasto.stylize(PHOTO, name, model=model, size=SIZE)
    refined = impasto.stylize(PHOTO, name, model=model, size=SIZE, refine=20)
    descended = impasto.stylize(PHOTO, name, size=SIZE, steps=100, levels=1)
    rows.append([read(style), painted.signal, refined.signal, descended.signal])
sheet(*rows, height=220).save(IMAGES / "fast.jpg", quality=86)
