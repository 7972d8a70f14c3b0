"""Pictures: read as signals of shape (3, h, w) in sRGB from 0 to 1, and written back."""

from impasto.media.image.note import read_note
from impasto.media.image.opening import MAX_PIXELS, PictureFile, is_animated
from impasto.media.image.reading import INPUT_SUFFIXES, ImageSource, read_image
from impasto.media.image.writing import (
    OUTPUT_SUFFIXES,
    check_output,
    encode_image,
    to_pil,
    write_image,
)

__all__ = [
    "INPUT_SUFFIXES",
    "MAX_PIXELS",
    "OUTPUT_SUFFIXES",
    "ImageSource",
    "PictureFile",
    "check_output",
    "encode_image",
    "is_animated",
    "read_image",
    "read_note",
    "to_pil",
    "write_image",
]
