"""The ways back through a chain are those of `project`, cut to what the unit sees."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from impasto.encoders import random_encoder
from impasto.encoders.encoder import Chain
from impasto.signal import cut
from impasto.units.projection import MethodName, project
from impasto.units.receptive import receptive_fields
from impasto.units.unwinding import Unwinding, unwinds

CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
POOLINGS = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}


def chain(axes: int, kernel: int, stride: int, padding: int, dilation: int, ceil: bool) -> Chain:
    """A chain with windows that overlap, leave gaps and reach over the ends."""
    torch.manual_seed(0)
    convolution, pooling = CONVOLUTIONS[axes], POOLINGS[axes]
    norm = NORMS[axes](4)
    for vector in (norm.weight, norm.running_var):
        vector.data.uniform_(0.5, 2)
    modules = [
        convolution(2, 4, kernel, stride=stride, padding=padding, dilation=dilation),
        nn.ReLU(),
        norm,
        pooling(3, 2, padding=1, ceil_mode=ceil),
        convolution(4, 4, 3, padding=1, groups=2),
        nn.ReLU(),
        nn.Identity(),
        pooling(2, ceil_mode=ceil),
        nn.Sigmoid(),
    ]
    return Chain("chain", nn.Identity(), [(str(n), own) for n, own in enumerate(modules)])


@pytest.mark.parametrize("method", get_args(MethodName))
@settings(max_examples=25, deadline=None)
@given(
    axes=st.integers(1, 3),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 2),
    padding=st.integers(0, 1),
    dilation=st.integers(1, 2),
    ceil=st.booleans(),
    seed=st.integers(0, 99),
)
def test_every_way_back_is_that_of_the_whole(
    method: MethodName,
    axes: int,
    kernel: int,
    stride: int,
    padding: int,
    dilation: int,
    ceil: bool,
    seed: int,
) -> None:
    encoder = chain(axes, kernel, stride, padding, dilation, ceil)
    generator = torch.Generator().manual_seed(seed)
    space = [int(torch.randint(13, 19, (), generator=generator)) for _ in range(axes)]
    signal = torch.randn(2, *space, generator=generator)
    layers = list(encoder.table)
    unwinding = Unwinding(encoder, signal, layers, method)
    for layer in layers:
        features = encoder(signal[None], [layer])[layer][0]
        spots = torch.stack(
            [torch.randint(0, n, (6,), generator=generator) for n in features.shape], 1
        )
        units, positions = spots[:, 0], spots[:, 1:]
        activations = features[tuple(spots.unbind(1))]
        windows, places = unwinding.project(layer, units, positions, activations)
        batch = signal.expand(6, *signal.shape)
        whole = project(encoder, batch, layer, units, positions, method=method)
        for window, where, expected in zip(windows, places, whole, strict=True):
            inside = [
                slice(max(own.start, 0), min(own.stop, n))
                for own, n in zip(where, space, strict=True)
            ]
            taken = [
                slice(i.start - o.start, i.stop - o.start)
                for i, o in zip(inside, where, strict=True)
            ]
            torch.testing.assert_close(cut(window, tuple(taken)), cut(expected, tuple(inside)))
            cut(expected, tuple(inside)).zero_()
            assert not expected.any()


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_windows_are_receptive_fields(axes: int) -> None:
    encoder = chain(axes, kernel=3, stride=1, padding=1, dilation=1, ceil=False)
    space, layer = (17,) * axes, list(encoder.table)[-1]
    unwinding = Unwinding(encoder, torch.rand(2, *space), [layer], "gradient")
    position = torch.full((1, axes), 2)
    windows, places = unwinding.project(layer, torch.tensor([1]), position, torch.ones(1))
    fields = receptive_fields(encoder, [layer], space, channels=2)[layer]
    assert list(windows.shape[2:]) == [own.size for own in fields]
    assert [own.start for own in places[0]] == [2 * own.stride + own.offset for own in fields]


def test_only_chains_of_known_modules_unwind() -> None:
    assert unwinds(chain(2, kernel=3, stride=1, padding=1, dilation=1, ceil=False))
    assert not unwinds(random_encoder(2, 3, channels=(4,)))  # which averages
    first = nn.Conv2d(3, 3, 3)
    others = [nn.AvgPool2d(2), nn.Conv2d(3, 3, 3, padding=1, padding_mode="reflect"), nn.Tanh()]
    for other in others:
        assert not unwinds(Chain("odd", nn.Identity(), [("a", first), ("b", other)]))
