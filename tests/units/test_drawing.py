"""What one unit sees in one signal is drawn for every medium that has a picture of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.encoders import Encoder, random_encoder
from impasto.errors import UsageError
from impasto.signal import Signal
from impasto.units.drawing import check_map, draw_occlusion, draw_projection
from impasto.units.occlusion import occlude
from impasto.units.portraits import PORTRAITS, portrait_of
from impasto.units.single import strongest

SPACES = {1: (400,), 2: (30, 40), 3: (8, 12, 10)}


def shown(medium: str) -> tuple[Signal, Encoder]:
    axes = PORTRAITS[medium].axes
    return Signal(torch.rand(3, *SPACES[axes]), medium), random_encoder(axes, 3, channels=(4, 5))


def reddish(image: Image.Image) -> int:
    """Count the pixels that have about the color of a frame or a curve."""
    pixels = np.asarray(image.convert("RGB")).astype(int)
    return int((np.abs(pixels - (0xE8, 0x50, 0x3A)).max(-1) < 30).sum())


@pytest.mark.parametrize("medium", PORTRAITS)
def test_a_projection_frames_what_is_seen(medium: str) -> None:
    signal, encoder = shown(medium)
    found = strongest(encoder, signal, "relu2_1", 1)
    drawn = draw_projection(signal, found, portrait_of(medium))
    assert reddish(drawn.crop((0, 0, drawn.width // 3, drawn.height))) > 50
    assert reddish(drawn) > 50


@pytest.mark.parametrize("medium", ["image", "audio", "series"])
def test_an_occlusion_is_a_map_or_a_curve(medium: str) -> None:
    signal, encoder = shown(medium)
    check_map(portrait_of(medium))
    occlusion = occlude(encoder, signal, "relu2_1", 1, size=8, stride=8)
    drawn = draw_occlusion(signal, occlusion, portrait_of(medium))
    right = drawn.crop((drawn.width // 2, 0, drawn.width, drawn.height))
    assert np.asarray(right.convert("L")).std() > 10
    assert (reddish(right) > 50) == (medium != "image")


@pytest.mark.parametrize("medium", ["volume", "video"])
def test_over_three_axes_there_is_no_map(medium: str) -> None:
    with pytest.raises(UsageError, match="over 3 axes is not drawn") as caught:
        check_map(portrait_of(medium))
    assert caught.value.exit_code == 2
