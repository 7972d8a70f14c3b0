"""Small pictures for the tests of reading and writing."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.signal import Signal


@pytest.fixture
def signal() -> Signal:
    """A smooth picture of 12 x 16, whose levels fit exactly into 8 bits."""
    rows, columns = torch.meshgrid(
        torch.linspace(0, 1, 12), torch.linspace(0, 1, 16), indexing="ij"
    )
    samples = torch.stack([rows, columns, 1 - rows])
    return Signal((samples * 255).round() / 255)


@pytest.fixture
def translucent(signal: Signal) -> Signal:
    """The same over white, from transparent at the left to opaque at the right."""
    alpha = ((torch.arange(16) * 17) / 255).expand(1, 12, 16)
    return Signal(signal.samples * alpha + (1 - alpha), meta={"alpha": alpha})


@pytest.fixture
def picture(signal: Signal) -> Image.Image:
    """The smooth picture as a PIL image."""
    levels = (signal.samples.movedim(0, -1) * 255).round().numpy().astype(np.uint8)
    return Image.fromarray(levels)


@pytest.fixture
def saved() -> Callable[..., bytes]:
    """Give the bytes of a PIL image in a format."""

    def save(picture: Image.Image, format: str, **options: object) -> bytes:
        stream = io.BytesIO()
        picture.save(stream, format, **options)
        return stream.getvalue()

    return save
