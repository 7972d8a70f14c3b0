"""A note inside a picture: the settings that made it, as text that other programs show, too."""

from __future__ import annotations

from PIL import ExifTags, Image

from impasto.media.image.opening import PictureFile, open_picture

SOFTWARE = "impasto"


def exif_with(note: str | None) -> bytes:
    """Make EXIF data that hold a note: the software's name, and the note as a description.

    EXIF defines descriptions as ASCII; UTF-8 is what other programs write and read there.

    Args:
        note: Any text without the character NUL; lone surrogates become question marks.
    Returns:
        The block with its header, or nothing if there is no note.
    """
    if note is None:
        return b""
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = SOFTWARE
    exif[ExifTags.Base.ImageDescription] = note.encode(errors="replace")
    return exif.tobytes()


def read_note(source: PictureFile) -> str | None:
    """Read the note that `write_image` has put into a picture.

    Args:
        source: A path, the bytes of a file or a binary stream.
    Returns:
        The note, or None if the picture was not made by impasto or has none.
    Raises:
        InputError: If the source cannot be read or is not a picture.
    """
    with open_picture(source) as (picture, _):
        exif = picture.getexif()
        note = exif.get(ExifTags.Base.ImageDescription)
        if exif.get(ExifTags.Base.Software) != SOFTWARE or not isinstance(note, str):
            return None
        return note.encode("latin-1").decode()  # Pillow takes all text for Latin-1
