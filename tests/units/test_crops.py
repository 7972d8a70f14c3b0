from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as some
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders import Chain, Encoder, Wrapped
from impasto.signal import cut
from impasto.units.crops import Crop, enclose
from impasto.units.projection import MethodName, project
from impasto.units.receptive import WHOLE, Field, receptive_fields

CONVOLUTIONS: tuple[Any, ...] = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
MAXIMA: tuple[Any, ...] = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
AVERAGES: tuple[Any, ...] = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
ADAPTIVE: tuple[Any, ...] = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
ROOM = {1: 60, 2: 26, 3: 12}  # longest axes that are drawn

methods: some.SearchStrategy[MethodName] = some.sampled_from(["deconvnet", "guided", "gradient"])


@some.composite
def chains(draw: some.DrawFn) -> Chain:
    """Convolutions and poolings of any shape, whatever their borders."""
    axes = draw(some.integers(1, 3), label="axes")
    modules: list[tuple[str, nn.Module]] = []
    for number in range(draw(some.integers(1, 3), label="blocks")):
        kernel, dilation = draw(some.integers(1, 3)), draw(some.integers(1, 2))
        padding, stride = draw(some.integers(0, 3)), draw(some.integers(1, 2))
        convolution = CONVOLUTIONS[axes - 1](2, 2, kernel, stride, padding, dilation)
        modules += [(f"conv{number}", convolution), (f"relu{number}", nn.ReLU())]
        pooling = draw(some.sampled_from([None, MAXIMA[axes - 1], AVERAGES[axes - 1]]))
        if pooling is not None:
            size, step = draw(some.integers(1, 3)), draw(some.integers(1, 3))
            pad, ceil = draw(some.integers(0, size // 2)), draw(some.booleans())
            modules.append((f"pool{number}", pooling(size, step, pad, ceil_mode=ceil)))
    for _, module in modules:
        for weight in module.parameters():
            nn.init.uniform_(weight, -0.5, 1.0)
    return Chain("toy", nn.Identity(), modules).double()


class Residual(nn.Module):
    """Two ways of the same stride, the shorter without padding of its own."""

    def __init__(self, axes: int, ceil: bool) -> None:
        super().__init__()
        convolution = CONVOLUTIONS[axes - 1]
        self.one = convolution(2, 3, 3, padding=1)
        self.pool = MAXIMA[axes - 1](3, 2, 1, ceil_mode=ceil)
        self.two = convolution(3, 3, 3, padding=1, stride=2)
        self.three = convolution(3, 3, 3, padding=1)
        self.short = convolution(3, 3, 1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(functional.relu(self.one(x)))
        return functional.relu(self.three(functional.relu(self.two(x))) + self.short(x))


def assert_exact(encoder: Encoder, layer: str, data: some.DataObject) -> None:
    """Compare the activation at a position, and its projection, over a part and over the whole."""
    longest = ROOM[encoder.axes]
    space = data.draw(some.tuples(*[some.integers(3, longest)] * encoder.axes), label="space")
    signal = torch.rand(1, 2, *space, dtype=torch.float64)
    try:
        features = encoder(signal, [layer])[layer]
    except RuntimeError:  # some window does not fit in
        assume(False)
    position = tuple(data.draw(some.integers(0, n - 1)) for n in features.shape[2:])
    assert_same(encoder, layer, signal, position, data.draw(methods, label="method"))


def assert_same(
    encoder: Encoder, layer: str, signal: Tensor, position: tuple[int, ...], method: MethodName
) -> None:
    space, features = tuple(signal.shape[2:]), encoder(signal, [layer])[layer]
    fields = receptive_fields(encoder, [layer], space, channels=2)[layer]
    crop = enclose(fields, position, space)
    part = cut(signal, crop.region)
    seen = encoder(part, [layer])[layer]
    torch.testing.assert_close(
        seen[(..., *crop.position)], features[(..., *position)], rtol=1e-12, atol=1e-12
    )
    unit = torch.zeros(1).long()
    whole = project(encoder, signal, layer, unit, torch.tensor([position]), method=method)
    own = project(encoder, part, layer, unit, torch.tensor([crop.position]), method=method)
    torch.testing.assert_close(own, cut(whole, crop.region), rtol=1e-9, atol=1e-9)
    cut(whole, crop.region).zero_()
    assert not whole.any()


@settings(max_examples=150)
@given(chain=chains(), data=some.data())
def test_chains_cannot_tell_a_part_from_the_whole(chain: Chain, data: some.DataObject) -> None:
    assert_exact(chain, data.draw(some.sampled_from(list(chain.chain)), label="layer"), data)


@settings(max_examples=50)
@given(axes=some.integers(1, 3), ceil=some.booleans(), data=some.data())
def test_nor_can_residual_networks(axes: int, ceil: bool, data: some.DataObject) -> None:
    module = Residual(axes, ceil).double()
    example = torch.zeros(1, 2, *[8] * axes, dtype=torch.float64)
    assert_exact(Wrapped(module, {"out": "three"}, example=example), "out", data)
    whole = nn.Sequential(module, nn.Identity())
    assert_exact(Wrapped(whole, {"out": "1"}, example=example), "out", data)


@pytest.mark.parametrize("method", ["deconvnet", "guided", "gradient"])
@pytest.mark.parametrize("length", [16, 24, 25, 48])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_nor_can_those_that_pool_adaptively(axes: int, length: int, method: MethodName) -> None:
    """As AlexNet before its classifier: nothing to pool, a half, windows of two sizes, a third."""
    first, second = CONVOLUTIONS[axes - 1](2, 3, 3, 2, 1), CONVOLUTIONS[axes - 1](3, 3, 2)
    pooling = ADAPTIVE[axes - 1]((8, 3, 3)[:axes])
    modules = nn.Sequential(first, nn.ReLU(), pooling, second).double()
    signal = torch.rand(1, 2, length, *[5] * (axes - 1), dtype=torch.float64)
    encoder = Wrapped(modules, example=signal)
    for layer, count in (("1", length // 2), ("2", 8), ("3", 7)):
        for place in range(count):
            assert_same(encoder, layer, signal, (place, *[1] * (axes - 1)), method)


@given(
    stride=some.integers(1, 8),
    size=some.integers(1, 40),
    offset=some.integers(-30, 0),
    length=some.integers(1, 200),
    data=some.data(),
)
def test_sizes_and_places(
    stride: int, size: int, offset: int, length: int, data: some.DataObject
) -> None:
    """Aligned, around the field, of one size inside, and up to the end where the field is."""
    field = Field(size, stride, offset)
    position = data.draw(some.integers(0, max((length - 1 - offset) // stride, 0)))
    crop = enclose((field,), (position,), (length,))
    (region,), (place,) = crop.region, crop.position
    (start, end), _ = field.box(position, length)
    assert region.start % stride == 0
    assert place == position - region.start // stride >= 0
    if start < end:  # otherwise it sees padding only
        assert 0 <= region.start <= start < end <= region.stop <= length
    if offset + position * stride + size > length:
        assert region.stop == length
    usual = size + offset % stride
    if region.stop < length:
        assert region.stop - region.start == usual
    else:
        assert min(usual, length) <= region.stop - region.start < usual + stride


class TestKnownValues:
    field = Field(size=7, stride=4, offset=-3)  # so that the first whole field is that of 1

    @pytest.mark.parametrize(
        ("position", "region", "place"),
        [
            (5, (16, 24), 1),  # sees 17 to 23
            (0, (0, 8), 0),  # sees up to 3
            (1, (0, 8), 1),
            (24, (92, 100), 1),  # sees 93 to 99
            (25, (92, 100), 2),  # sees 97 to 103
        ],
    )
    def test_of_a_hundred_samples(self, position: int, region: tuple[int, int], place: int) -> None:
        assert enclose((self.field,), (position,), (100,)) == Crop((slice(*region),), (place,))

    def test_ends_that_are_no_multiple_of_the_stride(self) -> None:
        assert enclose((self.field,), (25,), (102,)) == Crop((slice(92, 102),), (2,))

    def test_of_few_samples(self) -> None:
        assert enclose((self.field,), (1,), (6,)) == Crop((slice(0, 6),), (1,))

    def test_of_everything(self) -> None:
        crop = enclose((WHOLE, self.field), (0, 5), (9, 100))
        assert crop == Crop((slice(0, 9), slice(16, 24)), (0, 1))
