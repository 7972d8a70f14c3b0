"""Masks send a style where it belongs, measured."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor


def halves(height: int, width: int) -> Any:
    """A mask whose left half is black and whose right half is white."""
    mask = np.zeros((height, width), np.uint8)
    mask[:, width // 2 :] = 255
    return mask


RED, BLUE = (255, 90, 60), (60, 90, 255)
FREE = {"content_weight": 0.0, "steps": 25}


def tinted(blobs: Any, color: tuple[int, int, int]) -> Any:
    """The brightness of a picture in one color."""
    return (blobs.mean(2, keepdims=True) / 255 * np.array(color)).astype(np.uint8)


def warmth(samples: Tensor) -> tuple[float, float]:
    """How much redder than blue the left and the right part are, away from the border."""
    difference = samples[0] - samples[2]
    return float(difference[:, :12].mean()), float(difference[:, -12:].mean())


@pytest.fixture
def gray(photo: Any) -> Any:
    return tinted(photo, (255, 255, 255))


@pytest.fixture
def red(painting: Any) -> Any:
    return tinted(painting, RED)


@pytest.fixture
def blue(painting: Any) -> Any:
    return tinted(painting, BLUE)


def test_equal_colors_pair_up(make: Any, gray: Any, red: Any, blue: Any) -> None:
    style = np.concatenate([red[:, :30], blue[:, 30:]], axis=1)
    masks = [(halves(48, 64), halves(60, 60))]
    left, right = warmth(make(gray, style, masks=masks, **FREE).signal.samples)
    assert left > 0.2
    assert right < -0.2
    exchanged = [(255 - halves(48, 64), halves(60, 60))]
    left, right = warmth(make(gray, style, masks=exchanged, **FREE).signal.samples)
    assert left < -0.2
    assert right > 0.2


def test_each_style_has_a_pair_of_its_own(make: Any, gray: Any, red: Any, blue: Any) -> None:
    whole = np.zeros((60, 60), np.uint8)
    masks = [(halves(48, 64), whole), (255 - halves(48, 64), whole)]
    left, right = warmth(make(gray, [red, blue], masks=masks, **FREE).signal.samples)
    assert left > 0.2
    assert right < -0.2
    left, right = warmth(make(gray, [blue, red], masks=masks, **FREE).signal.samples)
    assert left < -0.2
    assert right > 0.2


def test_a_region_that_only_the_content_has_is_left_alone(make: Any, gray: Any, red: Any) -> None:
    masks = [(halves(48, 64), np.zeros((60, 60), np.uint8))]
    near = {"style_layers": {"relu1_1": 1.0}, "tv_weight": 0.0, "canvas": "samples"}
    left, right = warmth(make(gray, red, masks=masks, **near, **FREE).signal.samples)
    assert left > 0.2
    assert right == pytest.approx(0, abs=1e-6)


def test_one_region_that_covers_all_is_no_mask(make: Any, photo: Any, painting: Any) -> None:
    whole = [(np.zeros((48, 64), np.uint8), np.zeros((60, 60), np.uint8))]
    masked = make(photo, painting, masks=whole).signal.samples
    torch.testing.assert_close(masked, make(photo, painting).signal.samples, atol=1e-3, rtol=0)
