"""Whether a worker has the memory for its part of a signal."""

from __future__ import annotations

from impasto.encoders.encoder import Chain
from impasto.engine.memory import FIXED, available_bytes, make_plan
from impasto.engine.tiling import Tile
from impasto.errors import OutOfMemoryError
from impasto.objectives.objective import Objective
from impasto.signal import Space


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
