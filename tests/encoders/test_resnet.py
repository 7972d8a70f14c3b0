from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from impasto.encoders import Wrapped
from impasto.encoders.architecture import Architecture
from impasto.encoders.resnet import RESNET18, RESNET50
from impasto.encoders.state import State
from impasto.units.receptive import WHOLE, receptive_fields

BOTH = {"resnet18": RESNET18, "resnet50": RESNET50}
DEPTHS = {"resnet18": (2, 2, 2, 2), "resnet50": (3, 4, 6, 3)}
WIDTHS = (64, 128, 256, 512)
EPS = 1e-5

State_ = dict[str, Tensor]


def convolutions(network: str) -> Iterator[tuple[str, str, tuple[int, ...]]]:
    """Name of a convolution, of its normalization, and the shape of its weight."""
    yield "conv1", "bn1", (64, 3, 7, 7)
    wide_in = 64
    for stage, (depth, width) in enumerate(zip(DEPTHS[network], WIDTHS, strict=True), start=1):
        for position in range(depth):
            block = f"layer{stage}.{position}"
            if network == "resnet18":
                wide_out = width
                shapes = [(width, wide_in, 3, 3), (width, width, 3, 3)]
            else:
                wide_out = 4 * width
                shapes = [(width, wide_in, 1, 1), (width, width, 3, 3), (wide_out, width, 1, 1)]
            for number, shape in enumerate(shapes, start=1):
                yield f"{block}.conv{number}", f"{block}.bn{number}", shape
            if position == 0 and (stage > 1 or wide_in != wide_out):
                yield f"{block}.downsample.0", f"{block}.downsample.1", (wide_out, wide_in, 1, 1)
            wide_in = wide_out


