"""Tiny networks, and a small encoder with the layers of VGG19 that styles are read from."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from impasto.encoders.encoder import Chain
from impasto.encoders.front_end import torchvision_pixels
from impasto.fast.model import FastModel, StyleFacts, new_model
from impasto.fast.network import Layout

TINY = Layout(2, (4, 6), blocks=1, window=3)
SMALL_CHANNELS = (4, 5, 6, 7)


@pytest.fixture
def encoder() -> Chain:
    """Four convolutions that are named as those of VGG19."""
    chain: list[tuple[str, nn.Module]] = []
    wide = 3
    for block, channels in enumerate(SMALL_CHANNELS, start=1):
        chain += [
            (f"conv{block}_1", nn.Conv2d(wide, channels, 3, padding=1)),
            (f"relu{block}_1", nn.ReLU()),
            (f"pool{block}", nn.MaxPool2d(2, ceil_mode=True)),
        ]
        wide = channels
    return Chain("small", torchvision_pixels(), chain)


@pytest.fixture
def model() -> FastModel:
    """A network of two styles that has learned nothing."""
    known = [StyleFacts("waves", "1" * 64), StyleFacts("dots", "2" * 64)]
    made = new_model(TINY, known, any_style=False)
    with torch.no_grad():
        made.styles.rows.normal_()  # type: ignore[operator, union-attr]
    made.modules().requires_grad_(False)
    return made
