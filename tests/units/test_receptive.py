from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as some
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders import Chain, Encoder, Wrapped, load_encoder, random_encoder
from impasto.encoders.crepe import LopsidedConv1d
from impasto.errors import UsageError
from impasto.units.receptive import WHOLE, Field, receptive_fields

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
MAX_POOLINGS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
AVG_POOLINGS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
ADAPTIVE = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
LENGTH = {1: 40, 2: 24, 3: 14}


def positive(module: nn.Module) -> nn.Module:
    """Let every sample that is seen count."""
    for weight in module.parameters():
        nn.init.uniform_(weight, 0.5, 1.5)
    return module.double().eval()


def supports(encoder: Encoder, layer: str, signal: Tensor) -> list[tuple[tuple[int, ...], Tensor]]:
    """For each position of a layer the samples whose change is felt there."""
    leaf = signal.clone().requires_grad_()
    features = encoder(leaf, [layer])[layer].sum((0, 1))
    positions = torch.cartesian_prod(*[torch.arange(n) for n in features.shape])
    found = []
    for position in positions.view(-1, features.ndim).tolist():
        (gradient,) = torch.autograd.grad(features[tuple(position)], leaf, retain_graph=True)
        found.append((tuple(position), gradient[0].abs().sum(0) > 0))
    return found


def assert_fields(encoder: Encoder, layer: str, space: tuple[int, ...]) -> None:
    """Each position sees all of its box that dilation does not leave out, and nothing else."""
    fields = receptive_fields(encoder, [layer], space, channels=2)[layer]
    signal = torch.rand(1, 2, *space, dtype=torch.float64) + 0.5
    for position, support in supports(encoder, layer, signal):
        for axis, field in enumerate(fields):
            (start, end), clipped = field.box(position[axis], space[axis])
            others = [other for other in range(support.ndim) if other != axis]
            seen = (support.any(dim=others) if others else support).nonzero().flatten().tolist()
            assert seen, "no window lies wholly in the padding here"
            if clipped:  # the outermost taps of a dilated filter may lie in the padding
                assert start <= seen[0] <= seen[-1] < end
            else:
                assert (seen[0], seen[-1] + 1) == (start, end)


class Tangle(nn.Module):
    """Residual additions, concatenations, reused modules, functional calls, global pooling."""

    def __init__(self, axes: int, kernel: int, dilation: int, kind: str) -> None:
        super().__init__()
        convolution = CONVOLUTIONS[axes - 1]
        reach = dilation * (kernel - 1) // 2
        self.one = convolution(2, 4, kernel, padding=reach, dilation=dilation)
        self.two = convolution(4, 4, 3, padding=1)
        self.down = convolution(4, 4, 3, stride=2, padding=1)
        self.short = convolution(4, 4, 1, stride=2)
        self.pool = AVG_POOLINGS[axes - 1](2)
        self.everything = ADAPTIVE[axes - 1](1)
        self.relu, self.out, self.kind = nn.ReLU(inplace=True), nn.Identity(), kind

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.one(x))
        if self.kind == "residual":
            x = functional.relu(self.two(self.relu(self.two(x))) + x)
            x = self.down(x) + self.short(x)
        elif self.kind == "concatenation":
            x = torch.cat([self.two(x), x], dim=1)[:, 1:5]
            x = self.pool(x)
        elif self.kind == "gate":
            x = x * (1 + self.everything(x))
        elif self.kind == "border":
            x = self.down(functional.pad(x, [1, 0] * (x.ndim - 2)))
        elif self.kind == "mixing":
            x = torch.softmax(x.flatten(2), dim=-1).view_as(x) * (1 + x)
        return self.out(x)


