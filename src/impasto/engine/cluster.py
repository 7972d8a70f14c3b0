"""J and its gradient on several machines: each worker has a part of the signal."""

from __future__ import annotations

import copy
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from impasto.encoders.encoder import Chain, Encoder
from impasto.engine.evaluator import Evaluator, LocalEvaluator, rounding
from impasto.engine.sharding import shards
from impasto.engine.tiling import Tile
from impasto.engine.workers import Array, Call, Workers, check_on_processor
from impasto.errors import UsageError
from impasto.objectives.objective import Costs, Objective, Term
from impasto.signal import Space, cut


class RayEvaluator(Evaluator):
    """Adds up the statistics of all parts, differentiates J, and adds up their gradients.

    Each part and the targets of its positions are sent to its worker once. Then a step sends it
    what it sees of the signal, and the gradient of J with respect to the statistics. Costs of the
    signal itself are computed here.

    Args:
        workers: Who computes.
        encoder: Network that computes the features, a chain.
        objective: What is minimized.
        space: Samples of the signal along each axis.
        tile_bytes: Memory for the features of a tile on a worker; None to let it look.
    Raises:
        UsageError: If the network is not a chain of local modules, since it is not known what its
            layers see, or if it is on a graphics card.
    """

    def __init__(
        self,
        workers: Workers,
        encoder: Encoder,
        objective: Objective,
        space: Space,
        *,
        tile_bytes: int | None = None,
    ) -> None:
        if not isinstance(encoder, Chain) or not encoder.local:
            raise UsageError(
                f"{encoder.name} cannot be spread over workers: it is not a chain of modules that "
                "see no more than a window. Leave out --ray."
            )
        check_on_processor(encoder)
        self.workers, self.objective, self.noise = workers, objective, rounding(encoder)
        self._own = LocalEvaluator(
            encoder, Objective(pair for pair in objective.weighted if not pair[1].layer)
        )
        layers = objective.layers
        self.tiles = shards(encoder, layers, space, len(workers)) if layers else []
        self._taken: list[Call] = [
            ("take", workers.lend(encoder), workers.put(part_of(objective, tile)), tile, tile_bytes)
            for tile in self.tiles
        ]
        workers.ask([[take] for take in self._taken])

    def value_and_gradient(self, signal: Tensor) -> tuple[Costs, Tensor]:
        """See Evaluator.value_and_gradient.

        Raises:
            WorkersError: If a worker died again and again.
        """
        scripts = [
            [take, ("statistics", self.workers.put(_array(cut(signal, tile.source))))]
            for take, tile in zip(self._taken, self.tiles, strict=True)
        ]
        remote, own = iter(_add(self.workers.ask(scripts))), iter(self._own.statistics(signal))
        terms = self.objective.terms
        statistics = [next(remote if term.layer else own) for term in terms]
        costs, cotangents = self.objective.differentiate(statistics)
        of_term = list(zip(terms, cotangents, strict=True))
        share: Call = (
            "gradient",
            self.workers.put([_array(cotangent) for term, cotangent in of_term if term.layer]),
        )
        shares = self.workers.ask([[*script, share] for script in scripts])
        gradient = self._own.gradient([cotangent for term, cotangent in of_term if not term.layer])
        for tile, part in zip(self.tiles, shares, strict=True):
            cut(gradient, tile.source).add_(torch.tensor(part))
        return costs, gradient


def part_of(objective: Objective, tile: Tile) -> Objective:
    """Return the terms that read layers, with the targets of a part."""
    return Objective(
        (weight, _compact(term.crop(tile.outer[term.layer])))
        for weight, term in objective.weighted
        if term.layer
    )


def _compact(term: Term) -> Term:
    """Copy the tensors of a term: of a view, the whole would be sent."""
    own = copy.copy(term)
    for name, value in vars(term).items():
        if isinstance(value, Tensor):
            setattr(own, name, value.clone())
    return own


def _add(parts: Sequence[Sequence[Array]]) -> list[Tensor]:
    """Sum the statistics of all parts, each in its own precision."""
    return [
        torch.tensor(sum(own[1:], start=own[0].astype(np.float64)).astype(own[0].dtype))
        for own in zip(*parts, strict=True)
    ]


def _array(tensor: Tensor) -> Array:
    array: Array = tensor.detach().cpu().numpy()
    return array
