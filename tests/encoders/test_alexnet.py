from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn

from impasto.encoders import Wrapped
from impasto.encoders.alexnet import ALEXNET, AlexNet
from impasto.encoders.state import State
from impasto.units.receptive import WHOLE, receptive_fields

NAMES = """
conv1 relu1 pool1 conv2 relu2 pool2 conv3 relu3 conv4 relu4 conv5 relu5 pool5
fc6 relu6 fc7 relu7 fc8
""".split()
CHANNELS = [64, 64, 64, 192, 192, 192, 384, 384, 256, 256, 256, 256, 256, *[4096] * 4, 1000]
STRIDES = [4, 4, 8, 8, 8, 16, 16, 16, 16, 16, 16, 16, 32, 0, 0, 0, 0, 0]
KEYS = [
    *(f"features.{position}" for position in (0, 3, 6, 8, 10)),
    *(f"classifier.{position}" for position in (1, 4, 6)),
]


@pytest.fixture(scope="module")
def network() -> AlexNet:
    torch.manual_seed(0)
    return AlexNet(classes=10).eval()


@pytest.fixture(scope="module")
def encoder(network: AlexNet) -> Wrapped:
    small = replace(ALEXNET, build=partial(AlexNet, classes=10))
    return small.encoder(State(Path("toy.pth"), network.state_dict(), {}, "0" * 64))


def test_parameters_are_those_of_torchvision() -> None:
    with torch.device("meta"):
        network = AlexNet()
    assert sum(weight.numel() for weight in network.parameters()) == 61_100_840
    keys = [f"{key}.{kind}" for key in KEYS for kind in ("weight", "bias")]
    assert list(network.state_dict()) == keys
    shapes = {key: tuple(own.shape) for key, own in network.state_dict().items()}
    assert shapes["features.0.weight"] == (64, 3, 11, 11)
    assert shapes["classifier.1.weight"] == (4096, 256 * 6 * 6)


def test_table() -> None:
    table = ALEXNET.table()
    assert [layer.name for layer in table] == NAMES
    assert [layer.channels for layer in table] == CHANNELS
    assert [layer.stride for layer in table] == STRIDES


def test_features_are_those_of_the_modules(network: AlexNet, encoder: Wrapped) -> None:
    picture = torch.rand(1, 3, 100, 120)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (picture - mean.view(3, 1, 1)) / deviation.view(3, 1, 1)
    known = {}
    with torch.no_grad():
        modules = [*network.features, network.avgpool, nn.Flatten(), *network.classifier]
        names = iter(NAMES)
        for module in modules:
            x = module(x.clone())
            if isinstance(module, (nn.Conv2d, nn.ReLU, nn.MaxPool2d, nn.Linear)):
                known[next(names)] = x.clone()
    features = encoder(picture, NAMES)
    assert list(features) == list(known) == NAMES
    for name in NAMES:
        own = features[name] if features[name].shape[-1] > 1 else features[name][..., 0, 0]
        torch.testing.assert_close(own.flatten(), known[name].flatten())
    assert features["fc8"].shape == (1, 10, 1, 1)


def test_receptive_fields(encoder: Wrapped) -> None:
    """As the literature has them, here with the padding of 2 in the first layer."""
    fields = receptive_fields(encoder, NAMES, (224, 224))
    seen = {name: (own[0].size, own[0].stride, own[0].offset) for name, own in fields.items()}
    assert seen["conv1"] == (11, 4, -2)
    assert seen["pool1"] == (19, 8, -2)
    assert seen["conv2"] == (51, 8, -18)
    assert seen["pool2"] == (67, 16, -18)
    assert seen["conv3"] == (99, 16, -34)
    assert seen["relu4"] == (131, 16, -50)
    assert seen["conv5"] == (163, 16, -66)
    assert seen["pool5"] == (195, 32, -66)
    assert fields["fc6"] == fields["fc8"] == (WHOLE, WHOLE)
