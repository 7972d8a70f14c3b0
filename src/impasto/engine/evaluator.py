"""J and its gradient: the seam behind which speed and scale live."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from impasto.encoders.encoder import Chain, Encoder
from impasto.engine.allocator import keep_freed_memory
from impasto.engine.passage import Passage, Piece, Whole
from impasto.engine.sweep import Sweep
from impasto.objectives.objective import Costs, Objective, Term
from impasto.signal import Region

HALF_NOISE = 1e-4  # what 8 bits leave of the costs of some 100,000 features


class Evaluator(ABC):
    """Computes J and its gradient; no optimizer can tell how.

    Attributes:
        noise: Relative error that rounding leaves in J; below it no descent can be seen.
    """

    noise: float = 0.0

    @abstractmethod
    def value_and_gradient(self, signal: Tensor) -> tuple[Costs, Tensor]:
        """Evaluate the objective.

        Args:
            signal: Shape (b, channel, *space), float32, in the units of the medium.
        Returns:
            The weighted cost of every term, and the gradient of their sum, shaped as the signal.
        """


class LocalEvaluator(Evaluator):
    """Evaluates on this machine, in two steps.

    The first adds up the statistics of all positions. Of the rest of the signal the gradient at a
    place needs no more than these, and the second step takes it back. So the signal may be cut
    into tiles, in a fraction of the memory, for 1.5 times the work.

    Args:
        encoder: Network that computes the features.
        objective: What is minimized.
        tile_bytes: Memory that the features of a tile may take, roughly; None for the whole signal
            at once. Only chains of modules that see a window can be cut.
        core: For each layer the positions that count, where the signal is a part of a larger one
            and the objective is cropped to them; None if all count.
    """

    def __init__(
        self,
        encoder: Encoder,
        objective: Objective,
        *,
        tile_bytes: int | None = None,
        core: Mapping[str, Region] | None = None,
    ) -> None:
        # what is kept between the stages of a sweep is large, and is not taken again
        keep_freed_memory(None if tile_bytes is None else tile_bytes // 2)
        self.objective, self.noise = objective, rounding(encoder)
        self.passage: Passage | None = None
        if tile_bytes is not None and isinstance(encoder, Chain) and objective.layers:
            self.passage = Sweep(encoder, objective.layers, tile_bytes=tile_bytes, core=core)
        elif objective.layers:
            self.passage = Whole(encoder, objective.layers, core=core)
        self._signal = torch.empty(0)

    def value_and_gradient(self, signal: Tensor) -> tuple[Costs, Tensor]:
        """See Evaluator.value_and_gradient."""
        costs, cotangents = self.objective.differentiate(self.statistics(signal))
        return costs, self.gradient(cotangents)

    def statistics(self, signal: Tensor) -> list[Tensor]:
        """Return the statistic of every term."""
        self._signal = signal.detach()
        sums: dict[int, Tensor] = {}
        with torch.no_grad():
            for number, term in self.objective.reading(None):
                # channel by channel, since a large signal is more than one would like to copy
                channels = [
                    term.of_channel(own).statistic(channel)
                    for own, channel in enumerate(signal.split(1, dim=1))
                ]
                sums[number] = torch.stack(channels).sum(0)
            for piece in self.passage.visit(self._signal) if self.passage else ():
                for number, term in self._reading(piece):
                    own = term.statistic(piece.features)
                    sums[number] = sums[number] + own if number in sums else own
        return [sums[number] for number in range(len(self.objective.terms))]

    def gradient(self, cotangents: Sequence[Tensor]) -> Tensor:
        """Return the gradient of J with respect to the signal whose statistics were asked for last.

        Args:
            cotangents: Gradient of J with respect to the statistic of every term.
        """

        def add(piece: Piece, gradient: Tensor) -> None:
            for number, term in self._reading(piece):
                term.pull(piece.features, cotangents[number], gradient)

        signal, self._signal = self._signal, torch.empty(0)
        whole = self.passage.pull(add) if self.passage else torch.zeros_like(signal)
        for number, term in self.objective.reading(None):
            pairs = zip(signal.split(1, dim=1), whole.split(1, dim=1), strict=True)
            for own, (channel, gradient) in enumerate(pairs):
                term.of_channel(own).pull(channel, cotangents[number], gradient)
        return whole

    def _reading(self, piece: Piece) -> list[tuple[int, Term]]:
        """Return the terms that read a piece, for its positions, and their numbers."""
        terms = self.objective.reading(piece.layer)
        return terms if piece.is_whole else [(n, term.crop(piece.where)) for n, term in terms]


def rounding(encoder: Encoder) -> float:
    """Return the relative error of costs from the precision of a network."""
    half = any(weight.itemsize < 4 for weight in encoder.parameters())
    return HALF_NOISE if half else 0.0
