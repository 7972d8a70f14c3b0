"""Small networks of every kind, none of which may notice that it runs over tiles."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
import torch
from hypothesis import strategies as st
from torch import nn

from impasto.encoders import Chain

Spaces = Callable[[Chain, Iterable[str]], st.SearchStrategy[tuple[int, ...]]]
Named = list[tuple[str, nn.Module]]

CONVOLUTIONS: tuple[Any, ...] = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
MAXIMA: tuple[Any, ...] = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
AVERAGES: tuple[Any, ...] = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
CHANNELS = 2  # of every signal


def average(axes: int) -> Named:
    """Blocks of convolution, ReLU and average pooling, which leave odd borders out."""
    convolution, pooling = CONVOLUTIONS[axes - 1], AVERAGES[axes - 1]
    return [
        ("conv1", convolution(CHANNELS, 3, 3, padding=1)),
        ("relu1", nn.ReLU()),
        ("pool1", pooling(2)),
        ("conv2", convolution(3, 4, 3, padding=1)),
        ("relu2", nn.ReLU()),
        ("pool2", pooling(2)),
        ("conv3", convolution(4, 3, 3, padding=1)),
        ("relu3", nn.ReLU()),
    ]


def maximum(axes: int) -> Named:
    """Like VGG: max poolings that leave no border out, more convolutions than poolings."""
    convolution, pooling = CONVOLUTIONS[axes - 1], MAXIMA[axes - 1]
    return [
        ("conv1", convolution(CHANNELS, 3, 3, padding=1)),
        ("relu1", nn.ReLU()),
        ("pool1", pooling(2, ceil_mode=True)),
        ("conv2a", convolution(3, 3, 3, padding=1)),
        ("relu2a", nn.ReLU()),
        ("conv2b", convolution(3, 4, 3, padding=1)),
        ("relu2b", nn.ReLU()),
        ("pool2", pooling(2, ceil_mode=True)),
        ("conv3", convolution(4, 3, 3, padding=1)),
        ("relu3", nn.ReLU()),
        ("pool3", pooling(2, ceil_mode=True)),
        ("conv4", convolution(3, 2, 3, padding=1)),
    ]


def strided(axes: int) -> Named:
    """Convolutions with strides in place of poolings, one of them with an even kernel."""
    convolution = CONVOLUTIONS[axes - 1]
    return [
        ("conv1", convolution(CHANNELS, 3, 4, padding=1, stride=2)),
        ("relu1", nn.ReLU()),
        ("conv2", convolution(3, 4, 3, padding=1)),
        ("relu2", nn.ReLU()),
        ("conv3", convolution(4, 3, 3, padding=2, stride=3)),
        ("relu3", nn.ReLU()),
        ("conv4", convolution(3, 3, 1, stride=2)),
        ("conv5", convolution(3, 2, 3, padding=1)),
    ]


def dilated(axes: int) -> Named:
    """Wide filters with holes, and poolings that overlap and are padded."""
    convolution = CONVOLUTIONS[axes - 1]
    return [
        ("conv1", convolution(CHANNELS, 3, 3, padding=2, dilation=2)),
        ("relu1", nn.ReLU()),
        ("pool1", MAXIMA[axes - 1](3, stride=2, padding=1)),
        ("conv2", convolution(3, 4, 3, padding=3, dilation=3)),
        ("relu2", nn.ReLU()),
        ("pool2", AVERAGES[axes - 1](3, stride=2, padding=1, ceil_mode=True)),
        ("conv3", convolution(4, 3, 3, padding=1)),
    ]


def valid(axes: int) -> Named:
    """Nothing is padded, so that every layer is shorter than the one before."""
    convolution = CONVOLUTIONS[axes - 1]
    return [
        ("conv1", convolution(CHANNELS, 3, 3)),
        ("relu1", nn.ReLU()),
        ("pool1", MAXIMA[axes - 1](2, stride=1)),
        ("conv2", convolution(3, 4, 2)),
        ("relu2", nn.ReLU()),
        ("pool2", AVERAGES[axes - 1](2)),
        ("conv3", convolution(4, 3, 2)),
    ]


NETWORKS = {made.__name__: made for made in (average, maximum, strided, dilated, valid)}


def network(name: str, axes: int) -> Chain:
    """Build one of the networks, the same at every call, in float64."""
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return Chain(name, nn.Identity(), NETWORKS[name](axes)).double()


ENCODERS: Mapping[tuple[str, int], Chain] = {
    (name, axes): network(name, axes) for name in NETWORKS for axes in (1, 2, 3)
}


@pytest.fixture(params=ENCODERS, ids=lambda which: f"{which[0]}{which[1]}d", scope="session")
def chain(request: pytest.FixtureRequest) -> Chain:
    """Each of the networks over one, two and three axes."""
    return ENCODERS[request.param]


@pytest.fixture(params=[1, 2, 3], ids=["1 axis", "2 axes", "3 axes"], scope="session")
def plain_chain(request: pytest.FixtureRequest) -> Chain:
    """A network like VGG over one, two and three axes."""
    return ENCODERS["maximum", request.param]


@pytest.fixture(scope="session")
def any_chain() -> Callable[[], st.SearchStrategy[Chain]]:
    """Chains over one axis with modules of any shape in any order."""
    return any_modules


@st.composite
def any_modules(draw: st.DrawFn) -> Chain:
    """Draw a convolution and up to six modules behind it."""
    channels = CHANNELS
    modules: Named = []
    kinds = draw(st.lists(st.sampled_from(["conv", "relu", "max", "mean"]), max_size=6))
    for number, kind in enumerate(["conv", *kinds]):
        kernel = draw(st.integers(1, 4), label="kernel")
        stride = draw(st.integers(1, 3), label="stride")
        module: nn.Module = nn.ReLU()
        if kind == "relu" and isinstance(modules[-1][1], nn.ReLU):
            continue  # in place, the second spoils the gradient of the first, tiles or not
        if kind == "conv":
            padding = draw(st.integers(0, 3), label="padding")
            spread = draw(st.integers(1, 2), label="dilation")
            module = nn.Conv1d(channels, 2, kernel, stride, padding, spread)
            channels = 2
        elif kind != "relu":
            padding = draw(st.integers(0, kernel // 2), label="padding")
            ceil = draw(st.booleans(), label="ceil")
            pooling = nn.MaxPool1d if kind == "max" else nn.AvgPool1d
            module = pooling(kernel, stride, padding, ceil_mode=ceil)
        modules.append((f"{kind}{number}", module))
    torch.manual_seed(1)
    for _, module in modules:
        if isinstance(module, nn.Conv1d):
            module.reset_parameters()
    return Chain("any", nn.Identity(), modules).double()


@pytest.fixture(scope="session")
def spaces() -> Spaces:
    """Spaces over which a network has features at some layers, from the smallest on."""

    def strategy(chain: Chain, layers: Iterable[str]) -> st.SearchStrategy[tuple[int, ...]]:
        least = shortest(chain, list(layers))
        return st.tuples(*[st.integers(least, least + (15, 8, 3)[chain.axes - 1])] * chain.axes)

    return strategy


def shortest(chain: Chain, layers: list[str]) -> int:
    """Return how short the axes may be before some module has no window to look through."""
    for length in itertools.count(1):
        try:
            chain(torch.zeros(1, CHANNELS, *[length] * chain.axes), layers)
        except RuntimeError:
            continue
        return length
    raise AssertionError