def state_of(network: str) -> State_:
    """Random weights with torchvision's keys, of a size that neither grows nor fades."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for convolution, norm, shape in convolutions(network):
        fan_in = shape[1] * shape[2] * shape[3]
        kernel = torch.randn(shape, generator=generator) / fan_in**0.5
        state[f"{convolution}.weight"] = kernel
        for kind in ("weight", "running_var"):
            state[f"{norm}.{kind}"] = torch.rand(shape[0], generator=generator) + 0.5
        for kind in ("bias", "running_mean"):
            state[f"{norm}.{kind}"] = torch.randn(shape[0], generator=generator) / 10
        state[f"{norm}.num_batches_tracked"] = torch.tensor(7)
    wide = 512 if network == "resnet18" else 2048
    state["fc.weight"] = torch.randn(1000, wide, generator=generator) / wide**0.5
    state["fc.bias"] = torch.randn(1000, generator=generator)
    return state


@pytest.fixture(scope="module", params=BOTH)
def network(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def architecture(network: str) -> Architecture:
    return BOTH[network]


@pytest.fixture(scope="module")
def state(network: str) -> State_:
    return state_of(network)


@pytest.fixture(scope="module")
def encoder(architecture: Architecture, state: State_) -> Wrapped:
    return architecture.encoder(State(Path("toy.pth"), state, {}, "0" * 64))


def plain_features(network: str, state: State_, picture: Tensor) -> State_:
    """The network written down in functions."""
    found: State_ = {}

    def normed(x: Tensor, convolution: str, norm: str, stride: int) -> Tensor:
        kernel = state[f"{convolution}.weight"]
        x = functional.conv2d(x, kernel, None, stride, kernel.shape[-1] // 2)
        mean, spread, gain, bias = (
            state[f"{norm}.{kind}"].view(-1, 1, 1)
            for kind in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (spread + EPS).sqrt() * gain + bias

    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    x = normed((picture - mean) / deviation, "conv1", "bn1", 2)
    found["bn1"] = x
    x = functional.max_pool2d(x.relu(), 3, 2, 1)
    found["pool1"] = x
    last = 2 if network == "resnet18" else 3
    strided = 1 if network == "resnet18" else 2
    for stage, depth in enumerate(DEPTHS[network], start=1):
        for position in range(depth):
            block = f"layer{stage}.{position}"
            stride = 2 if stage > 1 and position == 0 else 1
            y = x
            for number in range(1, last + 1):
                own = stride if number == strided else 1
                y = normed(y, f"{block}.conv{number}", f"{block}.bn{number}", own)
                found[f"{block}.bn{number}"] = y
                y = y.relu() if number < last else y
            if f"{block}.downsample.0.weight" in state:
                x = normed(x, f"{block}.downsample.0", f"{block}.downsample.1", stride)
            x = (y + x).relu()
            found[block] = x
        found[f"layer{stage}"] = x
    found["avgpool"] = x.mean((2, 3), keepdim=True)
    scores = found["avgpool"].flatten(1) @ state["fc.weight"].T + state["fc.bias"]
    found["fc"] = scores.view(*scores.shape, 1, 1)
    return found


def test_parameters_are_those_of_torchvision(network: str, architecture: Architecture) -> None:
    with torch.device("meta"):
        module = architecture.build()
    count = {"resnet18": 11_689_512, "resnet50": 25_557_032}[network]
    assert sum(weight.numel() for weight in module.parameters()) == count
    shapes = {key: tuple(own.shape) for key, own in module.state_dict().items()}
    assert shapes == {key: tuple(own.shape) for key, own in state_of(network).items()}
    assert len(shapes) == {"resnet18": 122, "resnet50": 320}[network]


def test_features_are_those_of_the_plain_functions(
    network: str, encoder: Wrapped, state: State_
) -> None:
    picture = torch.rand(2, 3, 64, 48)
    known = plain_features(network, state, picture)
    features = encoder(picture, known)
    assert set(features) == set(known)
    for name, own in known.items():
        torch.testing.assert_close(features[name], own, rtol=1e-3, atol=1e-3)


def test_layers_go_from_shallow_to_deep(architecture: Architecture) -> None:
    names = [layer.name for layer in architecture.table()]
    assert names[:5] == ["conv1", "bn1", "relu1", "pool1", "layer1.0.conv1"]
    assert names[-4:-2] == [f"layer4.{len(architecture_blocks(names)) - 1}", "layer4"]
    assert names[-2:] == ["avgpool", "fc"]
    assert "layer2.0.downsample.0" in names
    assert not any(name.endswith("downsample") for name in names)


def architecture_blocks(names: list[str]) -> list[str]:
    return [name for name in names if name.startswith("layer4.") and name.count(".") == 1]


def test_table(network: str, architecture: Architecture) -> None:
    table = {layer.name: (layer.channels, layer.stride) for layer in architecture.table()}
    wide = 1 if network == "resnet18" else 4
    assert table["conv1"] == (64, 2)
    assert table["pool1"] == (64, 4)
    for stage, width in enumerate(WIDTHS, start=1):
        assert (
            table[f"layer{stage}"] == table[f"layer{stage}.1"] == (wide * width, 2 ** (stage + 1))
        )
    assert table["avgpool"] == (wide * 512, 0)
    assert table["fc"] == (1000, 0)


def test_receptive_fields(network: str, encoder: Wrapped) -> None:
    """Worked out from the kernels; 435 for ResNet-18 is in Araujo et al., Distill 2019."""
    layers = ["conv1", "pool1", "layer1", "layer2", "layer3", "layer4", "fc"]
    fields = receptive_fields(encoder, layers, (64, 64))
    sizes = [fields[layer][0].size for layer in layers[:-1]]
    assert (
        sizes
        == {
            "resnet18": [7, 11, 43, 99, 211, 435],
            "resnet50": [7, 11, 35, 91, 267, 427],
        }[network]
    )
    assert fields["fc"] == (WHOLE, WHOLE)


def test_half_precision_stays_close(
    architecture: Architecture, encoder: Wrapped, state: State_
) -> None:
    picture = torch.rand(1, 3, 64, 64)
    exact = encoder(picture, ["layer2"])["layer2"]
    half = architecture.encoder(State(Path("toy.pth"), state, {}, "")).to(torch.bfloat16)
    rough = half(picture, ["layer2"])["layer2"]
    assert rough.dtype == torch.bfloat16
    assert 0 < (rough.float() - exact).norm() / exact.norm() < 0.05
