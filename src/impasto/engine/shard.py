"""One part of a signal: its share of the statistics, and of the gradient."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from impasto.encoders.encoder import Chain
from impasto.engine.memory import FIXED, available_bytes, make_plan
from impasto.engine.tiled import TiledEvaluator
from impasto.engine.tiling import Tile
from impasto.errors import OutOfMemoryError
from impasto.objectives.objective import Objective
from impasto.signal import Space, cut


class Shard:
    """Does for a part what `TiledEvaluator` does for the whole, in the same two calls.

    Args:
        encoder: Network that computes the features.
        objective: Terms that read layers, cropped to the positions of the part.
        tile: Where the part lies.
        tile_bytes: Memory for the features of a tile of the part; None to keep those of the whole
            part between the two calls, which saves computing them again.
    """

    def __init__(
        self, encoder: Chain, objective: Objective, tile: Tile, *, tile_bytes: int | None = None
    ) -> None:
        self.encoder, self.objective, self.tile = encoder, objective, tile
        self.tiled = (
            None
            if tile_bytes is None
            else TiledEvaluator(
                encoder, objective, source_space(tile), tile_bytes=tile_bytes, core=tile.inner
            )
        )
        self._crop = torch.empty(0)
        self._statistics: list[Tensor] = []

    def statistics(self, crop: Tensor) -> list[Tensor]:
        """Return the statistic of every term over the positions of the part.

        Args:
            crop: What the part sees of the signal, shape (b, channel, *space of tile.source).
        """
        self._crop = crop.detach().requires_grad_(self.tiled is None)
        if self.tiled is not None:
            return self.tiled.statistics(self._crop)
        features = self.encoder(self._crop, self.objective.layers)
        own = {layer: cut(seen, self.tile.inner[layer]) for layer, seen in features.items()}
        self._statistics = self.objective.statistics(own, self._crop)
        return [statistic.detach() for statistic in self._statistics]

    def gradient(self, cotangents: Sequence[Tensor]) -> Tensor:
        """Return the part's share of the gradient of J with respect to the crop seen last.

        Args:
            cotangents: Gradient of J with respect to the statistic of every term.
        """
        if self.tiled is not None:
            return self.tiled.gradient(self._crop, cotangents)
        statistics, self._statistics = self._statistics, []
        (gradient,) = torch.autograd.grad(statistics, self._crop, cotangents)
        return gradient


def fitting_tile_bytes(
    encoder: Chain, objective: Objective, tile: Tile, share: float
) -> int | None:
    """Return None if a part fits into memory as a whole, and else the memory for a tile.

    Args:
        encoder: The network.
        objective: What is minimized.
        tile: The part.
        share: Fraction of the free memory that it may take.
    Raises:
        OutOfMemoryError: If the part does not even fit in tiles.
    """
    space, free = source_space(tile), int(share * available_bytes())
    try:  # the libraries and the network are in memory already
        return make_plan(encoder, objective.layers, space, memory=free + FIXED).tile_bytes
    except OutOfMemoryError:
        sides = " x ".join(map(str, space))
        raise OutOfMemoryError(
            f"A worker has {free / 2**30:.1f} GB of memory for its part of {sides}, which is too "
            "little. Add machines, or take a smaller --size."
        ) from None


def source_space(tile: Tile) -> Space:
    """Return the space of what a tile sees."""
    return tuple(axis.stop - axis.start for axis in tile.source)
