"""With what a network begins: weights of another, and for any style a look at many."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.errors import UsageError
from impasto.fast.lesson import Teacher
from impasto.fast.model import FastModel
from impasto.fast.stock import Stock
from impasto.fast.styles import StylePredictor, StyleTable

LOOKED_AT = 256  # views of styles by which directions are chosen


def begin(
    fresh: FastModel, start: FastModel | None, stock: Stock, teacher: Teacher, *, seed: int
) -> None:
    """Prepare a new network for its training.

    Args:
        fresh: The network, with random weights.
        start: A model of the same layout, whose weights it takes over; None for none. Of styles it
            takes what both have in common.
        stock: The styles to learn.
        teacher: Looks at them.
        seed: Of the choice of those that are looked at.
    Raises:
        UsageError: If the model is another kind of network.
    """
    styles, known = fresh.styles, None if start is None else start.styles
    if start is not None:
        try:
            fresh.network.load_state_dict(start.network.state_dict())
            if isinstance(styles, StylePredictor) and isinstance(known, StylePredictor):
                styles.load_state_dict(known.state_dict())
                return
        except RuntimeError:
            raise UsageError(f"{start.label} is another kind of network: it is no start.") from None
    shared = _shared(fresh, start)
    if isinstance(styles, StylePredictor):
        styles.look_around(_many(stock, teacher, seed))
        if isinstance(known, StyleTable):
            read = [teacher.read(stock.view(own)) for own in shared.values()]
            none = torch.zeros(0, len(styles.usual))
            styles.begin_at(known, known.rows[list(shared)], torch.cat([none, *read]))
        return
    assert isinstance(styles, StyleTable)
    with torch.no_grad():
        if known is not None:
            styles.plain.copy_(known.plain)
        if isinstance(known, StyleTable):
            styles.rows[list(shared.values())] = known.rows[list(shared)]


def _shared(fresh: FastModel, start: FastModel | None) -> dict[int, int]:
    """Return the numbers of the styles that both know, those of the start and those of the new."""
    ours = {own.sha256: number for number, own in enumerate(fresh.known)}
    theirs = () if start is None else start.known
    return {n: ours[own.sha256] for n, own in enumerate(theirs) if own.sha256 in ours}


def _many(stock: Stock, teacher: Teacher, seed: int) -> Tensor:
    """Return the statistics of many views, shape (n, channels)."""
    noise = torch.Generator().manual_seed(seed)
    drawn = [stock.draw(noise) for _ in range(LOOKED_AT)]
    views = {own.key: own for own in drawn}.values()
    return torch.cat([teacher.read(own.picture(torch.device("cpu"))) for own in views])
