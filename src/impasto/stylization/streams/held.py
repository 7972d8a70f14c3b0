"""A piece that begins as the one before has ended, and is held to that."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.objectives.objective import Objective
from impasto.objectives.temporal import Temporal
from impasto.signal import Space
from impasto.stylization.domains import Domain
from impasto.stylization.problem import Grams, StyleTransfer
from impasto.stylization.trace import Record

_LEAST_SPREAD = 1e-3  # variance of a target without any contrast


class HeldTransfer(StyleTransfer):
    """J(G) of a piece of a stream.

    Args:
        encoder: Network that sees.
        domain: The piece.
        grams: As for `StyleTransfer`; all pieces share them.
    """

    def __init__(self, encoder: Encoder, domain: Domain, *, grams: Grams) -> None:
        super().__init__(encoder, domain, grams=grams)
        self.begin: Tensor | None = None
        self.temporal = Objective()

    def hold(self, begin: Tensor, trust: Tensor, *, weight: float) -> None:
        """Begin with what became of the piece before, and let it cost something to leave that.

        Deviating everywhere by as much as the target varies costs the weight.

        Args:
            begin: Where the piece begins, shape (channel, *space).
            trust: How far it shall stay there, from 0 to 1, shape (*space).
            weight: Factor; in units of J.
        """
        self.begin = begin
        axes = tuple(range(1, begin.ndim))
        spread = float(begin.var(axes).sum()) + _LEAST_SPREAD
        target, trusted = (one.to(self.device) for one in (begin[None], trust))
        term = Temporal(target, trusted, scale=1 / (spread * trust.numel()))
        self.temporal = weight * term

    def _start(self, space: Space) -> Tensor:
        return super()._start(space) if self.begin is None else self.begin[None]

    def _whole(self, space: Space) -> Objective:
        return super()._whole(space) + self.temporal


def end_of(number: int, records: Sequence[Record]) -> float:
    """Return J at the end of a piece, which makes a weight mean the same in every convention."""
    return float(next(own["total"] for own in reversed(records) if own["part"] == number))
