"""NIfTI: scans with the place of every voxel in millimeters."""

from __future__ import annotations

import gzip
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from impasto.errors import InputError
from impasto.media.extra import need
from impasto.media.volume.arrays import as_dtype
from impasto.media.volume.opening import check_samples, check_size, pick_frame
from impasto.signal import Signal

_NOTE = b"impasto\n"
_COMMENT = 6  # the code of a header extension that holds text
_MILLIMETERS = {"meter": 1000.0, "micron": 0.001}
_COLORS = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])


def read(stream: BinaryIO, name: str, *, frame: int | None, max_voxels: int) -> Signal:
    """Read one volume of a file, see `volume.read`."""
    image = _open(stream, name)
    header = image.header
    if len(image.shape) < 3:
        raise InputError(f"{name} is flat, with axes {image.shape}: a volume has three.")
    if any(length > 1 for length in image.shape[4:]):
        raise InputError(f"{name} holds vectors, with axes {image.shape}: a volume has three.")
    check_size(image.shape[:3], name, max_voxels)
    chosen = pick_frame(image.shape[3] if len(image.shape) > 3 else 1, frame, name)
    where = (slice(None),) * 3 + ((chosen,) if len(image.shape) > 3 else ())
    where += (0,) * (len(image.shape) - 4)
    dtype = header.get_data_dtype()
    values = np.asarray(image.dataobj[where])
    if dtype == _COLORS:
        planes = np.stack([values[channel] for channel in "RGB"]) / np.float32(255)
    else:
        check_samples(values, name)
        planes = values[None]
    # in files x goes fastest: seen from the last axis on, the array is (z, y, x)
    samples = np.array(planes.transpose(0, 3, 2, 1), np.float32, order="C")
    header = header.copy()
    if (proxy := image.dataobj).slope != 1 or proxy.inter != 0:  # nibabel takes them off headers
        header.set_slope_inter(proxy.slope, proxy.inter)
    scale = _MILLIMETERS.get(header.get_xyzt_units()[0], 1.0)
    spacing = tuple(abs(float(step)) * scale or 1.0 for step in header.get_zooms()[2::-1])
    meta: dict[str, Any] = {
        "dtype": "rgb" if dtype == _COLORS else dtype.name,
        "spacing_mm": spacing,
        "affine": image.affine,
        "header": header,
    }
    return Signal(torch.from_numpy(samples), "volume", meta)


def encode(signal: Signal, *, note: str | None, compress: bool) -> bytes:
    """Return the bytes of a file, see `volume.write`."""
    nibabel = need("nibabel", extra="volume")
    header = signal.meta.get("header")
    spacing = signal.meta.get("spacing_mm", (1.0, 1.0, 1.0))
    affine = signal.meta.get("affine", np.diag([*spacing[::-1], 1.0]))
    kind = signal.meta.get("dtype", "float32")
    values = signal.samples.numpy().transpose(0, 3, 2, 1)
    if header is None:
        header = nibabel.Nifti1Header()
        header.set_xyzt_units("mm")
    header = header.copy()
    slope, intercept = header.get_slope_inter() if len(values) == 1 else (None, None)
    if len(values) == 3:
        levels = (values.clip(0, 1) * 255).round().astype(np.uint8)
        data: NDArray[Any] = np.zeros(levels.shape[1:], _COLORS)
        for channel, plane in zip("RGB", levels, strict=True):
            data[channel] = plane
        header.set_data_dtype(_COLORS)
    else:
        dtype = np.dtype("float32" if kind == "rgb" else kind)
        dtype = np.dtype("uint8") if dtype.kind == "b" else dtype
        stored = (values[0] - (intercept or 0)) / (slope or 1)
        data = as_dtype(stored, dtype)
        header.set_data_dtype(dtype)
    # intensities changed, so that what they once spanned says nothing
    header["cal_min"] = header["cal_max"] = 0
    made = (nibabel.Nifti2Image if header["sizeof_hdr"] == 540 else nibabel.Nifti1Image)(
        data, affine, header
    )
    made.header.set_slope_inter(slope, intercept)  # the image takes them off its header
    made.header.extensions[:] = [e for e in made.header.extensions if not _is_note(e)]
    if note is not None:
        text = _NOTE + note.encode(errors="replace")
        made.header.extensions.append(nibabel.nifti1.Nifti1Extension(_COMMENT, text))
    content: bytes = made.to_bytes()
    return gzip.compress(content, 6, mtime=0) if compress else content


def read_note(stream: BinaryIO, name: str) -> str | None:
    """Return the note inside, see `volume.read_note`."""
    for extension in _open(stream, name).header.extensions:
        if _is_note(extension):
            return _content(extension).removeprefix(_NOTE).rstrip(b"\0").decode()
    return None


def _open(stream: BinaryIO, name: str) -> Any:
    """Return nibabel's image, whose samples have not been decoded."""
    nibabel = need("nibabel", extra="volume")
    if stream.read(2) == b"\x1f\x8b":
        stream.seek(0)
        stream = gzip.GzipFile(fileobj=stream)  # type: ignore[assignment]
    stream.seek(0)
    begin = stream.read(352)
    kinds = {b"n+1\0": nibabel.Nifti1Image, b"n+2\0": nibabel.Nifti2Image}
    kind = kinds.get(begin[344:348]) or kinds.get(begin[4:8])
    if kind is None:
        raise InputError(f"{name} is not a volume that impasto can read (NIfTI, TIFF or npy).")
    stream.seek(0)
    return kind.from_stream(stream)


def _content(extension: Any) -> bytes:
    content = extension.get_content()
    return content.encode() if isinstance(content, str) else bytes(content)


def _is_note(extension: Any) -> bool:
    return extension.get_code() == _COMMENT and _content(extension).startswith(_NOTE)
