"""Pictures in: files, bytes, PIL images, arrays and tensors become signals."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin
from torch import Tensor

from impasto.errors import InputError, ShapeError, UsageError
from impasto.media.image.opening import MAX_PIXELS, PictureFile, open_picture
from impasto.media.image.profile import to_srgb
from impasto.signal import Signal

ImageSource = PictureFile | Image.Image | NDArray[Any] | Tensor

INPUT_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif")

# For each EXIF orientation: exchange rows and columns, then flip rows, then flip columns.
_TURNS = {
    2: (False, False, True),
    3: (False, True, True),
    4: (False, True, False),
    5: (True, False, False),
    6: (True, False, True),
    7: (True, True, True),
    8: (True, True, False),
}


def read_image(source: ImageSource, *, max_pixels: int = MAX_PIXELS) -> Signal:
    """Read a picture as sRGB, upright, over white where it is transparent.

    The orientation and the color profile of a file are applied. Samples of 16 bits keep their
    precision, unless they have to be converted from another profile, which Pillow does in 8 bits.
    Of several frames or pages the first is read.

    Transparent pixels may hold any color, and the network would see it. So the samples are what a
    white page shows; the alpha channel is kept, and the writer undoes the mixing with it.

    Args:
        source: A path, the bytes of a file, a binary stream, a PIL image, an array of shape (h, w)
            or (h, w, 1 | 3 | 4), or a tensor of shape (1 | 3 | 4, h, w) or (1, 3, h, w). Arrays
            and tensors hold uint8, uint16, or real numbers from 0 to 1.
        max_pixels: A file that announces more pixels is refused before it is decoded.
    Returns:
        Samples of shape (3, h, w) from 0 to 1, and meta["alpha"] of shape (1, h, w) from 0 to 1
        if the picture has an alpha channel or a transparent color.
    Raises:
        InputError: If the source is missing, not a picture, damaged, cut short or too large, or
            holds numbers that are not finite.
        OutOfMemoryError: If there is too little memory to decode it.
        UsageError: If an array or a tensor has another shape, type or range.
    """
    if isinstance(source, Tensor):
        return _over_white(_tensor_planes(source))
    if isinstance(source, np.ndarray):
        return _over_white(_array_planes(source))
    with open_picture(source, max_pixels=max_pixels) as (picture, stream):
        picture.load()
        pixels = _pixels(picture, _sixteen_bits(picture, stream))
        return _over_white(_array_planes(_upright(pixels, picture)))


def _sixteen_bits(picture: Image.Image, stream: BinaryIO) -> NDArray[np.uint16] | None:
    """Return the samples of a decoded picture with 16 bits, shape (h, w) or (h, w, 3 | 4).

    Pillow keeps 16 bits of a gray picture only and cuts colors to 8, so OpenCV reads those again.

    Returns:
        None if the file has no more than 8 bits, or stores 16 in a way that OpenCV cannot read.
    """
    tags = picture.tag_v2 if isinstance(picture, TiffImagePlugin.TiffImageFile) else {}
    bits, photometric, extra = (tags.get(tag, ()) for tag in (258, 262, 338))
    if picture.mode.startswith("I;16"):
        gray = np.asarray(picture).astype(np.uint16)
        return ~gray if photometric == 0 else gray  # 0 means that zero is white
    if picture.format == "TIFF":
        wide = set(bits) == {16} and photometric == 2 and extra not in (1, (1,))  # premultiplied
    else:
        stream.seek(24)  # where the header of a PNG has the bit depth
        wide = picture.format == "PNG" and stream.read(1) == b"\x10"
    if not wide:
        return None
    stream.seek(0)
    data = stream.read()
    if not data:  # a PIL image, which has no more than its 8 bits left
        return None
    import cv2

    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.shape[:2] != picture.size[::-1] or pixels.dtype != np.uint16:
        return None
    return np.asarray(pixels[..., [2, 1, 0, 3][: pixels.shape[-1]]], np.uint16)  # from BGR


def _pixels(picture: Image.Image, wide: NDArray[np.uint16] | None) -> NDArray[Any]:
    """Return a decoded picture in sRGB, uint8 or uint16, shape (h, w) or (h, w, 3 | 4)."""
    if picture.mode.startswith("I;16") and wide is not None:
        narrow = Image.fromarray((wide >> 8).astype(np.uint8))
        narrow.info = picture.info
        picture = narrow
    colors = to_srgb(picture)
    if colors is None and wide is not None:
        return wide
    colors = colors or picture.convert("RGB")
    if picture.has_transparency_data:
        colors.putalpha(picture.convert("RGBA").getchannel("A"))
    return np.asarray(colors)


def _upright(pixels: NDArray[Any], picture: Image.Image) -> NDArray[Any]:
    """Turn pixels as the EXIF orientation of their picture says; ignore broken EXIF data."""
    try:
        orientation = picture.getexif().get(0x0112, 1)
    except Exception:  # as many kinds as there are ways to break EXIF data
        orientation = 1
    exchange, flip_rows, flip_columns = _TURNS.get(orientation, (False, False, False))
    if exchange:
        pixels = pixels.swapaxes(0, 1)
    return pixels[:: -1 if flip_rows else 1, :: -1 if flip_columns else 1]


def _array_planes(array: NDArray[Any]) -> Tensor:
    """Check an array and return it as channels first, from 0 to 1."""
    if (
        array.ndim not in (2, 3)
        or 0 in array.shape
        or array.shape[2:] not in ((), (1,), (3,), (4,))
    ):
        raise ShapeError(
            f"An array that holds a picture has shape (h, w) or (h, w, 1 | 3 | 4), "
            f"not {array.shape}."
        )
    channels_first = np.moveaxis(array.reshape(*array.shape[:2], -1), -1, 0)
    if array.dtype in (np.uint8, np.uint16):
        limit = np.iinfo(array.dtype).max
        # Without torch, whose threads would get in the way of a network's while a dataset is read.
        return torch.from_numpy(channels_first.astype(np.float32, order="C") / np.float32(limit))
    if not np.issubdtype(array.dtype, np.floating):
        raise UsageError(
            f"An array that holds a picture has uint8, uint16 or real numbers, not {array.dtype}."
        )
    return _checked(torch.from_numpy(channels_first.astype(np.float32)))


def _tensor_planes(tensor: Tensor) -> Tensor:
    """Check a tensor and return it as channels first, from 0 to 1, on the CPU."""
    planes = tensor.detach().cpu()
    if planes.ndim == 4 and planes.shape[:2] == (1, 3):
        planes = planes[0]
    if planes.ndim != 3 or 0 in planes.shape or planes.shape[0] not in (1, 3, 4):
        raise ShapeError(
            f"A tensor that holds a picture has shape (1 | 3 | 4, h, w) or (1, 3, h, w), "
            f"not {tuple(tensor.shape)}."
        )
    if planes.is_floating_point():
        return _checked(planes.float())
    return _array_planes(planes.movedim(0, -1).numpy())


def _checked(planes: Tensor) -> Tensor:
    """Refuse real numbers that cannot be colors, and clip overshoot by rounding."""
    if not bool(planes.isfinite().all()):
        raise InputError("The picture holds numbers that are not finite (NaN or infinity).")
    low, high = (float(limit) for limit in planes.aminmax())
    if low < -1e-3 or high > 1 + 1e-3:
        raise UsageError(
            f"Real numbers in a picture go from 0 to 1, not from {low:g} to {high:g}: "
            f"divide by the largest possible value first."
        )
    return planes.clamp(0, 1)


def _over_white(planes: Tensor) -> Signal:
    """Make a signal of gray, RGB or RGBA planes, shape (1 | 3 | 4, h, w)."""
    if planes.shape[0] != 4:
        return Signal(planes.expand(3, -1, -1).contiguous())
    colors, alpha = planes[:3], planes[3:].clone()
    return Signal(colors * alpha + (1 - alpha), meta={"alpha": alpha})
