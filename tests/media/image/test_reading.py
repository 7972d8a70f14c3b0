from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
import torch
from PIL import ExifTags, Image, ImageOps

from impasto.errors import InputError, ShapeError, UsageError
from impasto.media.image import read_image
from impasto.media.image.profile import srgb_profile
from impasto.signal import Signal

Save = Callable[..., bytes]


def wide(height: int = 3, width: int = 4, channels: int = 3) -> np.ndarray[Any, Any]:
    """Samples of 16 bits whose low bytes matter."""
    count = height * width * channels
    return (
        (np.arange(count, dtype=np.uint32) * 5003 % 65536)
        .astype(np.uint16)
        .reshape(height, width, channels)
    )


def wide_png(samples: np.ndarray[Any, Any], exif: bytes = b"") -> bytes:
    bgr = samples[..., [2, 1, 0, 3][: samples.shape[-1]]] if samples.shape[-1] > 1 else samples
    kinds, blocks = (
        ([cv2.IMAGE_METADATA_EXIF], [np.frombuffer(exif, np.uint8)]) if exif else ([], [])
    )
    return cv2.imencodeWithMetadata(".png", bgr, kinds, blocks)[1].tobytes()


def wide_tiff(samples: np.ndarray[Any, Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    photometric = "minisblack" if samples.shape[-1] == 1 else "rgb"
    options = {"photometric": photometric, "metadata": None, **options}
    tifffile.imwrite(stream, samples.squeeze(), **options)
    return stream.getvalue()


def swapped_profile() -> bytes:
    """An ICC profile in which red is called green and green red."""
    profile = srgb_profile()
    return profile.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")


class TestFormats:
    def test_known_values(self, saved: Save) -> None:
        picture = Image.new("RGB", (2, 1))
        picture.putdata([(255, 0, 51), (0, 102, 255)])
        signal = read_image(saved(picture, "PNG"))
        expected = torch.tensor([[[1, 0]], [[0, 0.4]], [[0.2, 1]]])
        assert signal.samples.dtype == torch.float32
        assert signal.medium == "image"
        assert signal.meta == {}
        torch.testing.assert_close(signal.samples, expected)

    @pytest.mark.parametrize(
        ("format", "options", "error"),
        [
            ("PNG", {}, 0),
            ("BMP", {}, 0),
            ("TIFF", {}, 0),
            ("TIFF", {"compression": "tiff_lzw"}, 0),
            ("WEBP", {"lossless": True}, 0),
            ("JPEG", {"quality": 95, "subsampling": 0}, 6 / 255),
            ("GIF", {}, 24 / 255),
        ],
    )
    def test_every_format_gives_the_same_picture(
        self,
        picture: Image.Image,
        signal: Signal,
        saved: Save,
        format: str,
        options: dict[str, Any],
        error: float,
    ) -> None:
        read = read_image(saved(picture, format, **options))
        torch.testing.assert_close(read.samples, signal.samples, atol=error + 1e-7, rtol=0)
        assert read.meta == {}

    def test_content_counts_and_not_the_suffix(
        self, picture: Image.Image, signal: Signal, saved: Save, tmp_path: Path
    ) -> None:
        path = tmp_path / "wrong.jpg"
        path.write_bytes(saved(picture, "PNG"))
        assert read_image(path).samples.equal(signal.samples)

    @pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG", "TIFF"])
    def test_the_first_frame_or_page_is_read(self, saved: Save, format: str) -> None:
        frames = [Image.new("RGB", (5, 4), color) for color in ("red", "blue")]
        options = {"lossless": True} if format == "WEBP" else {}
        data = saved(frames[0], format, save_all=True, append_images=frames[1:], **options)
        assert read_image(data).samples[:, 0, 0].tolist() == [1, 0, 0]

    @pytest.mark.parametrize(("mode", "level"), [("1", 255), ("L", 51)])
    def test_gray_fills_all_channels(self, saved: Save, mode: str, level: int) -> None:
        signal = read_image(saved(Image.new(mode, (3, 2), level), "PNG"))
        torch.testing.assert_close(signal.samples, torch.full((3, 2, 3), level / 255))

    def test_a_palette_is_looked_up(self, saved: Save) -> None:
        picture = Image.new("P", (2, 1))
        picture.putpalette([10, 20, 30, 255, 0, 0])
        picture.putpixel((1, 0), 1)
        signal = read_image(saved(picture, "PNG"))
        assert (signal.samples[:, 0] * 255).round().T.tolist() == [[10, 20, 30], [255, 0, 0]]

    def test_cmyk_becomes_rgb(self, saved: Save) -> None:
        picture = Image.new("CMYK", (16, 16), (255, 0, 0, 0))
        signal = read_image(saved(picture, "JPEG", quality=100))
        torch.testing.assert_close(
            signal.samples[:, 8, 8], torch.tensor([0, 1, 1.0]), atol=0.02, rtol=0
        )

    @pytest.mark.parametrize("mode", ["I", "F"])
    def test_samples_of_32_bits_are_refused(self, tmp_path: Path, mode: str) -> None:
        Image.new(mode, (3, 2), 1).save(tmp_path / "deep.tif")
        with pytest.raises(InputError, match=r"deep\.tif has samples of 32 bits"):
            read_image(tmp_path / "deep.tif")


class TestTransparency:
    def test_a_white_page_shows_through(self, saved: Save) -> None:
        picture = Image.new("RGBA", (3, 1))
        picture.putdata([(255, 0, 0, 255), (255, 0, 0, 51), (1, 2, 3, 0)])
        signal = read_image(saved(picture, "PNG"))
        expected = torch.tensor([[1, 0, 0], [1, 0.8, 0.8], [1, 1, 1]]).T[:, None]
        torch.testing.assert_close(signal.samples, expected)
        torch.testing.assert_close(signal.meta["alpha"], torch.tensor([[[1, 0.2, 0]]]))

    def test_gray_with_alpha(self, saved: Save) -> None:
        signal = read_image(saved(Image.new("LA", (2, 2), (0, 102)), "PNG"))
        torch.testing.assert_close(signal.samples, torch.full((3, 2, 2), 0.6))
        torch.testing.assert_close(signal.meta["alpha"], torch.full((1, 2, 2), 0.4))

    @pytest.mark.parametrize("format", ["PNG", "GIF"])
    def test_a_transparent_palette_entry(self, saved: Save, format: str) -> None:
        picture = Image.new("P", (2, 1))
        picture.putpalette([0, 0, 255, 255, 0, 0])
        picture.putpixel((1, 0), 1)
        signal = read_image(saved(picture, format, transparency=0))
        assert signal.samples[:, 0].T.tolist() == [[1, 1, 1], [1, 0, 0]]
        assert signal.meta["alpha"].flatten().tolist() == [0, 1]

    def test_a_transparent_color(self, saved: Save) -> None:
        picture = Image.new("RGB", (2, 1), "red")
        picture.putpixel((1, 0), (0, 0, 255))
        signal = read_image(saved(picture, "PNG", transparency=(255, 0, 0)))
        assert signal.samples[:, 0].T.tolist() == [[1, 1, 1], [0, 0, 1]]

    @pytest.mark.parametrize("format", ["WEBP", "TIFF"])
    def test_alpha_of_other_formats(self, saved: Save, format: str) -> None:
        options = {"lossless": True} if format == "WEBP" else {}
        data = saved(Image.new("RGBA", (4, 3), (0, 255, 0, 128)), format, **options)
        torch.testing.assert_close(read_image(data).meta["alpha"], torch.full((1, 3, 4), 128 / 255))


class TestSixteenBits:
    @pytest.mark.parametrize("channels", [1, 3])
    @pytest.mark.parametrize("encode", [wide_png, wide_tiff])
    def test_precision_is_kept(self, channels: int, encode: Callable[..., bytes]) -> None:
        samples = wide(channels=channels)
        read = read_image(encode(samples)).samples * 65535
        expected = np.broadcast_to(samples, (3, 4, 3)).transpose(2, 0, 1)
        np.testing.assert_allclose(read.numpy(), expected, atol=0.02)

    @pytest.mark.parametrize(
        "encode", [wide_png, lambda s: wide_tiff(s, extrasamples=["unassalpha"])]
    )
    def test_alpha_has_16_bits_too(self, encode: Callable[..., bytes]) -> None:
        samples = wide(channels=4)
        signal = read_image(encode(samples))
        alpha = samples[..., 3] / 65535
        np.testing.assert_allclose(signal.meta["alpha"][0].numpy(), alpha, atol=1e-6)
        over_white = samples[..., 0] / 65535 * alpha + 1 - alpha
        np.testing.assert_allclose(signal.samples[0].numpy(), over_white, atol=1e-6)

    @pytest.mark.parametrize("byteorder", ["<", ">"])
    @pytest.mark.parametrize("options", [{}, {"compression": "zlib", "predictor": True}])
    def test_ways_to_store_tiff(self, byteorder: str, options: dict[str, Any]) -> None:
        samples = wide()
        read = read_image(wide_tiff(samples, byteorder=byteorder, **options)).samples * 65535
        np.testing.assert_allclose(read.numpy(), samples.transpose(2, 0, 1), atol=0.02)

    @pytest.mark.parametrize("encode", [wide_png, wide_tiff])
    def test_a_pil_image_has_8_bits_of_color_left(self, encode: Callable[..., bytes]) -> None:
        picture = Image.open(io.BytesIO(encode(wide())))
        expected = (wide() >> 8).transpose(2, 0, 1)
        assert np.array_equal((read_image(picture).samples * 255).round().numpy(), expected)

    def test_zero_may_be_white(self) -> None:
        data = wide_tiff(wide(channels=1), photometric="miniswhite")
        read = read_image(data).samples[0] * 65535
        np.testing.assert_allclose(read.numpy(), 65535 - wide(channels=1)[..., 0], atol=0.02)

    def test_premultiplied_alpha_is_divided_out(self) -> None:
        samples = np.full((3, 4, 4), 32768, np.uint16)  # white, half transparent
        signal = read_image(wide_tiff(samples, extrasamples=["assocalpha"]))
        torch.testing.assert_close(signal.samples, torch.ones(3, 3, 4))
        torch.testing.assert_close(
            signal.meta["alpha"], torch.full((1, 3, 4), 0.5), atol=0.003, rtol=0
        )

    def test_an_srgb_profile_costs_no_precision(self) -> None:
        samples = wide()
        read = read_image(wide_tiff(samples, iccprofile=srgb_profile())).samples * 65535
        np.testing.assert_allclose(read.numpy(), samples.transpose(2, 0, 1), atol=0.02)

    def test_another_profile_is_converted(self) -> None:
        samples = np.zeros((3, 4, 3), np.uint16)
        samples[..., 0] = 65535
        read = read_image(wide_tiff(samples, iccprofile=swapped_profile())).samples
        torch.testing.assert_close(read[:, 0, 0], torch.tensor([0, 1.0, 0]), atol=0.01, rtol=0)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_orientation(self, orientation: int) -> None:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        png = read_image(wide_png(wide(), exif.tobytes().removeprefix(b"Exif\0\0"))).samples
        tiff = read_image(wide_tiff(wide(), extratags=[(274, 3, 1, orientation, True)])).samples
        narrow = Image.fromarray((wide() >> 8).astype(np.uint8))
        narrow.info["exif"] = exif.tobytes()
        expected = np.asarray(ImageOps.exif_transpose(narrow)).transpose(2, 0, 1)
        assert np.array_equal((png * 65535).round().numpy().astype(int) >> 8, expected)
        assert png.equal(tiff)


class TestOrientation:
    @pytest.mark.parametrize("orientation", range(1, 9))
    @pytest.mark.parametrize(
        ("format", "options"), [("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})]
    )
    def test_the_picture_is_turned_upright(
        self,
        picture: Image.Image,
        saved: Save,
        format: str,
        options: dict[str, Any],
        orientation: int,
    ) -> None:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = orientation
        data = saved(picture, format, exif=exif, **options)
        upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        assert read_image(data).samples.equal(read_image(np.asarray(upright)).samples)

    def test_six_means_a_quarter_turn_clockwise(self, saved: Save) -> None:
        picture = Image.new("L", (2, 1))
        picture.putdata([255, 0])  # the bright pixel is at the left, and at the top when upright
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 6
        assert read_image(saved(picture, "PNG", exif=exif)).samples[0].tolist() == [[1], [0]]

    @pytest.mark.parametrize("exif", [b"Exif\0\0rubbish", b"Exif\0\0MM\0*\xff\xff\xff\xff"])
    def test_broken_exif_is_ignored(
        self, picture: Image.Image, signal: Signal, saved: Save, exif: bytes
    ) -> None:
        assert read_image(saved(picture, "PNG", exif=exif)).samples.equal(signal.samples)

    def test_an_unknown_orientation_is_ignored(
        self, picture: Image.Image, signal: Signal, saved: Save
    ) -> None:
        exif = Image.Exif()
        exif[ExifTags.Base.Orientation] = 77
        assert read_image(saved(picture, "PNG", exif=exif)).samples.equal(signal.samples)


class TestProfiles:
    @pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
    def test_colors_are_converted(self, saved: Save, format: str) -> None:
        options = {"lossless": True} if format == "WEBP" else {}
        data = saved(
            Image.new("RGB", (4, 3), "red"), format, icc_profile=swapped_profile(), **options
        )
        color = read_image(data).samples[:, 0, 0]
        torch.testing.assert_close(color, torch.tensor([0, 1.0, 0]), atol=0.01, rtol=0)

    def test_alpha_survives_the_conversion(self, saved: Save) -> None:
        picture = Image.new("RGBA", (4, 3), (255, 0, 0, 51))
        signal = read_image(saved(picture, "PNG", icc_profile=swapped_profile()))
        torch.testing.assert_close(
            signal.samples[:, 0, 0], torch.tensor([0.8, 1, 0.8]), atol=0.01, rtol=0
        )
        torch.testing.assert_close(signal.meta["alpha"], torch.full((1, 3, 4), 0.2))

    def test_palettes_are_converted(self, saved: Save) -> None:
        picture = Image.new("RGB", (4, 3), "red").convert("P")
        color = read_image(saved(picture, "PNG", icc_profile=swapped_profile())).samples[:, 0, 0]
        torch.testing.assert_close(color, torch.tensor([0, 1.0, 0]), atol=0.01, rtol=0)

    def test_srgb_changes_nothing(self, picture: Image.Image, signal: Signal, saved: Save) -> None:
        data = saved(picture, "PNG", icc_profile=srgb_profile())
        assert read_image(data).samples.equal(signal.samples)

    @pytest.mark.parametrize("profile", [b"rubbish", srgb_profile()[:200], b"\0" * 500])
    def test_a_broken_profile_is_ignored(
        self, picture: Image.Image, signal: Signal, saved: Save, profile: bytes
    ) -> None:
        data = saved(picture, "PNG", icc_profile=profile)
        assert read_image(data).samples.equal(signal.samples)

    def test_a_profile_for_another_mode_is_ignored(self, saved: Save) -> None:
        data = saved(Image.new("L", (4, 3), 51), "PNG", icc_profile=swapped_profile())
        torch.testing.assert_close(read_image(data).samples, torch.full((3, 3, 4), 0.2))


class TestSources:
    def test_every_kind_of_file_gives_the_same(
        self, picture: Image.Image, signal: Signal, saved: Save, tmp_path: Path
    ) -> None:
        path = tmp_path / "a.png"
        data = saved(picture, "PNG")
        path.write_bytes(data)
        with path.open("rb") as stream:
            for source in (path, str(path), data, io.BytesIO(data), stream, picture):
                assert read_image(source).samples.equal(signal.samples)

    @pytest.mark.parametrize(
        ("dtype", "one"), [(np.uint8, 255), (np.uint16, 65535), (np.float32, 1), (np.float64, 1)]
    )
    @pytest.mark.parametrize("shape", [(2, 3), (2, 3, 1), (2, 3, 3), (2, 3, 4)])
    def test_arrays(self, shape: tuple[int, ...], dtype: type, one: int) -> None:
        signal = read_image(np.full(shape, one, dtype))
        assert signal.samples.equal(torch.ones(3, 2, 3))
        assert ("alpha" in signal.meta) == (shape[-1:] == (4,))

    def test_channels_of_arrays_come_last(self) -> None:
        array = np.zeros((2, 3, 3), np.uint8)
        array[1, 2] = (255, 51, 0)
        torch.testing.assert_close(read_image(array).samples[:, 1, 2], torch.tensor([1, 0.2, 0]))

    @pytest.mark.parametrize("shape", [(1, 2, 3), (3, 2, 3), (4, 2, 3), (1, 3, 2, 3)])
    @pytest.mark.parametrize(
        ("dtype", "one"), [(torch.uint8, 255), (torch.float16, 1), (torch.float64, 1)]
    )
    def test_tensors(self, shape: tuple[int, ...], dtype: torch.dtype, one: int) -> None:
        tensor = torch.full(shape, one, dtype=dtype)
        assert read_image(tensor).samples.equal(torch.ones(3, 2, 3))

    def test_a_tensor_may_need_a_gradient_and_is_copied(self) -> None:
        tensor = torch.full((3, 2, 3), 0.5, requires_grad=True)
        signal = read_image(tensor)
        assert not signal.samples.requires_grad
        with torch.no_grad():
            tensor.zero_()
        assert signal.samples.equal(torch.full((3, 2, 3), 0.5))

    def test_overshoot_by_rounding_is_clipped(self) -> None:
        assert read_image(np.full((2, 3), 1.0005)).samples.max() == 1

    @pytest.mark.parametrize("shape", [(3,), (2, 3, 2), (2, 3, 5), (1, 2, 3, 3), (0, 3), (2, 0, 3)])
    def test_arrays_of_another_shape(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ShapeError, match="h, w"):
            read_image(np.zeros(shape))

    @pytest.mark.parametrize("shape", [(2, 3), (2, 2, 3), (2, 3, 2, 3), (1, 4, 2, 3), (3, 0, 2)])
    def test_tensors_of_another_shape(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ShapeError, match="h, w"):
            read_image(torch.zeros(shape))

    @pytest.mark.parametrize("dtype", [np.int32, np.bool_, np.complex64, np.object_])
    def test_arrays_of_another_type(self, dtype: type) -> None:
        with pytest.raises(UsageError, match="uint8, uint16 or real"):
            read_image(np.zeros((2, 3), dtype))

    def test_tensors_of_another_type(self) -> None:
        with pytest.raises(UsageError, match="uint8, uint16 or real"):
            read_image(torch.zeros(3, 2, 3, dtype=torch.int64))

    @pytest.mark.parametrize("value", [-0.5, 1.5, 255.0])
    def test_real_numbers_go_from_0_to_1(self, value: float) -> None:
        for source in (np.full((2, 3), value), torch.full((3, 2, 3), value)):
            with pytest.raises(UsageError, match="from 0 to 1"):
                read_image(source)

    @pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
    def test_numbers_that_are_not_finite(self, value: float) -> None:
        for source in (np.array([[0.5, value]]), torch.full((3, 2, 3), value)):
            with pytest.raises(InputError, match="not finite"):
                read_image(source)
