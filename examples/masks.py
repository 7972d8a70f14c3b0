"""One style for the sky and another for the ground, told apart by painted masks."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

import impasto
from impasto.media import read
from impasto.samples import find
from impasto.stylization.drawing import sheet

IMAGES = Path(__file__).parents[1] / "docs" / "images"
SKY, GROUND = "white", "black"


def painted(name: str, horizon: tuple[float, float]) -> Image.Image:
    """Paint a mask: sky above a line from the left to the right edge, ground below it."""
    width, height = Image.open(find(name) or name).size
    mask = Image.new("RGB", (width, height), SKY)
    left, right = (round(height * place) for place in horizon)
    corners = [(0, left), (width, right), (width, height), (0, height)]
    ImageDraw.Draw(mask).polygon(corners, fill=GROUND)
    return mask


content = painted("horses", (0.6, 0.72))
sky, ground = painted("starry_night", (0.66, 0.6)), painted("harvest", (0.18, 0.18))
# A color that only the content's mask has takes no part: each style is given one region.
only_sky, only_ground = sky.copy(), ground.copy()
only_sky.paste("red", mask=sky.convert("L").point(lambda level: 255 - level))
only_ground.paste("red", mask=ground.convert("L"))

result = impasto.stylize(
    "horses",
    ["starry_night", "harvest"],
    masks=[(content, only_sky), (content, only_ground)],
    size=512,
)
inputs = {
    title: read(find(name) or name)
    for title, name in (
        ("content", "horses"),
        ("style of the sky", "starry_night"),
        ("style of the ground", "harvest"),
    )
}
framed = [  # or what is white would not be seen on the page
    ImageOps.expand(mask, round(mask.height / 100), "gray")
    for mask in (content, only_sky, only_ground)
]
masks = [read(mask) for mask in framed]
sheet(inputs, masks, height=220).save(IMAGES / "masks_inputs.jpg", quality=86)
result.image.save(IMAGES / "masks.jpg", quality=88)