@settings(max_examples=60)
@given(
    axes=some.integers(1, 3),
    kernel=some.sampled_from([1, 3, 5]),
    dilation=some.integers(1, 2),
    kind=some.sampled_from(["plain", "residual", "concatenation", "gate", "border", "mixing"]),
)
def test_any_network_is_followed(axes: int, kernel: int, dilation: int, kind: str) -> None:
    network = positive(Tangle(axes, kernel, dilation, kind))
    space = (LENGTH[axes] // 2,) * axes
    example = torch.rand(1, 2, *space, dtype=torch.float64)
    assert_fields(Wrapped(network, {"out": "out"}, example=example), "out", space)


@some.composite
def chains(draw: some.DrawFn) -> Chain:
    axes = draw(some.integers(1, 3))
    modules: list[tuple[str, nn.Module]] = []
    for number in range(draw(some.integers(1, 3))):
        kernel, dilation = draw(some.integers(1, 3)), draw(some.integers(1, 2))
        padding = draw(some.integers(0, (kernel - 1) * dilation // 2))
        stride = draw(some.integers(1, 2))
        convolution = CONVOLUTIONS[axes - 1](
            2, 2, kernel, stride=stride, padding=padding, dilation=dilation
        )
        if axes == 1 and stride == 1 and draw(some.booleans()):
            convolution = LopsidedConv1d(2, 2, before=kernel - 1, behind=kernel)
        modules += [(f"conv{number}", convolution), (f"relu{number}", nn.ReLU())]
        if draw(some.booleans()):
            modules.append((f"norm{number}", NORMS[axes - 1](2)))
        if draw(some.booleans()):
            size = draw(some.integers(1, 2))
            modules.append((f"pool{number}", AVG_POOLINGS[axes - 1](size)))
    return positive(Chain("toy", nn.Identity(), modules))  # type: ignore[return-value]


@settings(max_examples=60)
@given(chain=chains())
def test_chains_and_other_networks_agree_with_the_gradient(chain: Chain) -> None:
    space = (LENGTH[chain.axes],) * chain.axes
    last = list(chain.chain)[-1]
    assume(chain.minimum_length([last]) <= min(space))
    assert_fields(chain, last, space)
    example = torch.rand(1, 2, *space, dtype=torch.float64)
    wrapped = Wrapped(nn.Sequential(*chain.chain.values()), example=example)
    own = receptive_fields(wrapped, wrapped.table, space, channels=2)
    known = receptive_fields(chain, chain.chain, space, channels=2)
    assert list(own.values()) == list(known.values())


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_max_pooling_is_followed(axes: int) -> None:
    """The gradient knows the winner only, so average pooling answers for it."""
    space = (16,) * axes
    signal = torch.rand(1, 2, *space)
    found = []
    for poolings in (MAX_POOLINGS, AVG_POOLINGS):
        pooling = poolings[axes - 1]
        modules = nn.Sequential(pooling(3, 2, 1), CONVOLUTIONS[axes - 1](2, 2, 3), pooling(2))
        found.append(
            receptive_fields(Wrapped(modules, example=signal), ["2"], space, channels=2)["2"]
        )
    assert found[0] == found[1] == (Field(3 + 2 * 2 + 2, 4, -1),) * axes


class TestKnownValues:
    def test_vgg19(self) -> None:
        """As tables of the literature have it."""
        found = receptive_fields(load_encoder(), ["relu1_1", "pool1", "conv2_2", "conv3_4",
                                 "relu4_1", "pool5"], (64, 64))  # fmt: skip
        sizes = {layer: (fields[0].size, fields[0].stride) for layer, fields in found.items()}
        assert sizes == {
            "relu1_1": (3, 1),
            "pool1": (6, 2),
            "conv2_2": (14, 2),
            "conv3_4": (48, 4),
            "relu4_1": (68, 8),
            "pool5": (268, 32),
        }
        assert all(fields[0] == fields[1] for fields in found.values())

    @pytest.mark.parametrize("made", [1, 4, 5, 12])
    def test_adaptive_pooling(self, made: int) -> None:
        """Its windows depend on the length, even where it happens to have nothing to pool."""
        signal = torch.zeros(1, 2, 12, 12)
        network = Wrapped(nn.Sequential(nn.AdaptiveAvgPool2d(made)), example=signal)
        assert receptive_fields(network, ["0"], (12, 12), channels=2)["0"] == (WHOLE, WHOLE)

    def test_adaptive_pooling_of_one_position(self) -> None:
        """A part of the signal that has the position has no other."""
        signal = torch.zeros(1, 2, 3, 12)
        modules = nn.Sequential(nn.Conv2d(2, 2, 3), nn.AdaptiveAvgPool2d((1, 5)))
        found = receptive_fields(Wrapped(modules, example=signal), ["1"], (3, 12), channels=2)
        assert found["1"] == (Field(3), WHOLE)


class TestBox:
    def test_inside(self) -> None:
        assert Field(5, 2, -1).box(3, 100) == ((5, 10), False)

    def test_clipped_at_both_ends(self) -> None:
        assert Field(5, 2, -1).box(0, 100) == ((0, 4), True)
        assert Field(5, 2, -1).box(49, 100) == ((97, 100), True)

    def test_of_everything(self) -> None:
        assert WHOLE.box(0, 100) == ((0, 100), False)


def test_unknown_layer() -> None:
    with pytest.raises(UsageError, match="relu1_1"):
        receptive_fields(random_encoder(2, 2, channels=(3,)), ["relu1_2"], (8, 8), channels=2)


def test_layers_that_ignore_the_input_see_nothing() -> None:
    class Constant(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.ones_like(x).cos()

    network = Wrapped(nn.Sequential(Constant()), {"a": "0"}, example=torch.zeros(1, 2, 8))
    assert receptive_fields(network, ["a"], (8,), channels=2)["a"][0].size in (0, 1)
