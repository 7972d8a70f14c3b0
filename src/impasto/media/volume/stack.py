"""TIFF stacks: one page a slice."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import tifffile
import torch

from impasto.errors import InputError
from impasto.media.volume.arrays import as_dtype, plain_dtype
from impasto.media.volume.opening import check_samples, check_size, pick_frame
from impasto.signal import Signal

_NOTE = "impasto="
_UNITS = {"mm": 1.0, "millimeter": 1.0, "cm": 10.0, "micron": 1e-3, "um": 1e-3, "µm": 1e-3}
_PER_CENTIMETER = 3  # the unit of a TIFF's resolution


def read(stream: BinaryIO, name: str, *, frame: int | None, max_voxels: int) -> Signal:
    """Read a stack, see `volume.read`."""
    with tifffile.TiffFile(stream) as file:
        if len(file.series) != 1:
            raise InputError(
                f"{name} has pages of {len(file.series)} different sizes: a volume has one."
            )
        series = file.series[0]
        colors = series.axes.endswith("S")
        axes = series.axes.removesuffix("S")
        shape = series.shape[: len(axes)]
        if len(axes) == 2:
            raise InputError(f"{name} has one page: a volume has several.")
        if len(axes) > 4 or (colors and series.shape[-1] != 3):
            raise InputError(f"{name} has axes {series.axes} of {series.shape}: a volume has ZYX.")
        chosen = pick_frame(shape[0] if len(axes) == 4 else 1, frame, name)
        check_size(shape[-3:], name, max_voxels)
        values = series.asarray()
        values = values[chosen] if len(axes) == 4 else values
        spacing = _spacing(file)
    check_samples(values, name)
    planes = np.moveaxis(values, -1, 0) if colors else values[None]
    meta: dict[str, Any] = {"dtype": values.dtype.name}
    if colors and values.dtype.kind == "u":  # colors count from 0 to 1, however they are stored
        planes, meta["dtype"] = planes / np.float32(np.iinfo(values.dtype).max), "rgb"
    if spacing is not None:
        meta["spacing_mm"] = spacing
    samples = torch.from_numpy(np.array(planes, np.float32, order="C"))
    return Signal(samples, "volume", meta)


def has_slices(path: Path) -> bool:
    """Tell whether a TIFF file is a stack, all pages of one size, and not a picture."""
    try:
        with tifffile.TiffFile(path) as file:
            pages = len(file.pages)
            told = file.imagej_metadata or {}
            return (pages > 1 or told.get("slices", 1) > 1) and len(file.series) == 1
    except Exception:  # what is wrong with it is said where it is read
        return False


def encode(signal: Signal, *, note: str | None) -> bytes:
    """Return the bytes of a file, see `volume.write`.

    The description is written as ImageJ's, which holds the distance of the slices.
    """
    samples = signal.samples.numpy()
    colors = len(samples) == 3
    if colors:
        values = (samples.clip(0, 1) * 255).round().astype(np.uint8)
        values = np.ascontiguousarray(np.moveaxis(values, 0, -1))
    else:
        values = as_dtype(samples[0], np.dtype(plain_dtype(signal)))
    slices, options = len(values), dict[str, Any]()
    lines = ["ImageJ=1.11a", f"images={slices}", f"slices={slices}"]
    if "spacing_mm" in signal.meta:
        between, *inside = signal.meta["spacing_mm"]
        lines += ["unit=mm", f"spacing={between!r}"]
        options = {
            "resolution": [10 / step for step in inside[::-1]],
            "resolutionunit": _PER_CENTIMETER,
        }
    if note is not None:
        lines.append(_NOTE + note)
    stream = io.BytesIO()
    tifffile.imwrite(
        stream,
        values,
        photometric="rgb" if colors else "minisblack",
        compression="zlib",
        predictor=values.dtype.kind in "iu",
        metadata=None,
        description=("\n".join(lines) + "\n").encode(errors="replace"),
        **options,
    )
    return stream.getvalue()


def read_note(stream: BinaryIO, name: str) -> str | None:  # noqa: ARG001 - as for other files
    """Return the note inside, see `volume.read_note`."""
    with tifffile.TiffFile(stream) as file:
        for line in file.pages.first.description.splitlines():
            if line.startswith(_NOTE):
                return line.removeprefix(_NOTE)
    return None


def _spacing(file: tifffile.TiffFile) -> tuple[float, float, float] | None:
    """Return the distances of voxels along d, h and w in millimeters, where the file tells."""
    told, tags = file.imagej_metadata or {}, file.pages.first.tags
    scale = _UNITS.get(str(told.get("unit", "")))
    if scale is None or "spacing" not in told or "XResolution" not in tags:
        return None
    inside = []
    for name in ("YResolution", "XResolution"):
        count, whole = tags[name].value
        if not count or not whole:
            return None
        inside.append(whole / count)
    if "ResolutionUnit" in tags and tags["ResolutionUnit"].value == _PER_CENTIMETER:
        inside = [10 * step for step in inside]
    else:
        inside = [scale * step for step in inside]
    return scale * float(told["spacing"]), inside[0], inside[1]
