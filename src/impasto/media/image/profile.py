"""Color profiles: from whatever a picture is in to sRGB, and sRGB to put into a file."""

from __future__ import annotations

import io
import struct
from functools import cache

import numpy as np
from PIL import Image, ImageChops, ImageCms


def to_srgb(picture: Image.Image) -> Image.Image | None:
    """Convert a picture from its color profile to sRGB.

    Args:
        picture: A decoded picture of any mode with samples of 8 bits.
    Returns:
        An RGB picture, or None if there is nothing to convert: the picture has no profile, one
        that is broken or made for another mode, or one that changes nothing but rounding.
    """
    raw = picture.info.get("icc_profile")
    if not raw:
        return None
    mode = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"}.get(picture.mode, "RGB")
    plain = picture.convert(mode)
    try:
        transform = ImageCms.buildTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(raw)), ImageCms.createProfile("sRGB"), mode, "RGB"
        )
        converted = ImageCms.applyTransform(plain, transform)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None
    if converted is None or _max_difference(converted, plain.convert("RGB")) <= 1:
        return None
    return converted


@cache
def srgb_profile() -> bytes:
    """Return an ICC profile of sRGB that is the same each time it is made."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)  # in place of the present time
    return bytes(profile)


def _max_difference(one: Image.Image, other: Image.Image) -> int:
    return int(np.asarray(ImageChops.difference(one, other)).max())
