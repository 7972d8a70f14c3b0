from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, JpegImagePlugin

from impasto.errors import ShapeError, UsageError
from impasto.media.image import (
    INPUT_SUFFIXES,
    OUTPUT_SUFFIXES,
    check_output,
    encode_image,
    read_image,
    to_pil,
    write_image,
)
from impasto.media.image.profile import srgb_profile
from impasto.signal import Signal

LOSSLESS = [(".png", 8), (".tif", 8), (".png", 16), (".tiff", 16)]
LOSSY = [(".jpg", 8), (".webp", 8)]


def constant(value: float) -> Signal:
    return Signal(torch.full((3, 4, 5), value))


def pictures(channels: int, dtype: type) -> st.SearchStrategy[np.ndarray[Any, Any]]:
    sides = st.integers(1, 6)
    return st.tuples(sides, sides).flatmap(
        lambda space: arrays.arrays(dtype, (*space, channels))  # type: ignore[arg-type]
    )


class TestRoundTrip:
    @pytest.mark.parametrize(("suffix", "bits"), LOSSLESS)
    @given(data=st.data())
    @settings(max_examples=30, deadline=None)
    def test_whole_levels_read_back_equal(
        self, suffix: str, bits: int, data: st.DataObject
    ) -> None:
        levels = data.draw(pictures(3, np.uint8 if bits == 8 else np.uint16))
        signal = read_image(levels)
        again = read_image(encode_image(signal, suffix, bits=bits))
        assert again.samples.equal(signal.samples)
        assert again.meta == {}

    @pytest.mark.parametrize(("suffix", "bits"), LOSSLESS)
    @given(data=st.data())
    @settings(max_examples=30, deadline=None)
    def test_transparent_pictures_read_back_within_a_level(
        self, suffix: str, bits: int, data: st.DataObject
    ) -> None:
        signal = read_image(data.draw(pictures(4, np.uint8 if bits == 8 else np.uint16)))
        again = read_image(encode_image(signal, suffix, bits=bits))
        half = 0.51 / (2**bits - 1)
        torch.testing.assert_close(again.samples, signal.samples, atol=half, rtol=0)
        assert again.meta["alpha"].equal(signal.meta["alpha"])

    @pytest.mark.parametrize(("suffix", "levels"), [(".jpg", 2), (".webp", 4)])
    def test_lossy_formats_come_close(self, signal: Signal, suffix: str, levels: float) -> None:
        again = read_image(encode_image(signal, suffix))
        assert (again.samples - signal.samples).abs().mean() < levels / 255

    def test_webp_keeps_alpha(self, translucent: Signal) -> None:
        again = read_image(encode_image(translucent, ".webp"))
        torch.testing.assert_close(again.meta["alpha"], translucent.meta["alpha"])
        assert (again.samples - translucent.samples).abs().mean() < 3 / 255

    def test_sixteen_bits_are_more_than_eight(self) -> None:
        signal = Signal(torch.linspace(0.5, 0.501, 60).reshape(3, 4, 5))
        for suffix in (".png", ".tif"):
            again = read_image(encode_image(signal, suffix, bits=16))
            torch.testing.assert_close(again.samples, signal.samples, atol=0.51 / 65535, rtol=0)


class TestLevels:
    @pytest.mark.parametrize(
        ("value", "level"),
        [
            *[(0, 0), (1, 255), (0.4 / 255, 0), (0.6 / 255, 1), (254.6 / 255, 255)],
            *[(-3, 0), (7, 255), (float("inf"), 255), (float("-inf"), 0), (float("nan"), 0)],
        ],
    )
    def test_values_are_clipped_and_rounded(self, value: float, level: int) -> None:
        assert (np.asarray(to_pil(constant(value))) == level).all()
        assert (tifffile.imread(io.BytesIO(encode_image(constant(value), ".tif"))) == level).all()

    @pytest.mark.parametrize(("value", "level"), [(1, 65535), (0.5001, 32774), (-1, 0)])
    def test_sixteen_bits_are_rounded(self, value: float, level: int) -> None:
        png = np.frombuffer(encode_image(constant(value), ".png", bits=16), np.uint8)
        tiff = encode_image(constant(value), ".tif", bits=16)
        assert (cv2.imdecode(png, cv2.IMREAD_UNCHANGED) == level).all()
        assert (tifffile.imread(io.BytesIO(tiff)) == level).all()

    def test_channels_keep_their_order(self) -> None:
        samples = torch.tensor([1, 0.2, 0]).reshape(3, 1, 1).expand(3, 4, 5)
        for suffix, bits in LOSSLESS:
            read = read_image(encode_image(Signal(samples), suffix, bits=bits)).samples
            torch.testing.assert_close(read, samples)

    def test_gradients_and_other_types_are_no_obstacle(self) -> None:
        samples = torch.full((3, 4, 5), 0.2, dtype=torch.float64, requires_grad=True)
        assert to_pil(Signal(samples)).getpixel((0, 0)) == (51, 51, 51)

    @pytest.mark.parametrize("shape", [(1, 4, 5), (4, 4, 5), (3, 4), (3, 4, 5, 6)])
    def test_only_three_channels_over_two_axes_are_a_picture(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ShapeError, match="3, h, w"):
            to_pil(Signal(torch.zeros(shape)))


