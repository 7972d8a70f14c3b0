"""Open the file of a volume, and say in one sentence what is wrong with it."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from impasto.errors import ImpastoError, InputError, OutOfMemoryError, UsageError

VolumeFile = str | os.PathLike[str] | bytes | BinaryIO

MAX_VOXELS = 200_000_000


@contextmanager
def opened(source: VolumeFile) -> Iterator[tuple[BinaryIO, str]]:
    """Open a file; what goes wrong in the block becomes an InputError.

    Args:
        source: A path, the bytes of a file or a binary stream.
    Yields:
        A stream that can seek, at its beginning, and what to call it in an error.
    Raises:
        InputError: If it is missing, empty, no volume, damaged or cut short.
        OutOfMemoryError: If there is too little memory to decode it.
        UsageError: If the source is an address on the network.
    """
    name = _name(source)
    try:
        with _stream(source) as stream:
            if not stream.read(1):
                raise InputError(f"{name} is empty.")
            stream.seek(0)
            yield stream, name
    except ImpastoError:
        raise
    except FileNotFoundError:
        raise InputError(f"{name} does not exist.") from None
    except IsADirectoryError:
        raise InputError(f"{name} is a folder, not a volume.") from None
    except PermissionError:
        raise InputError(f"{name} cannot be read: permission denied.") from None
    except MemoryError:
        raise OutOfMemoryError(f"There is too little memory to read {name}.") from None
    except Exception as error:  # decoders raise all kinds of things on malformed data
        raise InputError(f"{name} is damaged or cut short ({error}).") from error


def _name(source: VolumeFile) -> str:
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    name = getattr(source, "name", "")
    return name if name and isinstance(name, str) else "The volume"


@contextmanager
def _stream(source: VolumeFile) -> Iterator[BinaryIO]:
    if isinstance(source, str | os.PathLike):
        if os.fspath(source).startswith(("http://", "https://")):
            raise UsageError(f"{source} is an address, not a file: download it first.")
        with Path(source).open("rb") as file:
            yield file
        return
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    yield stream if stream.seekable() else io.BytesIO(stream.read())


def check_size(space: Sequence[int], name: str, max_voxels: int) -> None:
    """Refuse a volume that would be too much to decode, or is empty.

    Raises:
        InputError: If it is.
    """
    by = " x ".join(str(length) for length in space)
    if not all(length > 0 for length in space):
        raise InputError(f"{name} has no voxels ({by}).")
    if (count := math.prod(space)) > max_voxels:
        raise InputError(
            f"{name} has {by} = {count} voxels, more than the limit of {max_voxels}. If you trust "
            "it, raise the limit with --max-pixels."
        )


def pick_frame(count: int, frame: int | None, name: str) -> int:
    """Return which of several volumes is read.

    Raises:
        InputError: If there are several and none is chosen, or the chosen one does not exist.
    """
    if frame is None and count > 1:
        raise InputError(
            f"{name} holds {count} volumes, one after another: choose one with --frame N, "
            f"N from 0 to {count - 1}."
        )
    chosen = frame or 0
    if not 0 <= chosen < count:
        raise InputError(
            f"{name} has no frame {chosen}: there are {count}, counted from 0."
            if count > 1
            else f"{name} is a single volume: leave out --frame {chosen}."
        )
    return chosen


def check_samples(values: NDArray[Any], name: str) -> None:
    """Refuse numbers that cannot be stylized.

    Raises:
        InputError: If they are complex or no numbers, or some are not finite.
    """
    if values.dtype.kind not in "biuf":
        raise InputError(f"{name} holds samples of type {values.dtype}: save it as real numbers.")
    if values.dtype.kind == "f" and (bad := int(values.size - np.isfinite(values).sum())):
        raise InputError(
            f"{name} has {bad} voxels that are not finite (NaN or infinite): replace them first."
        )
