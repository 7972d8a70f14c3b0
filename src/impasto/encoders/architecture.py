"""What a network is without its weights: modules, names of layers, and pixels it was trained on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import nn

from impasto.encoders.encoder import Layer
from impasto.encoders.state import State
from impasto.encoders.wrapped import Wrapped


@dataclass(frozen=True)
class Architecture:
    """A network for pictures, to be filled with weights.

    Attributes:
        name: Name of the network.
        build: Makes its modules, whose parameters have the keys of the published weights.
        layers: From the modules to the names of layers and the paths that make them.
        front_end: Makes what maps RGB from 0 to 1 to the pixels that it was trained on.
        size: Side of the pictures that it was trained on.
    """

    name: str
    build: Callable[[], nn.Module]
    layers: Callable[[nn.Module], Mapping[str, str]]
    front_end: Callable[[], nn.Module]
    size: int = 224

    def table(self) -> list[Layer]:
        """List the layers from shallow to deep."""
        return list(self._empty(self.front_end(), "", "").table.values())

    def encoder(
        self, state: State, *, source: str | None = None, front_end: nn.Module | None = None
    ) -> Wrapped:
        """Fill the network with weights.

        Args:
            state: The weights.
            source: Where they come from, in words; None for the path of the file.
            front_end: The pixels that they expect; None for those of the published weights.
        Raises:
            WeightsError: If they are not those of this network.
        """
        source = source or str(state.path)
        encoder = self._empty(front_end or self.front_end(), source, state.sha256)
        own = encoder.module.state_dict()
        shapes = {key: tuple(own[key].shape) for key in own if not _counts_steps(key)}
        counts = {key: torch.zeros((), dtype=torch.long) for key in own if _counts_steps(key)}
        tensors = state.fitted(self.name, shapes, unused=counts.keys())
        encoder.module.load_state_dict(tensors | counts, assign=True)
        encoder.freeze()
        return encoder

    def _empty(self, front_end: nn.Module, source: str, digest: str) -> Wrapped:
        """Build it without numbers, which takes neither time nor memory."""
        with torch.device("meta"):
            module = self.build()
            example = torch.empty(1, 3, self.size, self.size)
        return Wrapped(
            module,
            self.layers(module),
            example=example,
            front_end=front_end,
            name=self.name,
            source=source,
            weights_hash=digest,
        )


def _counts_steps(key: str) -> bool:
    """Tell what batch normalization counts in training: older files lack it, and it is unused."""
    return key.endswith("num_batches_tracked")
