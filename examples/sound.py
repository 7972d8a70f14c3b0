"""A drum sings: content, style and result, drawn and to be listened to."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

import impasto
from impasto import media
from impasto.samples import find
from impasto.signal import Signal
from impasto.units.portraits import portrait_of

CONTENT, STYLE = "tabla", "choir"
DOCS = Path(__file__).parents[1] / "docs"
WIDTH, GAP = 1000, 34  # pixels

result = impasto.stylize(CONTENT, STYLE, content_weight=0.03)  # much of the style
result.save(DOCS / "sounds" / f"{CONTENT}_{STYLE}.ogg")


def sample(name: str) -> Signal:
    path = find(name)
    assert path is not None
    return media.read(path)


shown = {
    f"content: {CONTENT}": sample(CONTENT),
    f"style: {STYLE}": sample(STYLE),
    "result": result.signal,
}
longest = max(sound.space[0] for sound in shown.values())
portrait = portrait_of("audio")
rows = []
for sound in shown.values():
    drawn = portrait.whole(sound.samples, longest=WIDTH)
    rows.append(drawn.resize((round(WIDTH * sound.space[0] / longest), drawn.height)))
height = sum(row.height + GAP for row in rows)
sheet = Image.new("RGB", (WIDTH, height), "white")
pen, font, top = ImageDraw.Draw(sheet), ImageFont.load_default(20), 0
for label, row in zip(shown, rows, strict=True):
    pen.text((0, top + 6), label, fill="black", font=font)
    sheet.paste(row, (0, top + GAP))
    top += row.height + GAP
sheet.save(DOCS / "images" / "sound.webp", quality=75, method=6)
