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
STYLE, SIZE, STYLE_SCALE = "starry_night", 64, 2.0

with TemporaryDirectory() as folder:
    head, views = Path(folder, "head.nii.gz"), Path(folder, "views.webp")
    load_mni152_template(resolution=2).to_filename(head)
    before = read(head)
    after = impasto.stylize(head, STYLE, size=SIZE, style_scale=STYLE_SCALE)
save_views(before, after.signal, IMAGES / "volume.webp", window=(0, float(before.samples.max())))
