from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from impasto.errors import InputError, UsageError
from impasto.media.image import encode_image, read_image, read_note, write_image
from impasto.signal import Signal

KINDS = [(".png", 8), (".jpg", 8), (".webp", 8), (".tif", 8), (".png", 16), (".tif", 16)]


@pytest.mark.parametrize(("suffix", "bits"), KINDS)
@pytest.mark.parametrize("alpha", ["signal", "translucent"])
def test_settings_travel_inside_the_file(
    suffix: str, bits: int, alpha: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / f"a{suffix}"
    note = json.dumps(
        {"style": "Nuit étoilée 🌌", "steps": 500, "long": "x" * 20_000}, ensure_ascii=False
    )
    write_image(request.getfixturevalue(alpha), path, bits=bits, note=note)
    assert read_note(path) == read_note(path.read_bytes()) == note
    read_image(path)


@pytest.mark.parametrize(("suffix", "bits"), KINDS)
@given(note=st.text(st.characters(codec="utf-8", exclude_characters="\0")))
@settings(max_examples=20, deadline=None)
def test_any_text_reads_back_equal(suffix: str, bits: int, note: str) -> None:
    signal = read_image(Image.new("RGB", (2, 2)))
    assert read_note(encode_image(signal, suffix, bits=bits, note=note)) == note


@pytest.mark.parametrize(("suffix", "bits"), KINDS)
def test_a_name_that_is_no_unicode_costs_no_result(signal: Signal, suffix: str, bits: int) -> None:
    assert read_note(encode_image(signal, suffix, bits=bits, note="a\udcff.png")) == "a?.png"


@pytest.mark.parametrize(("suffix", "bits"), KINDS)
def test_without_a_note_there_is_none(signal: Signal, suffix: str, bits: int) -> None:
    data = encode_image(signal, suffix, bits=bits)
    assert read_note(data) is None
    assert b"impasto" not in data


def test_other_programs_see_the_note_as_a_description(signal: Signal, tmp_path: Path) -> None:
    for suffix, bits in KINDS:
        write_image(signal, tmp_path / f"a{suffix}", bits=bits, note="settings")
        with Image.open(tmp_path / f"a{suffix}") as picture:
            exif = picture.getexif()
            assert exif[ExifTags.Base.ImageDescription] == "settings"
            assert exif[ExifTags.Base.Software] == "impasto"


def test_descriptions_by_other_programs_are_not_ours(
    picture: Image.Image, saved: Callable[..., bytes]
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = "On the beach"
    assert read_note(saved(picture, "JPEG", exif=exif)) is None
    exif[ExifTags.Base.Software] = "A camera"
    assert read_note(saved(picture, "JPEG", exif=exif)) is None


def test_a_note_that_is_no_text_any_more_is_damage(
    picture: Image.Image, saved: Callable[..., bytes]
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = "impasto"
    exif[ExifTags.Base.ImageDescription] = b"\xff\xfe"
    with pytest.raises(InputError, match="damaged"):
        read_note(saved(picture, "JPEG", exif=exif))


def test_jpeg_holds_only_so_much(signal: Signal) -> None:
    with pytest.raises(UsageError, match="64 KB"):
        encode_image(signal, ".jpg", note="x" * 66_000)
    assert read_note(encode_image(signal, ".png", note="x" * 66_000)) == "x" * 66_000


def test_what_is_no_picture_has_no_note(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a text")
    for source in (tmp_path / "a.txt", tmp_path / "missing.png", tmp_path, b"text"):
        with pytest.raises(InputError):
            read_note(source)
