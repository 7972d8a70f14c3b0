"""Beats of a heart as a network of random filters tells them apart: units over an ECG.

python examples/units_series.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import pywt
import torch
from PIL import Image

from impasto.encoders import random_encoder
from impasto.signal import Signal
from impasto.units import survey
from impasto.units.report import draw_unit

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PIECES, UNIT = 9, 5

ecg = torch.tensor(pywt.data.ecg(), dtype=torch.float32)
ecg = (ecg - ecg.mean()) / ecg.std()
pieces = [Signal(piece[None], "series") for piece in ecg.unfold(0, 256, 96)[:PIECES]]
encoder = random_encoder(1, 1, channels=(8, 8), kernel=15)
with TemporaryDirectory() as folder:
    for _ in survey(pieces, folder, encoder=encoder, layers="relu2_1"):
        pass
    drawn = draw_unit(Path(folder), "relu2_1", UNIT)
    size = (drawn.width * 3 // 4, drawn.height * 3 // 4)
    drawn.resize(size, Image.Resampling.LANCZOS).save(IMAGES / "units_series.webp", quality=75)
