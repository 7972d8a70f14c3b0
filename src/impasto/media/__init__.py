"""Between files and signals: the suffix of a path says who reads and who writes it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import UsageError, nearest
from impasto.media import volume
from impasto.media.files import atomic_write
from impasto.media.image import (
    INPUT_SUFFIXES,
    MAX_PIXELS,
    OUTPUT_SUFFIXES,
    ImageSource,
    encode_image,
    read_image,
    to_pil,
    write_image,
)
from impasto.media.volume.stack import has_slices
from impasto.signal import Signal

__all__ = [
    "INPUT_SUFFIXES",
    "MAX_PIXELS",
    "MEDIA",
    "OUTPUT_SUFFIXES",
    "Source",
    "preview",
    "read",
    "to_pil",
    "write",
    "write_bytes",
]

Source = ImageSource | Signal


@dataclass(frozen=True)
class Medium:
    """A kind of signal."""

    name: str
    noun: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


MEDIA = {
    own.name: own
    for own in (
        Medium("image", "picture", INPUT_SUFFIXES, OUTPUT_SUFFIXES),
        Medium("audio", "sound", (".wav", ".flac", ".ogg", ".mp3"), ()),
        Medium("series", "series", (".csv", ".npy"), ()),
        Medium("volume", "volume", volume.INPUT_SUFFIXES, volume.OUTPUT_SUFFIXES),
        Medium("video", "film", (".mp4", ".webm", ".gif"), ()),
    )
}

_READERS = dict.fromkeys(INPUT_SUFFIXES, read_image)
_WRITERS = dict.fromkeys(OUTPUT_SUFFIXES, write_image)


def read(
    source: Source,
    *,
    medium: str | None = None,
    max_pixels: int = MAX_PIXELS,
    frame: int | None = None,
) -> Signal:
    """Read whatever can be stylized.

    A file with an unknown suffix, or something that is no file, is read as a picture.

    Args:
        source: What `read_image` takes, or a signal, which is returned as it is.
        medium: What it is, a name of MEDIA; None to find out by the name of the file.
        max_pixels: A picture with more pixels, or a volume with more voxels, is refused.
        frame: Which volume of a series to read, counted from 0.
    Raises:
        InputError: If the source cannot be read.
        UsageError: If an array or a tensor has a wrong shape, type or range.
    """
    if isinstance(source, Signal):
        return source
    if medium == "volume" or (medium is None and is_volume(source)):
        return volume.read(source, frame=frame, max_voxels=max_pixels)  # type: ignore[arg-type]
    suffix = Path(source).suffix.lower() if isinstance(source, str | os.PathLike) else ""
    return _READERS.get(suffix, read_image)(source, max_pixels=max_pixels)


def is_volume(source: Source) -> bool:
    """Tell whether a file is read as a volume: by its suffix, and a TIFF by its pages."""
    if not isinstance(source, str | os.PathLike):
        return False
    name = os.fspath(source).lower()
    if name.endswith((".tif", ".tiff")):
        return has_slices(Path(source))
    return name.endswith(volume.INPUT_SUFFIXES)


def write(
    signal: Signal, target: str | os.PathLike[str], *, bits: int = 8, note: str | None = None
) -> None:
    """Write a signal to a file, whole or not at all.

    Args:
        signal: What to write.
        target: Where to; its suffix says which kind of file it becomes.
        bits: Bits a sample.
        note: Text to put inside.
    Raises:
        UsageError: If the kind of file is unknown or cannot hold the signal.
        OSError: If the file cannot be written.
    """
    path = Path(target)
    if signal.medium == "volume":
        volume.write(signal, path, note=note)
        return
    suffix = path.suffix.lower()
    if suffix not in _WRITERS:
        raise UsageError(
            f"{path} has no suffix of a known kind of file. {nearest(suffix, _WRITERS)}"
        )
    _WRITERS[suffix](signal, path, bits=bits, note=note)


def preview(signal: Signal) -> bytes:
    """Return a PNG that shows a signal, for notebooks."""
    return encode_image(signal, ".png")


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: If it cannot be written.
    """
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)
