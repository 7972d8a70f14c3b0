"""Exit code 3: an input could not be read; test_batch.py has more of them."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any


def announce(path: Path, width: int, height: int) -> None:
    """Write a PNG of a hundred bytes that claims to be larger."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def test_a_missing_content_is_named(desk: Any) -> None:
    desk.stylize(content="none.png").refuses(3, "no file 'none.png'")


def test_a_misspelt_sample_is_named(desk: Any) -> None:
    outcome = desk.stylize(style="stary_night")
    outcome.refuses(3, "no file 'stary_night'", "Did you mean starry_night")


def test_a_folder_without_pictures_is_named(desk: Any) -> None:
    (desk / "notes").mkdir()
    (desk / "notes" / "readme.txt").write_text("none here")
    desk.stylize("-o", "out", content="notes").refuses(3, "notes holds no picture or volume")
    assert not (desk / "out").exists()


def test_a_truncated_picture_is_named(desk: Any) -> None:
    whole = (desk / "photo.png").read_bytes()
    (desk / "half.png").write_bytes(whole[: len(whole) // 2])
    desk.stylize(content="half.png").refuses(3, "half.png", "cut short")


def test_nothing_on_stdin_is_said(desk: Any) -> None:
    outcome = desk.impasto("stylize", "-", "--style", "style.png", stdin=b"")
    outcome.refuses(3, "stdin is empty")


def test_a_decompression_bomb_is_refused(desk: Any) -> None:
    announce(desk / "bomb.png", 15_000, 14_000)
    outcome = desk.stylize(content="bomb.png")
    outcome.refuses(3, "bomb.png has 15000 x 14000", "200000000", "--max-pixels")


def test_max_pixels_moves_the_limit(desk: Any) -> None:
    outcome = desk.stylize("--max-pixels", "3071")
    outcome.refuses(3, "photo.png has 64 x 48 = 3072 pixels", "--max-pixels")
    announce(desk / "bomb.png", 15_000, 14_000)
    outcome = desk.stylize("--max-pixels", "210000000", content="bomb.png")
    outcome.refuses(3, "bomb.png", "cut short")  # it has passed the limit, and is read


def test_a_picture_below_the_minimum_of_the_network_is_named(desk: Any) -> None:
    outcome = desk.stylize("--size", "20")  # 20 x 15
    outcome.refuses(3, "photo.png", "15 pixels", "at least 16", "--size")
    desk.picture("thin.png", 60, 15)
    desk.stylize(style="thin.png").refuses(3, "thin.png", "15 pixels", "at least 16")
