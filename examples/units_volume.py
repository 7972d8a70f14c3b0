"""Edges become walls: units of VGG19, inflated to three axes, over blocks of a head.

python examples/units_volume.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from nilearn.datasets import load_mni152_template
from PIL import Image

from impasto import load_encoder
from impasto.signal import Signal
from impasto.units import survey

IMAGES = Path(__file__).parents[1] / "docs" / "images"
LAYER, SIDE, WIDTH = "relu2_1", 48, 1100

# in files x goes fastest: from the last axis on this is (z, y, x)
head = torch.tensor(np.asarray(load_mni152_template(resolution=2).get_fdata(), np.float32).T)
blocks = [
    Signal(block[None].contiguous(), "volume")
    for block in head.unfold(0, SIDE, 24).unfold(1, SIDE, 34).unfold(2, SIDE, 46).flatten(0, 2)
]
with TemporaryDirectory() as folder:
    for _ in survey(
        blocks, folder, encoder=load_encoder("vgg19-inflated"), layers=LAYER, maximize=False
    ):
        pass
    with Image.open(Path(folder, "layers", f"{LAYER}.png")) as montage:
        size = (WIDTH, round(montage.height * WIDTH / montage.width))
        smaller = montage.resize(size, Image.Resampling.LANCZOS)
        smaller.save(IMAGES / "units_volume.webp", quality=60, method=6)
