"""Short films, and the network that stylizes their frames."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.signal import Signal

RATE = 25


def scene(height: int, width: int, *, seed: int) -> torch.Tensor:
    """Draw soft blobs with some grain, shape (3, h, w)."""
    random = np.random.default_rng(seed)
    coarse = random.integers(40, 216, (12, 16, 3), np.uint8)
    image = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
    grain = random.normal(0, 0.05, (height, width, 1))
    pixels = np.asarray(image) / 255 + grain
    return torch.from_numpy(pixels.clip(0, 1).astype(np.float32)).movedim(-1, 0).contiguous()


def panned(count: int, height: int, width: int, *, seed: int, step: int = 2) -> torch.Tensor:
    """Move a camera to the right, shape (3, time, h, w)."""
    wide = scene(height, width + step * count, seed=seed)
    views = [wide[:, :, step * n : step * n + width] for n in range(count)]
    return torch.stack(views, 1).contiguous()


def film_of(samples: torch.Tensor) -> Signal:
    times = tuple(Fraction(n, RATE) for n in range(samples.shape[1]))
    return Signal(samples, "video", {"rate_hz": float(RATE), "times": times, "sound": None})


@pytest.fixture
def pan() -> Signal:
    """Four frames of 48 x 64 that move two pixels each."""
    return film_of(panned(4, 48, 64, seed=5))


@pytest.fixture
def two_shots() -> Signal:
    """Two frames of one scene, then two of another."""
    return film_of(torch.cat([panned(2, 48, 64, seed=5), panned(2, 48, 64, seed=6)], 1))