class TestTransparency:
    def test_colors_are_what_they_were_before_mixing(self) -> None:
        alpha = torch.tensor([1, 0.2, 0]).reshape(1, 1, 3)
        over_white = torch.tensor([[1, 1, 1], [0, 0.8, 1], [0, 0.8, 1]])[:, None]
        picture = to_pil(Signal(over_white, meta={"alpha": alpha}))
        assert [picture.getpixel((x, 0)) for x in range(3)] == [
            (255, 0, 0, 255),
            (255, 0, 0, 51),
            (255, 255, 255, 0),
        ]

    def test_jpeg_shows_white_where_nothing_is(self) -> None:
        painted_over = Signal(torch.zeros(3, 16, 16), meta={"alpha": torch.zeros(1, 16, 16)})
        assert (read_image(encode_image(painted_over, ".jpg")).samples > 0.98).all()

    def test_jpeg_of_a_picture_over_white_is_that(self, translucent: Signal) -> None:
        again = read_image(encode_image(translucent, ".jpeg"))
        assert again.meta == {}
        assert (again.samples - translucent.samples).abs().mean() < 2 / 255

    def test_alpha_is_brought_to_the_size_of_the_samples(self) -> None:
        alpha = torch.cat([torch.zeros(1, 40, 20), torch.ones(1, 40, 20)], 2)
        picture = to_pil(Signal(torch.zeros(3, 10, 10), meta={"alpha": alpha}))
        column = np.asarray(picture)[5, :, 3]
        assert (column[:4] < 20).all()
        assert (column[6:] > 235).all()


class TestFiles:
    @pytest.mark.parametrize("suffix", OUTPUT_SUFFIXES)
    def test_every_suffix_can_be_written_and_read(
        self, signal: Signal, tmp_path: Path, suffix: str
    ) -> None:
        assert suffix in INPUT_SUFFIXES
        for path in (tmp_path / f"a{suffix}", tmp_path / f"b{suffix.upper()}"):
            write_image(signal, path)
            assert read_image(path).space == signal.space

    @pytest.mark.parametrize(("suffix", "bits"), LOSSLESS + LOSSY)
    @pytest.mark.parametrize("name", ["signal", "translucent"])
    def test_the_same_picture_gives_the_same_bytes(
        self, name: str, suffix: str, bits: int, request: pytest.FixtureRequest
    ) -> None:
        signal = request.getfixturevalue(name)
        first = encode_image(signal, suffix, bits=bits, note="{}")
        srgb_profile.cache_clear()
        assert encode_image(signal, suffix, bits=bits, note="{}") == first

    @pytest.mark.parametrize(("suffix", "bits"), LOSSLESS + LOSSY)
    def test_the_file_says_that_it_is_srgb(self, signal: Signal, suffix: str, bits: int) -> None:
        picture = Image.open(io.BytesIO(encode_image(signal, suffix, bits=bits)))
        assert picture.info["icc_profile"] == srgb_profile()

    def test_the_profile_has_no_date_of_today(self) -> None:
        assert srgb_profile()[24:36] == b"\x07\xd0\0\x01\0\x01\0\0\0\0\0\0"

    def test_jpeg_keeps_the_resolution_of_color(self, signal: Signal) -> None:
        picture = Image.open(io.BytesIO(encode_image(signal, ".jpg")))
        assert JpegImagePlugin.get_sampling(picture) == 0  # 4:4:4

    def test_tiff_is_compressed(self) -> None:
        assert len(encode_image(Signal(torch.zeros(3, 100, 100)), ".tif")) < 3000

    def test_streams_get_the_same_bytes(self, signal: Signal) -> None:
        stream = io.BytesIO()
        write_image(signal, stream, suffix=".png", note="n")
        assert stream.getvalue() == encode_image(signal, ".png", note="n")

    def test_a_stream_has_no_suffix_of_its_own(self, signal: Signal) -> None:
        with pytest.raises(UsageError, match="without a suffix"):
            write_image(signal, io.BytesIO())

    def test_an_older_file_survives_a_failure(self, signal: Signal, tmp_path: Path) -> None:
        path = tmp_path / "a.jpg"
        path.write_bytes(b"older")
        with pytest.raises(UsageError):
            write_image(signal, path, bits=16)
        assert path.read_bytes() == b"older"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_missing_folder_is_an_os_error(self, signal: Signal, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            write_image(signal, tmp_path / "missing" / "a.png")


class TestRefusals:
    def test_an_unknown_suffix_is_answered_with_the_nearest(self) -> None:
        with pytest.raises(UsageError, match=r"suffix \.pgn\. Did you mean \.png"):
            check_output(".pgn")
        with pytest.raises(UsageError, match=r"without a suffix\. Choose from \.png"):
            check_output("")

    @pytest.mark.parametrize("bits", [0, 1, 12, 32])
    def test_bits_are_8_or_16(self, bits: int) -> None:
        with pytest.raises(UsageError, match="8 or 16 bits"):
            check_output(".png", bits=bits)

    @pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".webp", ".WEBP"])
    def test_only_png_and_tiff_hold_16_bits(self, suffix: str) -> None:
        with pytest.raises(UsageError, match=r"Only \.png and \.tif"):
            check_output(suffix, bits=16)
        check_output(suffix, bits=8)

    @pytest.mark.parametrize(("suffix", "longest"), [(".webp", 16383), (".jpg", 65500)])
    def test_sides_that_a_format_cannot_hold(self, suffix: str, longest: int) -> None:
        assert (
            read_image(encode_image(Signal(torch.zeros(3, 1, longest)), suffix)).space[1] == longest
        )
        with pytest.raises(UsageError, match=f"at most {longest} pixels a side"):
            encode_image(Signal(torch.zeros(3, longest + 1, 1)), suffix)
