"""A solid texture from a picture, cut along its three axes and at a slant.

python examples/solid.py
"""

from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

import impasto
from impasto.media import read
from impasto.samples import find
from impasto.signal import fit
from impasto.stylization.views import montage, views

IMAGES = Path(__file__).parents[1] / "docs" / "images"
STYLE, SIZE = "starry_night", 48
LAYERS = {"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0}  # strokes, and nothing larger


def slanted(volume: Tensor, side: int) -> Tensor:
    """Cut a volume (c, d, h, w) along the plane through its middle that no axis lies in."""
    across = torch.tensor([1.0, -1.0, 0.0]) / 2**0.5
    down = torch.tensor([1.0, 1.0, -2.0]) / 6**0.5
    places = torch.linspace(-0.8, 0.8, side)
    plane = places[:, None, None] * down + places[None, :, None] * across
    cut = functional.grid_sample(volume[None], plane[None, None], align_corners=True)
    return cut[0, :, 0].clamp(0, 1)


result = impasto.synthesize(STYLE, axes=3, size=SIZE, style_layers=LAYERS)
solid = result.signal.samples.clamp(0, 1)
painting = read(find(STYLE) or STYLE)
seen = painting.resized(fit(painting.space, SIZE)).samples.clamp(0, 1)
montage([[seen, *views(solid)[:3], slanted(solid, SIZE)]]).save(
    IMAGES / "solid.webp", quality=75, method=6
)
