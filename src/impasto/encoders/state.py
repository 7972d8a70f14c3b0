"""Files of weights: read without trusting them, and checked against the network they are for."""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from impasto.errors import WeightsError

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class State:
    """What a file of weights holds.

    Attributes:
        path: The file.
        tensors: Its tensors by their keys.
        metadata: What the header of a .safetensors file says besides.
        sha256: Hash of the file.
    """

    path: Path
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    sha256: str

    def fitted(
        self, network: str, shapes: Mapping[str, Shape], *, unused: Collection[str] = ()
    ) -> dict[str, Tensor]:
        """Return the tensors that a network needs.

        Args:
            network: Its name, for messages.
            shapes: For each key the shape of its tensor.
            unused: Keys that may be in the file besides.
        Returns:
            For each key its tensor, float32.
        Raises:
            WeightsError: If a tensor is missing, or too many, or is not made of finite floats of
                the right shape.
        """
        for key in self.tensors.keys() - shapes.keys() - set(unused):
            raise WeightsError(
                f"{self.path} holds {key}, which {network} has not: it is of another network."
            )
        return {key: self._fitted(key, network, shape) for key, shape in shapes.items()}

    def _fitted(self, key: str, network: str, shape: Shape) -> Tensor:
        tensor = self.tensors.get(key)
        if tensor is None or tuple(tensor.shape) != shape or not tensor.is_floating_point():
            seen = "missing" if tensor is None else f"{tensor.dtype} {tuple(tensor.shape)}"
            raise WeightsError(
                f"{self.path}: {key} is {seen}, but {network} needs floats of shape {shape}."
            )
        tensor = tensor.float()
        if not bool(tensor.isfinite().all()):
            raise WeightsError(f"{self.path}: {key} is not finite.")
        return tensor


def read_state(path: Path, *, sha256: str | None = None, remedy: str = "") -> State:
    """Read weights from a .safetensors, a .pth or an .h5 file, running no code it may contain.

    Args:
        path: The file.
        sha256: Hash that it must have; None for any.
        remedy: What to do if it has another, in a sentence.
    Raises:
        WeightsError: If the file is missing, is not the one expected, or not a file of weights.
    """
    from safetensors import safe_open
    from safetensors.torch import load

    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"Cannot read the weights {path}: {error.strerror}.") from error
    digest = hashlib.sha256(content).hexdigest()
    if sha256 is not None and sha256 != digest:
        raise WeightsError(
            f"{path} is damaged or another version: its SHA-256 is {digest[:8]}..., not "
            f"{sha256[:8]}.... {remedy}"
        )
    try:
        if path.suffix == ".h5":
            return State(path, _hdf5(content), {}, digest)
        if path.suffix == ".safetensors":
            with safe_open(path, "pt") as header:
                metadata = header.metadata() or {}
            return State(path, load(content), metadata, digest)
        with warnings.catch_warnings(action="ignore"):  # the error says enough
            stored = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except WeightsError:
        raise
    except Exception as error:  # a file that is no pickle makes torch raise anything
        raise WeightsError(
            f"{path} is not a file of weights, or is damaged: a .pth state dictionary "
            "or a .safetensors file is needed."
        ) from error
    if not isinstance(stored, dict):
        raise WeightsError(f"{path} holds no state dictionary but a {type(stored).__name__}.")
    tensors = {str(key): value for key, value in stored.items() if isinstance(value, Tensor)}
    return State(path, tensors, {}, digest)


def _hdf5(content: bytes) -> dict[str, Tensor]:
    """Return the arrays of numbers in an HDF5 file by their paths; links are not followed.

    Raises:
        WeightsError: If h5py is missing.
    """
    try:
        import h5py
    except ImportError:
        raise WeightsError(
            "The package h5py is missing, which reads .h5 files: run pip install 'impasto[audio]'."
        ) from None
    tensors: dict[str, Tensor] = {}

    def take(path: str, held: object) -> None:
        if isinstance(held, h5py.Dataset) and held.dtype.kind == "f":
            tensors[path] = torch.from_numpy(held[()])

    with h5py.File(io.BytesIO(content), "r") as file:
        file.visititems(take)
    return tensors
