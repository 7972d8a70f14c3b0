from __future__ import annotations

import pytest
import torch
from torch import nn

from impasto.encoders.encoder import Chain
from impasto.errors import ShapeError, UsageError
from impasto.signal import Signal
from impasto.units import excited


@pytest.fixture
def channels() -> Chain:
    """Three units, which answer to red, to twice as much green, and to minus blue."""
    conv = nn.Conv2d(3, 3, 1, bias=False)
    with torch.no_grad():
        conv.weight.copy_(torch.diag(torch.tensor([1.0, 2.0, -1.0]))[..., None, None])
    return Chain("channels", nn.Identity(), [("conv", conv), ("relu", nn.ReLU())])


@pytest.fixture
def signal() -> Signal:
    samples = torch.zeros(3, 4, 5)
    samples[:, 1, 2] = torch.tensor([0.5, 0.4, 0.9])
    return Signal(samples)


def test_the_most_excited_come_first(channels: Chain, signal: Signal) -> None:
    found = excited(channels, signal, "relu")
    assert [(own.unit, round(own.activation, 6)) for own in found] == [(1, 0.8), (0, 0.5)]
    assert [own.share for own in found] == [own.activation for own in found]
    assert [own.unit for own in excited(channels, signal, "relu", k=1)] == [1]


def test_each_unit_is_compared_with_what_it_usually_reaches(
    channels: Chain, signal: Signal
) -> None:
    usual = torch.tensor([0.25, 1.6, 0.0])
    found = excited(channels, signal, "relu", usual=usual)
    assert [own.unit for own in found] == [0, 1]
    assert [own.share for own in found] == [pytest.approx(2.0), pytest.approx(0.5)]


def test_wrong_layers_and_counts(channels: Chain, signal: Signal) -> None:
    with pytest.raises(UsageError, match="no layer"):
        excited(channels, signal, "relu7")
    with pytest.raises(ShapeError, match="3 units"):
        excited(channels, signal, "relu", usual=torch.ones(2))
