"""Peak memory and time of the whole command on a head of the usual size, slice by slice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import nibabel
import numpy as np
from memory import watch
from nilearn.datasets import load_mni152_template
from report import Options, Row

from impasto import StylizeSettings
from impasto.encoders import Chain
from impasto.engine.memory import make_slice_plan, slices_peak_bytes
from impasto.objectives.conventions import CONVENTIONS
from impasto.stylization import encoder_for

SPACE = (181, 217, 181)
STYLE = "starry_night"
LIMIT = 8


def save_head(path: Path) -> None:
    """Save the middle of nilearn's MNI template, 181 x 217 x 181 voxels of a millimeter."""
    template = load_mni152_template(resolution=1)
    corner = [(all_ - own) // 2 for all_, own in zip(template.shape, SPACE, strict=True)]
    middle = template.slicer[
        tuple(slice(at, at + own) for at, own in zip(corner, SPACE, strict=True))
    ]
    values = np.asarray(middle.dataobj, np.float32)
    made = nibabel.Nifti1Image(values, middle.affine)  # type: ignore[no-untyped-call]
    nibabel.save(made, path)


def estimated() -> float:
    """Return what the program says beforehand, in bytes."""
    encoder = encoder_for(StylizeSettings(), medium="volume")
    assert isinstance(encoder, Chain)
    chosen = CONVENTIONS[StylizeSettings().objective]
    kept = list(chosen.content_layers)
    layers = [*kept, *chosen.style_layers]
    plan = make_slice_plan(encoder, layers, SPACE, memory=LIMIT * 2**30, kept=kept)
    return slices_peak_bytes(encoder, layers, SPACE, plan, kept=kept)


def rows(options: Options) -> Iterator[Row]:
    """Measure a head at full size, and one at half."""
    with tempfile.TemporaryDirectory() as folder:
        head = Path(folder) / "head.nii.gz"
        save_head(head)
        device = ("--device", options.device)
        half = watch(str(head), STYLE, "--size", "96", *device, steps=2, suffix=".nii.gz")
        yield Row(
            f"peak memory of a head, longest side 96 ({half.megapixels:.2f} million voxels)",
            f"{half.gigabytes:.2f} GB",
        )
        if options.quick:
            return
        whole = ("--size", "original", "--memory", f"{LIMIT}GB")
        seen = watch(str(head), STYLE, *whole, *device, steps=1, suffix=".nii.gz")
        yield Row(
            f"peak memory of a head of {' × '.join(map(str, SPACE))} voxels, `--memory {LIMIT}GB`; "
            f"with all corrections the program estimates {estimated() / 2**30:.2f} GB",
            f"{seen.gigabytes:.2f} GB",
            f"≤ {LIMIT} GB",
            seen.gigabytes <= LIMIT,
        )
        yield Row(
            "time for a million voxels there",
            f"{seen.seconds / seen.megapixels / (half.seconds / half.megapixels):.2f} × that at 96",
        )
