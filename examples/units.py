"""From edges to objects: montages of VGG19's layers over a folder of photographs.

python examples/units.py PHOTOS
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from impasto.units import survey

IMAGES = Path(__file__).parents[1] / "docs" / "images"

# The paper's projections where they are clear; behind four poolings they drown in the pattern of
# the switches, so guided ones there.
PROJECTIONS = {"relu1_1,relu2_1,relu3_1": "deconvnet", "relu4_1,relu5_1": "guided"}

with TemporaryDirectory() as folder:
    for layers, projection in PROJECTIONS.items():
        report = Path(folder, projection)
        for _ in survey(sys.argv[1], report, layers=layers, projection=projection, maximize=False):
            pass
        for montage in Path(report, "layers").glob("*.png"):
            with Image.open(montage) as picture:
                picture.save(IMAGES / f"units_{montage.stem}.webp", quality=72, method=6)
