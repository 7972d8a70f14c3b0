"""A head of brush strokes: nilearn's MNI template in the style of a painting.

python examples/volume.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from nilearn.datasets import load_mni152_template

import impasto
from impasto.media import read
from impasto.stylization.views import save_views

IMAGES = Path(__file__).parents[1] / "docs" / "images"
STYLE = "starry_night"
SETTINGS = impasto.StylizeSettings(
    size=64,
    style_scale=2.0,
    levels=1,
    steps=20,
    content_layers={"relu3_1": 1.0},
    style_layers={"relu1_1": 1.0, "relu2_1": 1.0, "relu3_1": 1.0},  # strokes: the rest is head
)

with TemporaryDirectory() as folder:
    head = Path(folder, "head.nii.gz")
    load_mni152_template(resolution=2).to_filename(head)
    before = read(head)
    after = impasto.stylize(head, STYLE, settings=SETTINGS)
save_views(before, after.signal, IMAGES / "volume.webp", window=(0, float(before.samples.max())))
