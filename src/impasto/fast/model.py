"""A trained network in a file: safetensors in half precision, which can run no code."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from impasto.errors import WeightsError
from impasto.fast.network import Layout, TransformNetwork
from impasto.fast.styles import READ_SIZE, StylePredictor, Styles, StyleTable, styles_from

KIND, VERSION = "impasto-fast", 1
SUFFIX = ".safetensors"
_HEADER = "impasto"
_LONGEST_HEADER = 2**24  # bytes


@dataclass(frozen=True)
class StyleFacts:
    """A style that a network knows.

    Attributes:
        name: What it is called.
        sha256: Hash of its picture.
        path: Where that was, or the name of a sample.
    """

    name: str
    sha256: str
    path: str = ""


@dataclass(frozen=True, eq=False)
class FastModel:
    """A trained network and what is known about it.

    Attributes:
        network: From a photograph and a code to a painting.
        styles: Where codes come from.
        known: The styles of a table, in the order of its rows; those seen by a predictor.
        facts: How it was trained, from what, under which license, as JSON can hold it.
        sha256: Hash of the file, empty where there is none.
        label: Name of the file, for messages.
    """

    network: TransformNetwork
    styles: Styles
    known: Sequence[StyleFacts] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    label: str = "The model"

    @property
    def is_any(self) -> bool:
        """Whether it takes any style, and not only those that it knows."""
        return isinstance(self.styles, StylePredictor)

    def modules(self) -> nn.ModuleDict:
        """Return all that has weights."""
        return nn.ModuleDict({"network": self.network, "styles": self.styles})

    def header(self) -> dict[str, Any]:
        """Return what the file says besides the weights."""
        if isinstance(self.styles, StylePredictor):
            shape: dict[str, Any] = {
                "kind": "predictor",
                "width": self.styles.width,
                "channels": list(self.styles.channels),
                "size": self.styles.size,
            }
        else:
            shape = {"kind": "table"}
        return {
            "kind": KIND,
            "version": VERSION,
            "network": self.network.layout.to_json(),
            "styles": shape,
            "known": [vars(own) for own in self.known],
            "facts": dict(self.facts),
        }

    def with_table(self, codes: Tensor, known: Sequence[StyleFacts]) -> FastModel:
        """Return a model of this network that knows some styles only.

        Args:
            codes: Their codes, shape (n, code_length).
            known: Their names.
        """
        table = StyleTable(len(codes), self.network.code_length)
        with torch.no_grad():
            table.plain.copy_(self.styles.plain)
            table.rows.copy_(codes)
        return replace(self, styles=table, known=tuple(known), sha256="")

    def packed(self) -> bytes:
        """Return the content of a file."""
        from safetensors.torch import save

        state = self.modules().state_dict()
        tensors = {key: own.detach().cpu().half().contiguous() for key, own in state.items()}
        return save(tensors, metadata={_HEADER: json.dumps(self.header())})


def new_model(
    layout: Layout, known: Sequence[StyleFacts], *, any_style: bool, size: int = READ_SIZE
) -> FastModel:
    """Build a network with random weights.

    Args:
        layout: How it is built.
        known: The styles that it is to learn.
        any_style: Whether it is to look at styles, and not only to know these.
        size: Longest side in which it then looks at them.
    """
    network = TransformNetwork(layout)
    styles = (
        StylePredictor(network.code_length, size=size)
        if any_style
        else StyleTable(len(known), network.code_length)
    )
    return FastModel(network, styles, tuple(known))


def read_model(path: Path) -> FastModel:
    """Read a trained network.

    Raises:
        WeightsError: If the file is missing, or no model of this version, or damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"Cannot read the model {path}: {error.strerror}.") from None
    return unpacked(content, label=str(path))


def unpacked(content: bytes, *, label: str) -> FastModel:
    """Rebuild a model from the content of its file.

    Raises:
        WeightsError: As `read_model` does.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    header = _header(content, label)
    try:
        tensors = load(content)
    except SafetensorError:
        raise WeightsError(f"{label} is damaged or cut short: fetch or train it again.") from None
    try:
        known = tuple(StyleFacts(**own) for own in header["known"])
        network = TransformNetwork(Layout.from_json(header["network"]))
        styles = styles_from(header["styles"], len(known), network.code_length)
        model = FastModel(network, styles, known, header["facts"], _hash(content), label)
        model.modules().load_state_dict({key: own.float() for key, own in tensors.items()})
    except (ValueError, KeyError, TypeError, RuntimeError):
        raise WeightsError(f"{label} does not hold the network that it describes.") from None
    if not all(bool(own.isfinite().all()) for own in tensors.values()):
        raise WeightsError(f"{label} holds weights that are not finite.")
    model.modules().eval().requires_grad_(False)
    return model


def _header(content: bytes, label: str) -> dict[str, Any]:
    """Return what a file says about itself."""
    if content[:2] in (b"PK", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"):
        raise WeightsError(
            f"{label} holds a pickle, which can run any code, so it is not opened: a model of "
            f"impasto is a {SUFFIX} file."
        )
    length = int.from_bytes(content[:8], "little")
    if 8 < len(content) < 8 + length <= 8 + _LONGEST_HEADER and content[8:9] == b"{":
        raise WeightsError(f"{label} is damaged or cut short: fetch or train it again.")
    try:
        told = json.loads(content[8 : 8 + length])["__metadata__"][_HEADER]
        header: dict[str, Any] = json.loads(told)
        kind, version = header["kind"], header["version"]
    except (ValueError, KeyError, TypeError):
        raise WeightsError(f"{label} is no model of impasto.") from None
    if kind != KIND:
        raise WeightsError(f"{label} is no model of impasto, but a {kind}.")
    if version != VERSION:
        raise WeightsError(
            f"{label} is a model of version {version}, and this impasto reads version {VERSION}: "
            "train it anew, or take the impasto that it was made with."
        )
    return header


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
