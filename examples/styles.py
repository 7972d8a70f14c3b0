"""One photograph in six styles."""

from pathlib import Path

import impasto
from impasto.media import read
from impasto.samples import samples
from impasto.stylization.drawing import sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"

pairs = [
    (read(sample.path), impasto.stylize("red_panda", sample.name, size=384).signal)
    for sample in samples()
    if sample.kind == "painting"
]
rows = [[*one, *another] for one, another in zip(pairs[::2], pairs[1::2], strict=True)]
sheet(*rows, height=220).save(IMAGES / "styles.jpg", quality=86)
