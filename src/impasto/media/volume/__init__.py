"""Volumes: read as signals of shape (channel, d, h, w) in the units of their files, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from impasto.media.files import atomic_write, unwritten
from impasto.media.volume import arrays, nifti, stack
from impasto.media.volume.opening import MAX_VOXELS, VolumeFile, opened
from impasto.signal import Signal

__all__ = [
    "INPUT_SUFFIXES",
    "MAX_VOXELS",
    "OUTPUT_SUFFIXES",
    "VolumeSource",
    "check_output",
    "encode",
    "read",
    "read_note",
    "write",
]

INPUT_SUFFIXES = (".nii", ".nii.gz", ".tif", ".tiff", ".npy")
OUTPUT_SUFFIXES = INPUT_SUFFIXES

VolumeSource = VolumeFile | NDArray[Any] | Tensor

# How files begin: NIfTI has no such mark before byte 344, and is what is left over.
_KINDS = ((b"\x93NUMPY", arrays), (b"II", stack), (b"MM", stack))


def read(source: VolumeSource, *, frame: int | None = None, max_voxels: int = MAX_VOXELS) -> Signal:
    """Read a volume; what a file begins with says which kind it is.

    Args:
        source: A path, the bytes of a file, a binary stream, or an array or tensor of shape
            (d, h, w), (d, h, w, 1 | 3) or (1 | 3, d, h, w).
        frame: Which volume of a series to read, counted from 0; None if there is only one.
        max_voxels: A file that announces more is refused before it is decoded.
    Returns:
        Samples of shape (1 | 3, d, h, w), float32, in the units of the file. meta: "dtype", what
        the samples were; "spacing_mm", the distance of voxels along d, h and w where the file
        tells it; of NIfTI "affine" and "header".
    Raises:
        InputError: If the source is missing, no volume, damaged, cut short or too large, holds
            several volumes and no frame is chosen, or holds numbers that are not finite.
        UsageError: If an array has another shape, or nibabel is missing.
    """
    if isinstance(source, Tensor):
        source = source.detach().cpu().numpy()
    if isinstance(source, np.ndarray):
        return arrays.from_array(source, "The array", frame=frame)
    with opened(source) as (stream, name):
        begin = stream.read(6)
        stream.seek(0)
        signal: Signal = _kind(begin).read(stream, name, frame=frame, max_voxels=max_voxels)
        return signal


def write(signal: Signal, path: str | os.PathLike[str], *, note: str | None = None) -> None:
    """Write a volume, whole or not at all.

    Args:
        signal: Samples of shape (1 | 3, d, h, w), in the units and with the meta of `read`.
        path: Where to; the suffix says which kind of file it becomes.
        note: Text to put inside, for `read_note`. An .npy file has no place for it.
    Raises:
        UsageError: If the suffix is unknown, or nibabel is missing.
        OSError: If the file cannot be written.
    """
    target = Path(path)
    data = encode(signal, target.name, note=note)
    with atomic_write(target) as temporary:
        temporary.write_bytes(data)


def encode(signal: Signal, suffix: str, *, note: str | None = None) -> bytes:
    """Return the bytes that `write` writes.

    Args:
        signal: As for `write`.
        suffix: The end of the file's name, such as ".nii.gz".
        note: As for `write`.
    """
    check_output(suffix)
    lower = suffix.lower()
    if lower.endswith((".nii", ".nii.gz")):
        return nifti.encode(signal, note=note, compress=lower.endswith(".gz"))
    if lower.endswith((".tif", ".tiff")):
        return stack.encode(signal, note=note)
    return arrays.encode(signal)


def check_output(name: str) -> None:
    """Refuse a kind of file that cannot be written, before any work is done.

    Args:
        name: The file's name, or its end.
    Raises:
        UsageError: If the suffix is unknown.
    """
    if not name.lower().endswith(OUTPUT_SUFFIXES):
        raise unwritten(Path(name).suffix, OUTPUT_SUFFIXES, "Volumes")


def read_note(path: VolumeFile) -> str | None:
    """Read the note that `write` has put into a volume, or None if there is none.

    Raises:
        InputError: If the file cannot be read.
    """
    with opened(path) as (stream, name):
        begin = stream.read(6)
        stream.seek(0)
        note: str | None = _kind(begin).read_note(stream, name)
        return note


def _kind(begin: bytes) -> Any:
    """Return the module that reads files with such a beginning."""
    return next((kind for mark, kind in _KINDS if begin.startswith(mark)), nifti)
