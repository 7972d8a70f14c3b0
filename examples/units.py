"""From edges to objects: montages of VGG19's layers over a folder of photographs.

python examples/units.py PHOTOS
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from impasto.units import survey

IMAGES = Path(__file__).parents[1] / "docs" / "images"

with TemporaryDirectory() as folder:
    layers = "relu1_1,relu2_1,relu3_1,relu4_1,relu5_1"
    for _ in survey(sys.argv[1], folder, layers=layers, maximize=False):
        pass
    for montage in Path(folder, "layers").glob("*.png"):
        with Image.open(montage) as picture:
            picture.save(IMAGES / f"units_{montage.stem}.webp", quality=72, method=6)
