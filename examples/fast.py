"""The network for six paintings, the one for any, and the optimizer, on one photograph."""

from pathlib import Path

import impasto
from impasto.media import read
from impasto.samples import find
from impasto.stylization.drawing import sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PHOTO, PAINTINGS = "neuschwanstein_castle", ("starry_night", "night_cafe", "harvest")

rows = []
for name in PAINTINGS:
    known, anything = (
        impasto.stylize(PHOTO, name, model=Path(model), size=384).signal
        for model in ("paintings", "any")
    )
    refined = impasto.stylize(PHOTO, name, model=Path("paintings"), size=384, refine=20).signal
    style = find(name)
    assert style is not None
    rows.append([read(style), known, anything, refined])
sheet(*rows, height=220).save(IMAGES / "fast.jpg", quality=86)
