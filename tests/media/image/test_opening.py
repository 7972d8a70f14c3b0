from __future__ import annotations

import io
import struct
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from impasto.errors import InputError, OutOfMemoryError, UsageError
from impasto.media.image import read_image
from impasto.media.image.opening import open_picture

FORMATS = {
    "PNG": {},
    "JPEG": {},
    "progressive JPEG": {"progressive": True},
    "WEBP": {"lossless": True},
    "TIFF": {},
    "deflated TIFF": {"compression": "tiff_adobe_deflate"},
    "BMP": {},
    "GIF": {},
}


def png_header(width: int, height: int) -> bytes:
    """A PNG file that announces a size and holds no pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"")
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    )


def files() -> dict[str, bytes]:
    picture = Image.radial_gradient("L").resize((20, 15)).convert("RGB")
    found = {}
    for name, options in FORMATS.items():
        stream = io.BytesIO()
        picture.save(stream, name.split()[-1], **options)
        found[name] = stream.getvalue()
    return found


FILES = files()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere\.png does not exist"):
        read_image(tmp_path / "nowhere.png")


def test_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is a folder, not a picture"):
        read_image(tmp_path)


def test_a_file_below_a_file_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="Not a directory"):
        read_image(tmp_path / "file" / "a.png")


def test_a_forbidden_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=r"a\.png cannot be read: permission denied"):
        read_image(tmp_path / "a.png")


def test_an_empty_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    with pytest.raises(InputError, match=r"a\.png is empty"):
        read_image(str(tmp_path / "a.png"))


def test_bytes_without_a_name_are_called_the_picture() -> None:
    with pytest.raises(InputError, match=r"^The picture is empty"):
        read_image(b"")


@pytest.mark.parametrize(
    "content", [b"Once upon a time", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"II*\0"]
)
def test_a_file_that_is_no_picture_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "story.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"story\.jpg is not a picture that impasto can read"):
        read_image(path)


def test_an_address_is_not_a_file() -> None:
    with pytest.raises(UsageError, match="download it first"):
        read_image("https://example.org/a.png")


def test_a_bomb_is_refused_by_its_header() -> None:
    with pytest.raises(InputError, match=r"50000 x 50000 = 2500000000 .*--max-pixels"):
        read_image(png_header(50_000, 50_000))


def test_the_limit_is_on_width_times_height() -> None:
    Image.new("RGB", (4, 3)).save(stream := io.BytesIO(), "PNG")
    assert read_image(stream, max_pixels=12).space == (3, 4)
    with pytest.raises(InputError, match="4 x 3 = 12 pixels, more than the limit of 11"):
        read_image(stream, max_pixels=11)
    with pytest.raises(InputError, match="more than the limit of 11"):
        read_image(Image.new("RGB", (4, 3)), max_pixels=11)


@pytest.mark.parametrize("name", FORMATS)
def test_pillows_own_limit_neither_warns_nor_changes(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in (200, 10):  # of 300 pixels: Pillow would warn, and refuse
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        assert read_image(FILES[name]).space == (15, 20)
        assert limit == Image.MAX_IMAGE_PIXELS


def test_pillows_own_limit_survives_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1234)
    with pytest.raises(InputError):
        read_image(FILES["PNG"][:100])
    assert Image.MAX_IMAGE_PIXELS == 1234


def test_threads_keep_their_own_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    def fits(limit: int) -> bool:
        try:
            read_image(FILES["TIFF"], max_pixels=limit)
        except InputError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(fits, [299, 300] * 50)) == [False, True] * 50
    assert Image.MAX_IMAGE_PIXELS == 100


def test_a_picture_without_pixels_is_refused() -> None:
    with pytest.raises(InputError, match=r"no pixels \(0 x 5\)"):
        read_image(Image.new("RGB", (0, 5)))
    with pytest.raises(InputError):
        read_image(png_header(0, 5))


def test_too_little_memory_is_its_own_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image.Image, "convert", refuse)
    with pytest.raises(OutOfMemoryError, match="too little memory"):
        read_image(FILES["PNG"])


def test_a_broken_picture_that_pillow_has_opened_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "half.png").write_bytes(FILES["PNG"][:-60])
    with (
        Image.open(tmp_path / "half.png") as picture,
        pytest.raises(InputError, match=r"half\.png is damaged or cut short"),
    ):
        read_image(picture)


def test_a_stream_that_cannot_seek_is_read_to_its_end() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: object) -> int:
            raise io.UnsupportedOperation

    assert read_image(Pipe(FILES["PNG"])).space == (15, 20)


def test_errors_in_the_block_that_are_ours_pass_through() -> None:
    with pytest.raises(UsageError, match="mine"), open_picture(FILES["PNG"]):
        raise UsageError("mine")


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_file_that_is_cut_short_is_refused_unless_nothing_is_missing(
    name: str, data: st.DataObject
) -> None:
    whole = FILES[name]
    part = whole[: data.draw(st.integers(1, len(whole) - 1))]
    try:
        signal = read_image(part)
    except InputError:
        return
    assert signal.samples.equal(read_image(whole).samples)


@pytest.mark.parametrize("name", FORMATS)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_damaged_file_is_an_input_error_or_a_picture(name: str, data: st.DataObject) -> None:
    damaged = bytearray(FILES[name])
    for position in data.draw(st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=8)):
        damaged[position] = data.draw(st.integers(0, 255))
    try:
        signal = read_image(bytes(damaged), max_pixels=10_000)
    except InputError:
        return
    assert signal.samples.shape[0] == 3
    assert 0 <= signal.samples.min() <= signal.samples.max() <= 1
