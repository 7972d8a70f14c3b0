"""A volume seen as slices: what a network for pictures says about every cut through it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.blocks import counting
from impasto.engine.evaluator import Evaluator, LocalEvaluator, rounding
from impasto.objectives.objective import Costs, Objective

CHUNK_SAMPLES = 2**18  # positions of slices that are seen at once: more are not faster

ObjectiveOf = Callable[[int, slice], Objective]


class SliceEvaluator(Evaluator):
    """Adds up J over the slices of a volume along some of its axes.

    A slice is a signal with one axis less, and all slices along an axis are a batch. No slice knows
    of another, so a few are seen at a time: memory does not grow with their number. What they say
    of a voxel is summed, one part for each axis.

    Args:
        encoder: Network for signals with one axis less than the volume.
        objective_of: Returns the objective of some slices, from the number of their axis and from
            which of its slices they are. Its terms are the same for all of them, weighted as one
            wishes: the sum over all slices and axes is J.
        axes: Axes along which slices are counted, such as (0, 1, 2); a film has (0,).
        whole: What is asked of the volume itself, without the network.
        chunk_samples: Positions of the slices that are seen at once, at least one slice.
        tile_bytes: As for LocalEvaluator, where one slice does not fit into memory.
    Source:
        Gutierrez, Rabin, Galerne, Hurtut, arXiv:2001.04528, eq. 3 and 4 (the sum over slices along
        several axes); here all slices count at every step, not one drawn at random.
    """

    def __init__(
        self,
        encoder: Encoder,
        objective_of: ObjectiveOf,
        *,
        axes: Sequence[int],
        whole: Objective | None = None,
        chunk_samples: int = CHUNK_SAMPLES,
        tile_bytes: int | None = None,
    ) -> None:
        self.encoder, self.objective_of, self.axes = encoder, objective_of, tuple(axes)
        self.whole, self.noise = whole, rounding(encoder)
        self.chunk_samples, self.tile_bytes = chunk_samples, tile_bytes

    def value_and_gradient(self, signal: Tensor) -> tuple[Costs, Tensor]:
        """See Evaluator.value_and_gradient; the batch holds one volume."""
        gradient = torch.zeros_like(signal)
        parts: list[Costs] = []
        blocks = [
            (axis, part)
            for axis in self.axes
            for part in chunks(
                signal.shape[2 + axis], slices(signal, axis)[0, 0].numel(), self.chunk_samples
            )
        ]
        with counting(len(blocks)) as tick:
            for axis, part in blocks:
                local = LocalEvaluator(
                    self.encoder, self.objective_of(axis, part), tile_bytes=self.tile_bytes
                )
                costs, own = local.value_and_gradient(slices(signal, axis)[part].contiguous())
                slices(gradient, axis)[part] += own
                parts.append(costs)
                tick()
        if self.whole is not None and self.whole.terms:
            costs, own = LocalEvaluator(self.encoder, self.whole).value_and_gradient(signal)
            gradient += own
            parts.append(costs)
        return _sum(parts), gradient


def slices(volume: Tensor, axis: int) -> Tensor:
    """Return a view of a volume as a batch of slices.

    Args:
        volume: Shape (1, channel, *space).
        axis: The axis along which they are counted.
    Returns:
        Shape (length of the axis, channel, *the other axes).
    """
    return volume[0].movedim(1 + axis, 0)


def chunks(count: int, samples: int, chunk_samples: int = CHUNK_SAMPLES) -> Iterator[slice]:
    """Yield which slices are seen together, about equally many at a time.

    Args:
        count: Number of slices.
        samples: Positions of each.
        chunk_samples: Positions of all that are seen together, at most, but for a single slice.
    """
    most = max(1, chunk_samples // samples)
    width = math.ceil(count / math.ceil(count / most))
    for first in range(0, count, width):
        yield slice(first, min(first + width, count))


def _sum(parts: Sequence[Costs]) -> Costs:
    """Add up the costs of terms with the same name."""
    sums: dict[str, Tensor] = {}
    for costs in parts:
        for name, value in zip(costs.names, costs.values.sum(1), strict=True):
            sums[name] = sums[name] + value if name in sums else value
    return Costs(tuple(sums), torch.stack(list(sums.values())).unsqueeze(1))
