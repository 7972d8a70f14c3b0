"""Between files and signals: the medium says who reads and who writes, and the file the medium."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from impasto.errors import UsageError, nearest
from impasto.media import audio, image, series, video, volume
from impasto.media.files import atomic_write
from impasto.media.image import INPUT_SUFFIXES, MAX_PIXELS, OUTPUT_SUFFIXES, ImageSource, to_pil
from impasto.media.volume.stack import has_slices
from impasto.signal import Signal, fit

__all__ = [
    "INPUT_SUFFIXES",
    "MAX_PIXELS",
    "MEDIA",
    "OUTPUT_SUFFIXES",
    "Medium",
    "Source",
    "check_output",
    "default_suffix",
    "medium_of",
    "preview",
    "read",
    "read_note",
    "to_pil",
    "write",
    "write_bytes",
]

Source = ImageSource | Signal


@dataclass(frozen=True)
class Medium:
    """A kind of signal.

    Attributes:
        name: As in `Signal.medium`.
        noun: What people call one.
        inputs: Suffixes of the files that are read.
        outputs: Suffixes of those that are written, the usual one first.
    """

    name: str
    noun: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


MEDIA = {
    own.name: own
    for own in (
        Medium("image", "picture", INPUT_SUFFIXES, OUTPUT_SUFFIXES),
        Medium("audio", "sound", audio.INPUT_SUFFIXES, audio.OUTPUT_SUFFIXES),
        Medium("series", "series", series.INPUT_SUFFIXES, series.OUTPUT_SUFFIXES),
        Medium("volume", "volume", volume.INPUT_SUFFIXES, (".nii.gz", *volume.OUTPUT_SUFFIXES)),
        Medium("video", "film", video.INPUT_SUFFIXES, video.OUTPUT_SUFFIXES),
    )
}
_MODULES = {"audio": audio, "series": series, "video": video, "volume": volume}


def medium_of(source: Source) -> str:
    """Tell the medium of a source: of a file by its suffix, or by what it holds if that is needed.

    A TIFF with several pages is a volume, so is an array of NumPy with more than two axes. A GIF
    that moves is a film. What is no file, and files with other suffixes, are pictures.
    """
    if isinstance(source, Signal):
        return source.medium
    if not isinstance(source, str | os.PathLike):
        return "image"
    name = os.fspath(source).lower()
    if name.endswith((".tif", ".tiff")):
        return "volume" if has_slices(Path(source)) else "image"
    if name.endswith(".gif"):
        return "video" if image.is_animated(Path(source)) else "image"
    if name.endswith(".npy"):
        return "volume" if _count_axes(Path(source)) > 2 else "series"
    return next((own.name for own in MEDIA.values() if name.endswith(own.inputs)), "image")


def read(
    source: Source,
    *,
    medium: str | None = None,
    max_pixels: int = MAX_PIXELS,
    frame: int | None = None,
    longest: int | None = None,
) -> Signal:
    """Read whatever can be stylized.

    Args:
        source: What `read_image` takes, a file of any medium, or a signal, which is returned as it
            is.
        medium: What it is, a name of MEDIA; None to find out, see `medium_of`.
        max_pixels: A picture or a film with more pixels, or a volume with more voxels, is refused.
        frame: Which volume of a series to read, counted from 0.
        longest: Length to which a longer axis is reduced, of a film a longer side; None for none.
    Raises:
        InputError: If the source cannot be read.
        UsageError: If an array or a tensor has a wrong shape, type or range.
    """
    medium = medium or medium_of(source)
    given: Any = source
    if isinstance(source, Signal):
        signal = source
    elif medium == "video":
        signal = video.read(given, longest=longest, max_samples=max_pixels)
    elif medium == "volume":
        signal = volume.read(given, frame=frame, max_voxels=max_pixels)
    elif medium == "audio":
        signal = audio.read(given)
    elif medium == "series":
        signal = series.read(given)
    else:
        signal = image.read_image(source, max_pixels=max_pixels)
    return signal if longest is None else _reduced(signal, longest)


def check_output(medium: str, name: str, *, bits: int = 8) -> None:
    """Refuse a kind of file that cannot hold a medium, before any work is done.

    Args:
        medium: A name of MEDIA.
        name: Of the file, or its end.
        bits: Bits a channel of a picture.
    Raises:
        UsageError: If the suffix is none of the medium's, or its files do not hold so many bits.
    """
    if medium == "volume":
        volume.check_output(name)
    elif medium in _MODULES:
        _MODULES[medium].check_output(_suffix(name))
    else:
        image.check_output(_suffix(name), bits=bits)


def default_suffix(medium: str, name: str) -> str:
    """Return the end of the name of a result: of a picture .png, else that of the content.

    Args:
        medium: That of the result.
        name: Of the content.
    """
    outputs = MEDIA[medium].outputs
    own = (suffix for suffix in outputs if medium != "image" and name.lower().endswith(suffix))
    return next(own, outputs[0])


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
    if signal.medium in _MODULES:
        _MODULES[signal.medium].write(signal, path, note=note)
        return
    if path.suffix.lower() not in OUTPUT_SUFFIXES:
        raise UsageError(
            f"{path} has no suffix of a known kind of file. "
            f"{nearest(path.suffix.lower(), OUTPUT_SUFFIXES)}"
        )
    image.write_image(signal, path, bits=bits, note=note)


def read_note(path: str | os.PathLike[str]) -> str | None:
    """Read the note that `write` has put into a file, or None if it has none.

    Raises:
        InputError: If the file cannot be read.
    """
    module = _MODULES.get(medium_of(path), image)
    note: str | None = module.read_note(path)
    return note


def preview(signal: Signal) -> bytes | None:
    """Return a PNG that shows a signal, for notebooks; None of what is no picture."""
    return image.encode_image(signal, ".png") if signal.medium == "image" else None


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        OSError: If it cannot be written.
    """
    with atomic_write(path) as temporary:
        temporary.write_bytes(content)


def _reduced(signal: Signal, longest: int) -> Signal:
    """Shrink a signal so that no axis is longer; the time of a film is none that counts."""
    time = signal.space[:1] if signal.medium == "video" else ()
    sides = signal.space[len(time) :]
    return signal.resized((*time, *fit(sides, longest))) if max(sides) > longest else signal


def _suffix(name: str) -> str:
    return Path(name).suffix or (name if name.startswith(".") else "")


def _count_axes(path: Path) -> int:
    """Return how many axes an array of NumPy has by its header, or 1 if it has none."""
    try:
        with path.open("rb") as stream:
            version = np.lib.format.read_magic(stream)
            header = np.lib.format.read_array_header_1_0
            if version != (1, 0):
                header = np.lib.format.read_array_header_2_0
            return len(header(stream)[0])
    except (OSError, ValueError):
        return 1  # whoever reads it says what is wrong
