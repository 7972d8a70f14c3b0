"""A folder that paints without impasto: the network in ONNX, and a page of Python."""

from __future__ import annotations

from pathlib import Path

from impasto.errors import UsageError
from impasto.fast.model import FastModel
from impasto.fast.onnx import export_onnx

MODEL, EXAMPLE, README = "model.onnx", "paint.py", "README.md"

_EXAMPLE = '''"""Paint a picture: python paint.py photo.jpg painting.jpg [STYLE[:WEIGHT] ...]

Needs: pip install numpy onnxruntime pillow
"""

import json
import sys
from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image, ImageOps

session = onnxruntime.InferenceSession(Path(__file__).with_name("model.onnx"))
facts = json.loads(session.get_modelmeta().custom_metadata_map["impasto"])
names = [own["name"] for own in facts["known"]]

if len(sys.argv) < 3:
    sys.exit(f"Say: python paint.py photo.jpg painting.jpg [STYLE ...]. Styles: {', '.join(names)}")
shares = np.zeros(len(names), np.float32)
for asked in sys.argv[3:] or names[:1]:
    name, _, weight = asked.partition(":")
    if name not in names:
        sys.exit(f"There is no style {name!r}. Styles: {', '.join(names)}")
    shares[names.index(name)] += float(weight or 1)

photo = ImageOps.exif_transpose(Image.open(sys.argv[1])).convert("RGB")
picture = np.asarray(photo, np.float32).transpose(2, 0, 1)[None] / 255
strength = np.array(1.0, np.float32)  # down to 0: the photograph, nearly
(painting,) = session.run(None, {"picture": picture, "shares": shares, "strength": strength})
levels = (painting[0].clip(0, 1) * 255).round().astype(np.uint8).transpose(1, 2, 0)
Image.fromarray(levels).save(sys.argv[2])
'''

_README = """# A network that paints

`{model}` turns a photograph into a painting, with ONNX Runtime or any other program that reads
ONNX.

    pip install numpy onnxruntime pillow
    python {example} photo.jpg painting.jpg {first}

Styles: {styles}.

Inputs: `picture` (1, 3, h, w), sRGB from 0 to 1, sides of at least 32; `shares` ({count},), how
much of each style; `strength`, from 0 to 1. Output: `painting`, shaped as the picture. It was
exported by impasto, which checked that it paints as PyTorch does (largest difference {apart:.1g}).
License of the model: {license}.
"""


def write_parcel(model: FastModel, folder: Path) -> float:
    """Write a network, an example in Python and a page about both into a folder.

    Args:
        model: A model with a table of styles.
        folder: Where to; it is made if it is not there.
    Returns:
        As `export_onnx`.
    Raises:
        UsageError: If the folder holds something else, or as `export_onnx`.
        ImpastoError: As `export_onnx`.
        OSError: If the folder cannot be written.
    """
    own = {MODEL, EXAMPLE, README}
    if folder.exists() and (not folder.is_dir() or {p.name for p in folder.iterdir()} - own):
        raise UsageError(f"{folder} holds something else: name a folder that is new or empty.")
    folder.mkdir(exist_ok=True)
    apart = export_onnx(model, folder / MODEL)
    names = [own.name for own in model.known]
    (folder / EXAMPLE).write_text(_EXAMPLE, encoding="utf-8")
    page = _README.format(
        model=MODEL,
        example=EXAMPLE,
        first=names[0],
        styles=", ".join(names),
        count=len(names),
        apart=apart,
        license=model.facts.get("license") or "not given",
    )
    (folder / README).write_text(page, encoding="utf-8")
    return apart
