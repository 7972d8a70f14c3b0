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
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

PACKAGE = "gcompris-qt-data"
FILE = "usr/share/gcompris-qt/rcc/paintings.rcc"
BOARD = (702, 515)  # pixels, of which positions of pieces are shares
PIECE = re.compile(r'"image/(\S+\.webp)",\s*"x"\s*:\s*"([\d.]+)",\s*"y"\s*:\s*"([\d.]+)"')
_FOLDER, _COMPRESSED = 2, 1  # flags of an entry


def write_puzzles(folder: Path) -> list[Path]:
    """Write the paintings of the package, and return their files; those that are there are kept.

    Raises:
        subprocess.CalledProcessError: If the package cannot be had.
    """
    if not any(folder.glob("*.jpg")):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as place:
            subprocess.run(["apt-get", "download", "-qq", PACKAGE], cwd=place, check=True)
            (package,) = Path(place).glob("*.deb")
            subprocess.run(["dpkg", "-x", package, place], check=True)
            files = dict(_unpacked((Path(place) / FILE).read_bytes()))
        for name, painting in _paintings(files):
            painting.save(folder / f"{name}.jpg", quality=95)
    return sorted(folder.glob("*.jpg"))


def _paintings(files: dict[str, bytes]) -> Iterator[tuple[str, Image.Image]]:
    """Put pieces together as the boards tell: each has its center somewhere on the board."""
    pieces = {Path(name).name: own for name, own in files.items() if name.endswith(".webp")}
    for name in sorted(own for own in files if Path(own).match("board/*.qml")):
        board = Image.new("RGBA", BOARD)
        for own, *center in PIECE.findall(files[name].decode()):
            piece = Image.open(io.BytesIO(pieces[own])).convert("RGBA")
            left, top = (
                round(float(share) * whole - side / 2)
                for share, whole, side in zip(center, BOARD, piece.size, strict=True)
            )
            board.paste(piece, (left, top), piece)
        yield Path(name).stem, board.crop(board.getbbox()).convert("RGB")


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield names and contents of the files in a resource file of Qt, of its versions 2 and 3."""
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
        yield path, zlib.decompress(own[4:]) if flags & _COMPRESSED else own

    return walk(0, "")
