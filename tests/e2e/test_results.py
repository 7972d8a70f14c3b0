"""What is made: every kind of file, every way to make it, and all of it again, byte for byte."""

from __future__ import annotations

import json
import shutil
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

SIXTEEN = ("--bits", "16", "-o")


def note_of(desk: Any, name: str) -> dict[str, Any]:
    """Read what a picture tells about itself, as any program can."""
    with Image.open(desk / name) as image:
        note = image.getexif()[0x010E]
    told: dict[str, Any] = json.loads(note)
    return told


def again(desk: Any, name: str) -> None:
    """Make a picture again and compare every byte."""
    stem, suffix = name.rsplit(".", 1)
    desk.impasto("rerun", name).succeeds()
    assert (desk / f"{stem}.rerun.{suffix}").read_bytes() == (desk / name).read_bytes()


def test_png_from_noise_with_the_costs_of_the_paper(desk: Any) -> None:
    words = "--init noise --seed 7 --objective paper --optimizer adam --colors luminance".split()
    desk.stylize(*words, "-o", "out.png").succeeds()
    assert desk.pixels("out.png").shape == (24, 32, 3)
    note = note_of(desk, "out.png")
    assert note["settings"]["seed"] == 7
    assert note["versions"]["impasto"]
    assert len(note["weights_sha256"]) == 64
    assert note["inputs"]["content"]["path"] == "photo.png"
    again(desk, "out.png")
    desk.stylize(*words, "--seed", "8", "-o", "other.png").succeeds()
    assert not np.array_equal(desk.pixels("other.png"), desk.pixels("out.png"))


def test_png_of_16_bits_with_the_costs_of_the_course(desk: Any) -> None:
    desk.picture("see-through.png", 64, 48, mode="RGBA")
    words = "--objective course --colors content --init style --bits 16 -o out.png".split()
    desk.stylize(*words, content="see-through.png").succeeds()
    header = (desk / "out.png").read_bytes()[:26]
    assert header[24:] == bytes([16, 6])  # bits, and RGBA
    again(desk, "out.png")


def test_jpeg_of_two_styles(desk: Any) -> None:
    words = "--style photo.png:0.3 --objective neural-style --colors match --pooling average"
    desk.stylize(*words.split(), "-o", "out.jpg", style="style.png:0.7").succeeds()
    with Image.open(desk / "out.jpg") as image:
        assert (image.format, image.size) == ("JPEG", (32, 24))
    weights = [style["weight"] for style in note_of(desk, "out.jpg")["inputs"]["styles"]]
    assert weights == [0.7, 0.3]
    again(desk, "out.jpg")
    desk.picture("photo.png", 64, 48, seed=9)
    desk.impasto("rerun", "out.jpg").refuses(3, "photo.png has changed", "out.jpg")


def test_webp_of_two_styles_behind_masks(desk: Any) -> None:
    for name, (height, width) in {"on-photo.png": (48, 64), "on-style.png": (60, 60)}.items():
        halves = np.zeros((height, width), np.uint8)
        halves[:, width // 2 :] = 255
        Image.fromarray(halves).save(desk / name)
    masks = "--mask on-photo.png on-style.png --mask on-photo.png on-photo.png".split()
    desk.stylize("--style", "photo.png", *masks, "-o", "out.webp").succeeds()
    with Image.open(desk / "out.webp") as image:
        assert (image.format, image.size) == ("WEBP", (32, 24))
    again(desk, "out.webp")


def test_tiff_of_16_bits_from_another_picture_under_any_name(desk: Any) -> None:
    folder = desk / "été 夏: 1"
    folder.mkdir()
    shutil.copy(desk / "photo.png", folder / "my photo, 50%.png")
    shutil.copy(desk / "style.png", folder / "a:0.5")
    desk.picture("start.bmp", 30, 30, seed=5)
    out = "été 夏: 1/résultat [1].tif"
    desk.impasto(
        *("stylize", folder / "my photo, 50%.png", "--style", f"{folder / 'a:0.5'}:2"),
        *"--size 32 --steps 2 --levels 1 --init start.bmp --bits 16 -o".split(),
        out,
    ).succeeds()
    pixels = tifffile.imread(desk / out)
    assert (pixels.dtype, pixels.shape) == (np.uint16, (24, 32, 3))
    assert np.any(pixels % 257)  # more than 8 bits stretched to 16
    again(desk, out)


def test_the_size_of_the_content_and_a_pyramid(desk: Any) -> None:
    words = "--size original --levels 2 --steps 1 --trace trace".split()
    desk.stylize(*words, "-o", "out.png").succeeds()
    assert desk.pixels("out.png").shape == (48, 64, 3)
    records = [json.loads(line) for line in (desk / "trace").read_text().splitlines()]
    assert [(r["level"], r["width"], r["height"]) for r in records[::2]] == [
        (0, 32, 24),
        (1, 64, 48),
    ]


@pytest.mark.parametrize("name", ["photo.png", "edited.png"])
def test_a_picture_that_does_not_tell_how_it_was_made_is_named(desk: Any, name: str) -> None:
    exif = Image.Exif()
    exif[0x0131], exif[0x010E] = "impasto", '{"program": "impasto", "inputs": {}, "settings": {}}'
    with Image.open(desk / "photo.png") as image:
        image.save(desk / "edited.png", exif=exif)
    desk.impasto("rerun", name).refuses(3, name, "does not tell how it was made")
