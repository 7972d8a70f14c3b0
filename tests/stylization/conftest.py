"""Small pictures, and stylizations of them with the real network, which is loaded once."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from impasto import Encoder, StylizeSettings, StylizeStep, stylize_steps
from impasto.stylization import Stylization, encoder_for

Pixels = NDArray[np.uint8]


class Making(Protocol):
    """Stylizes with the network that is loaded already."""

    def __call__(self, content: Any, style: Any, **changes: Any) -> Stylization: ...


class Stepping(Protocol):
    """The same, step by step."""

    def __call__(self, content: Any, style: Any, **changes: Any) -> list[StylizeStep]: ...


def blobs(height: int, width: int, *, seed: int, bands: int = 3) -> Pixels:
    """Draw soft blobs of color, shape (h, w, bands)."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, bands), np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image)


@pytest.fixture
def photo() -> Pixels:
    """A content, 48 x 64."""
    return blobs(48, 64, seed=1)


@pytest.fixture
def painting() -> Pixels:
    """A style, 60 x 60."""
    return blobs(60, 60, seed=2)


@pytest.fixture
def cutout() -> Pixels:
    """A content with transparency, 48 x 64."""
    return blobs(48, 64, seed=3, bands=4)


@pytest.fixture(scope="session")
def vgg() -> Encoder:
    """The default network in float32."""
    return encoder_for(StylizeSettings(precision="float32"))


@pytest.fixture
def steps_of(vgg: Encoder) -> Stepping:
    """Run two steps at 32 pixels, or as it is asked for."""

    def run(content: Any, style: Any, **changes: Any) -> list[StylizeStep]:
        settings = StylizeSettings(size=32, steps=2, levels=1, precision="float32")
        return list(stylize_steps(content, style, settings=settings, encoder=vgg, **changes))

    return run


@pytest.fixture
def make(steps_of: Stepping) -> Making:
    """Stylize in two steps at 32 pixels, or as it is asked for."""

    def run(content: Any, style: Any, **changes: Any) -> Stylization:
        return steps_of(content, style, **changes)[-1].finish()

    return run
