"""Pictures out: a signal becomes a PNG, JPEG, WebP or TIFF file, or a PIL image."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from impasto.errors import ShapeError, UsageError, nearest
from impasto.media.files import atomic_write
from impasto.media.image.note import SOFTWARE, exif_with
from impasto.media.image.profile import srgb_profile
from impasto.signal import Signal, resample

OUTPUT_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")

_JPEG = {"format": "JPEG", "quality": 95, "subsampling": "4:4:4"}
_PILLOW_OPTIONS: dict[str, dict[str, Any]] = {
    ".png": {"format": "PNG"},
    ".jpg": _JPEG,
    ".jpeg": _JPEG,
    ".webp": {"format": "WEBP", "quality": 95},
}
_LONGEST_SIDE = {".jpg": 65_500, ".jpeg": 65_500, ".webp": 16_383}
_LONGEST_JPEG_EXIF = 65_533


def write_image(
    signal: Signal,
    target: str | os.PathLike[str] | BinaryIO,
    *,
    suffix: str | None = None,
    bits: int = 8,
    note: str | None = None,
) -> None:
    """Write a picture, whole or not at all; the same picture always gives the same bytes.

    Args:
        signal: Samples of shape (3, h, w), clipped to 0 to 1. If there is meta["alpha"], of shape
            (1, h, w), it is brought to the size of the samples and undoes the mixing with white.
        target: A path, or a binary stream.
        suffix: The kind of file, such as ".png"; by default that of the path.
        bits: Bits a sample: 8, or 16 for PNG and TIFF.
        note: Text without the character NUL to put inside, for `read_note`.
    Raises:
        UsageError: If the kind of file is unknown or cannot hold the bits, the size or the note.
        OSError: If the target cannot be written.
    """
    if isinstance(target, str | os.PathLike):
        path = Path(target)
        data = encode_image(signal, suffix or path.suffix, bits=bits, note=note)
        with atomic_write(path) as temporary:
            temporary.write_bytes(data)
    else:
        target.write(encode_image(signal, suffix or "", bits=bits, note=note))


def encode_image(signal: Signal, suffix: str, *, bits: int = 8, note: str | None = None) -> bytes:
    """Return the bytes that `write_image` writes."""
    check_output(suffix, bits=bits)
    suffix = suffix.lower()
    if max(signal.space) > _LONGEST_SIDE.get(suffix, max(signal.space)):
        raise UsageError(
            f"A {suffix} file holds at most {_LONGEST_SIDE[suffix]} pixels a side, not "
            f"{max(signal.space)}: write a .png or .tif file instead."
        )
    planes = _planes(signal)
    if suffix in (".tif", ".tiff"):
        return _tiff(_levels(planes, bits), note)
    if bits == 16:
        return _wide_png(_levels(planes, bits), note)
    if suffix in (".jpg", ".jpeg") and planes.shape[0] == 4:
        planes = planes[:3] * planes[3:] + (1 - planes[3:])
    return _by_pillow(_levels(planes, bits), suffix, note)


def check_output(suffix: str, *, bits: int = 8) -> None:
    """Refuse a kind of file that cannot be written, before any work is done.

    Args:
        suffix: The end of the file's name, such as ".png".
        bits: Bits a sample.
    Raises:
        UsageError: If the suffix is unknown, or its files do not hold so many bits.
    """
    if suffix.lower() not in OUTPUT_SUFFIXES:
        kind = f"with the suffix {suffix}" if suffix else "without a suffix"
        hint = nearest(suffix.lower(), OUTPUT_SUFFIXES)
        raise UsageError(f"Pictures are not written to files {kind}. {hint}")
    if bits not in (8, 16):
        raise UsageError(f"Pictures are written with 8 or 16 bits, not {bits}.")
    if bits == 16 and suffix.lower() not in (".png", ".tif", ".tiff"):
        raise UsageError(f"Only .png and .tif files hold 16 bits, {suffix} files do not.")


def to_pil(signal: Signal) -> Image.Image:
    """Return a picture as a PIL image of 8 bits, RGB or RGBA."""
    return Image.fromarray(_levels(_planes(signal), 8))


def _planes(signal: Signal) -> Tensor:
    """Return colors from 0 to 1 as they are before mixing with white, and alpha if there is any.

    Returns:
        Shape (3 | 4, h, w).
    """
    colors = signal.samples.detach().cpu().float()
    if colors.ndim != 3 or colors.shape[0] != 3:
        raise ShapeError(f"A picture has samples of shape (3, h, w), not {tuple(colors.shape)}.")
    colors = colors.nan_to_num(nan=0).clamp(0, 1)
    alpha = signal.meta.get("alpha")
    if alpha is None:
        return colors
    alpha = resample(alpha[None].cpu().float(), signal.space)[0].clamp(0, 1)
    unmixed = (colors - (1 - alpha)) / alpha
    return torch.cat([torch.where(alpha > 0, unmixed, 1).clamp(0, 1), alpha])


def _levels(planes: Tensor, bits: int) -> NDArray[Any]:
    """Round planes (c, h, w) from 0 to 1 to whole levels, shape (h, w, c), uint8 or uint16."""
    levels = (planes * (2**bits - 1)).round().movedim(0, -1).numpy()
    return np.ascontiguousarray(levels, np.uint8 if bits == 8 else np.uint16)


def _by_pillow(levels: NDArray[Any], suffix: str, note: str | None) -> bytes:
    exif = exif_with(note)
    options = _PILLOW_OPTIONS[suffix]
    if options is _JPEG and len(exif) > _LONGEST_JPEG_EXIF:
        raise UsageError("A JPEG file holds at most 64 KB of settings: write a .png file instead.")
    stream = io.BytesIO()
    Image.fromarray(levels).save(stream, exif=exif, icc_profile=srgb_profile(), **options)
    return stream.getvalue()


def _wide_png(levels: NDArray[Any], note: str | None) -> bytes:
    """Encode 16-bit samples, which Pillow cannot."""
    import cv2

    bgr = levels[..., [2, 1, 0, 3][: levels.shape[-1]]]
    kinds = [cv2.IMAGE_METADATA_ICCP, cv2.IMAGE_METADATA_EXIF]
    blocks = [srgb_profile(), exif_with(note).removeprefix(b"Exif\0\0")]
    metadata = [(k, np.frombuffer(b, np.uint8)) for k, b in zip(kinds, blocks, strict=True) if b]
    types, chunks = zip(*metadata, strict=True)
    _, data = cv2.imencodeWithMetadata(".png", bgr, types, chunks)
    return data.tobytes()


def _tiff(levels: NDArray[Any], note: str | None) -> bytes:
    """Encode 8- or 16-bit samples; tifffile, because Pillow has no 16-bit colors."""
    import tifffile

    stream = io.BytesIO()
    tifffile.imwrite(
        stream,
        levels,
        photometric="rgb",
        extrasamples=["unassalpha"] if levels.shape[-1] == 4 else None,
        compression="zlib",
        predictor=True,
        metadata=None,
        software=SOFTWARE if note is not None else None,
        description=None if note is None else note.encode(errors="replace"),
        iccprofile=srgb_profile(),
    )
    return stream.getvalue()
