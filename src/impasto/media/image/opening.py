"""Open a file as a picture, and say in one sentence what is wrong if it is none."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, UnidentifiedImageError

from impasto.errors import ImpastoError, InputError, OutOfMemoryError, UsageError

PictureFile = str | os.PathLike[str] | bytes | BinaryIO

MAX_PIXELS = 200_000_000

_FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
_pillow_limit_lock = threading.Lock()


@contextmanager
def open_picture(
    source: PictureFile | Image.Image, *, max_pixels: int | None = None
) -> Iterator[tuple[Image.Image, BinaryIO]]:
    """Open a picture without decoding it; what goes wrong in the block becomes an InputError.

    Args:
        source: A path, the bytes of a file, a binary stream or a PIL image.
        max_pixels: The largest width times height; None for a picture that is not decoded.
    Yields:
        The picture, and the stream that it comes from (empty for a PIL image).
    Raises:
        InputError: If the source is missing, not a picture, damaged, cut short or too large.
        OutOfMemoryError: If there is too little memory to decode it.
        UsageError: If the source is an address on the network.
    """
    name = _name(source)
    try:
        with _stream(source) as stream, _without_pillow_limit():
            picture = source
            if not isinstance(picture, Image.Image):
                picture = Image.open(stream, formats=_FORMATS)
            _check_header(picture, name, max_pixels)
            yield picture, stream
    except ImpastoError:
        raise
    except FileNotFoundError:
        raise InputError(f"{name} does not exist.") from None
    except IsADirectoryError:
        raise InputError(f"{name} is a folder, not a picture.") from None
    except PermissionError:
        raise InputError(f"{name} cannot be read: permission denied.") from None
    except UnidentifiedImageError:
        raise InputError(
            f"{name} is not a picture that impasto can read (PNG, JPEG, WebP, TIFF, BMP or GIF)."
        ) from None
    except MemoryError:
        raise OutOfMemoryError(f"There is too little memory to read {name}.") from None
    except Exception as error:  # decoders raise all kinds of things on malformed data
        raise InputError(f"{name} is damaged or cut short ({error}).") from error


def is_animated(source: PictureFile) -> bool:
    """Tell whether a file has several pictures that follow each other; False if it is none."""
    try:
        with open_picture(source) as (picture, _):
            return bool(getattr(picture, "is_animated", False))
    except ImpastoError:
        return False  # whoever reads it says what is wrong


def _name(source: PictureFile | Image.Image) -> str:
    """Say what to call a source in an error."""
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    name = getattr(source, "filename", "") or getattr(source, "name", "")
    return name if name and isinstance(name, str) else "The picture"


@contextmanager
def _stream(source: PictureFile | Image.Image) -> Iterator[BinaryIO]:
    """Open what holds a file as a stream that can seek; refuse an empty one."""
    if isinstance(source, Image.Image):
        yield io.BytesIO()
        return
    if isinstance(source, str | os.PathLike):
        if os.fspath(source).startswith(("http://", "https://")):
            raise UsageError(f"{source} is an address, not a file: download it first.")
        with Path(source).open("rb") as file, _stream(file) as stream:
            yield stream
        return
    stream = io.BytesIO(source) if isinstance(source, bytes) else source
    if not stream.seekable():
        stream = io.BytesIO(stream.read())
    stream.seek(0)
    if not stream.read(1):
        raise InputError(f"{_name(source)} is empty.")
    yield stream


@contextmanager
def _without_pillow_limit() -> Iterator[None]:
    """Suspend Pillow's own limit on pixels, which warns far below ours.

    It is a variable of the whole process, so one thread at a time goes through here.
    """
    with _pillow_limit_lock:
        before = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = before


def _check_header(picture: Image.Image, name: str, max_pixels: int | None) -> None:
    """Refuse what would be too much to decode, and what could not be used."""
    width, height = picture.size
    if not width or not height:
        raise InputError(f"{name} has no pixels ({width} x {height}).")
    if max_pixels is not None and width * height > max_pixels:
        raise InputError(
            f"{name} has {width} x {height} = {width * height} pixels, more than the limit of "
            f"{max_pixels}. If you trust it, raise the limit with --max-pixels."
        )
    if picture.mode in ("I", "F"):
        raise InputError(f"{name} has samples of 32 bits: save it with 8 or 16 bits first.")
