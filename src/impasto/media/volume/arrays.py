"""Plain arrays: .npy files, and what a caller has in memory."""

from __future__ import annotations

import io
import math
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from impasto.errors import InputError
from impasto.media.volume.opening import check_samples, check_size, pick_frame
from impasto.signal import Signal

_CHANNELS = (1, 3)


def read(stream: BinaryIO, name: str, *, frame: int | None, max_voxels: int) -> Signal:
    """Read an .npy file, see `volume.read`."""
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        header = np.lib.format.read_array_header_2_0
    shape, _, dtype = header(stream)
    if math.prod(shape) > len(_CHANNELS) * max_voxels:
        check_size(shape, name, max_voxels)
    if dtype.hasobject:
        raise InputError(f"{name} holds Python objects: save it as real numbers.")
    stream.seek(0)
    return from_array(np.load(stream, allow_pickle=False), name, frame=frame)


def from_array(values: NDArray[Any], name: str, *, frame: int | None = None) -> Signal:
    """Make a volume of an array, see `volume.read`.

    Raises:
        InputError: If it has another shape, is empty, or holds numbers that are not finite.
    """
    if 0 in values.shape:
        raise InputError(f"{name} has no voxels: its shape is {values.shape}.")
    planes = values[None] if values.ndim == 3 else values
    if planes.ndim == 4 and planes.shape[0] not in _CHANNELS and planes.shape[-1] in _CHANNELS:
        planes = np.moveaxis(planes, -1, 0)
    if planes.ndim != 4 or planes.shape[0] not in _CHANNELS:
        raise InputError(
            f"{name} has shape {values.shape}, and a volume has (d, h, w), or besides one axis "
            "of 1 or 3 channels at the beginning or the end."
        )
    pick_frame(1, frame, name)
    check_samples(planes, name)
    samples = torch.from_numpy(np.array(planes, np.float32, order="C"))
    return Signal(samples, "volume", {"dtype": values.dtype.name})


def encode(signal: Signal) -> bytes:
    """Return the bytes of an .npy file: (d, h, w), or (d, h, w, 3) for colors."""
    values = as_dtype(signal.samples.numpy(), np.dtype(plain_dtype(signal)))
    stream = io.BytesIO()
    np.save(stream, values[0] if len(values) == 1 else np.moveaxis(values, 0, -1))
    return stream.getvalue()


def read_note(_stream: BinaryIO, _name: str) -> str | None:
    """Return None: there is no place for a note."""
    return None


def plain_dtype(signal: Signal) -> str:
    """Return the type in which samples are stored where colors have no type of their own."""
    kind = signal.meta.get("dtype", "float32")
    return "float32" if kind == "rgb" else str(kind)


def as_dtype(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Convert samples to a type; whole numbers are rounded and kept within its range."""
    if dtype.kind == "f":
        return values.astype(dtype)
    low, high = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    # the largest float32 below 2**31 or 2**63 is smaller than these
    return values.astype(np.float64).round().clip(low, high).astype(dtype)
