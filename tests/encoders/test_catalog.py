from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from impasto.encoders import Chain, Encoder, load_encoder
from impasto.encoders.catalog import NETWORKS
from impasto.encoders.front_end import Normalize
from impasto.encoders.vgg import layer_table
from impasto.errors import UsageError, WeightsError


@pytest.fixture
def vgg16_file(tmp_path: Path) -> Path:
    """VGG16 in which every weight is zero."""
    state: dict[str, Tensor] = {}
    wide_in = 3
    for position, layer in enumerate(layer_table("vgg16")):
        if layer.name.startswith("conv"):
            zeros = torch.zeros(()).expand(layer.channels, wide_in, 3, 3)
            state[f"features.{position}.weight"] = zeros
            state[f"features.{position}.bias"] = torch.zeros(layer.channels)
            wide_in = layer.channels
    torch.save(state, tmp_path / "vgg16.pth")
    return tmp_path / "vgg16.pth"


def gain_of(encoder: Chain) -> list[float]:
    assert isinstance(encoder.front_end, Normalize)
    return encoder.front_end.gain.tolist()


def test_default_is_vgg19_of_oxford() -> None:
    encoder = load_encoder()
    assert isinstance(encoder, Encoder)
    assert encoder.name == "vgg19"
    assert encoder.weights_hash.startswith("c34748d2")
    assert gain_of(encoder) == [255, 255, 255]
    assert isinstance(encoder.chain["pool1"], nn.MaxPool2d)


def test_pooling() -> None:
    encoder = load_encoder("vgg19", pooling="average")
    assert all(isinstance(encoder.chain[f"pool{n}"], nn.AvgPool2d) for n in range(1, 6))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_file_decides_what_it_is(name: str, vgg16_file: Path) -> None:
    encoder = load_encoder(name, weights=vgg16_file, convention="torchvision", pooling="average")
    assert encoder.name == "vgg16"
    assert gain_of(encoder) == pytest.approx([1 / 0.229, 1 / 0.224, 1 / 0.225])
    assert isinstance(encoder.chain["pool1"], nn.AvgPool2d)


def test_convention_is_found_out_or_asked_for(vgg16_file: Path) -> None:
    with pytest.raises(UsageError, match="--weights-convention"):
        load_encoder("vgg16", weights=vgg16_file)


def test_vgg16_needs_a_file() -> None:
    with pytest.raises(UsageError, match=r"vgg16 needs .*--weights FILE"):
        load_encoder("vgg16")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="Cannot read"):
        load_encoder("vgg16", weights=tmp_path / "none.pth")


def test_unknown_network_offers_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no network 'vgg18'\. Did you mean vgg1[69]"):
        load_encoder("vgg18")
