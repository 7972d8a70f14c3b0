"""Coarse to fine: which sizes a run goes through."""

from __future__ import annotations

from impasto.signal import Space, fit

COARSEST = 128  # samples along the longest axis below which a level is not worth its while


def pyramid(space: Space, *, levels: int | None = None, minimum: int = 1) -> list[Space]:
    """Halve a space again and again, and return the results from coarse to fine.

    Args:
        space: The space of the result.
        levels: How many, the result's own included; None for as many as make sense. There are
            fewer where a shortest axis would fall below the minimum.
        minimum: Samples that the network needs along the shortest axis.
    """
    spaces = [space]
    while levels is None or len(spaces) < levels:
        coarser = fit(space, max(space) // 2 ** len(spaces)) if max(space) > 1 else space
        if min(coarser) < minimum or coarser == spaces[-1]:
            break
        if levels is None and max(coarser) < COARSEST:
            break
        spaces.append(coarser)
    return spaces[::-1]
