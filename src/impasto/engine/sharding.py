"""How a signal is cut into one part for each of several workers, without a seam."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator

from impasto.encoders.encoder import Chain
from impasto.engine.tiling import Stage, Tile
from impasto.signal import Space


def shards(encoder: Chain, layers: Collection[str], space: Space, count: int) -> list[Tile]:
    """Cut a signal so that the largest part is as small as can be, what it sees included.

    A part is a block of samples and the receptive field around it of the deepest layer, aligned
    to the strides. Each position of each layer belongs to one part.

    Args:
        encoder: The network.
        layers: Layers that are read, at least one.
        space: Samples of the signal along each axis.
        count: Parts at most; fewer where more would not make the largest smaller.
    """
    names = list(encoder.chain)
    deepest = encoder.check(layers)[-1]
    stage = Stage(encoder, names[: names.index(deepest) + 1], layers, space)
    surplus = _surplus(encoder, stage.names)

    def largest(grid: Space) -> tuple[int, int]:
        sides = (
            length if parts == 1 else min(length, math.ceil(length / parts) + more)
            for length, parts, more in zip(space, grid, surplus, strict=True)
        )
        return math.prod(sides), math.prod(grid)

    grid = min(_grids(count, len(space)), key=largest)
    cores = (math.ceil(length / parts) for length, parts in zip(space, grid, strict=True))
    return list(stage.tiles(tuple(cores)))


def _grids(count: int, axes: int) -> Iterator[Space]:
    """Yield the numbers of parts along each axis that make no more than `count` together."""
    if axes == 0:
        yield ()
        return
    for parts in range(1, count + 1):
        for rest in _grids(count // parts, axes - 1):
            yield (parts, *rest)


def _surplus(encoder: Chain, names: Collection[str]) -> Space:
    """Return how many samples a part sees beyond its block, along each axis."""
    more = []
    for windows in zip(*(encoder.windows[name] for name in names), strict=True):
        seen = (0, 1)
        for window in reversed(windows):
            seen = window.seen(seen)
        more.append(seen[1] - seen[0] - math.prod(window.stride for window in windows))
    return tuple(more)
