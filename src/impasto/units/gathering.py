"""The second pass over the data: cut the patches out of the pictures and project them back."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.media.dataset import Dataset
from impasto.signal import Region, Signal, cut
from impasto.units.atlas import Patch
from impasto.units.crops import enclose
from impasto.units.findings import Findings
from impasto.units.locating import Sight
from impasto.units.projection import MethodName, project

SAMPLES = 2**18  # of the signals that are projected together
HELD = 4096  # patches that wait for others of their size, at most


class Cell(NamedTuple):
    """Which patch of which unit."""

    layer: str
    unit: int
    rank: int


@dataclass(frozen=True)
class Gathered:
    """What was found of one patch; all tensors have shape (channel, *space).

    Attributes:
        cell: Which patch it is.
        patch: The samples in its box; None where they were given before.
        projection: What is projected back to its box; None where it will be given later, or where
            nothing excites the unit.
    """

    cell: Cell
    patch: Tensor | None = None
    projection: Tensor | None = None


@dataclass(frozen=True)
class Seen:
    """A signal of which there are patches.

    Attributes:
        number: Its number in the dataset.
        signal: The signal as it went through the network.
        found: Its patches, and what belongs to others that waited for it.
        settled: Whether nothing waits any more.
    """

    number: int
    signal: Signal
    found: list[Gathered]
    settled: bool


class _Waiting(NamedTuple):
    """A patch that waits to be projected, for all cells that are to have it."""

    cells: list[Cell]
    crop: Tensor
    position: tuple[int, ...]
    inside: Region  # the box within the crop


class Projector:
    """Projects patches of one layer and one size together.

    Args:
        encoder: The network.
        method: How.
    """

    def __init__(self, encoder: Encoder, method: MethodName) -> None:
        self.encoder, self.method = encoder, method
        self._waiting: dict[tuple[str, tuple[int, ...]], list[_Waiting]] = defaultdict(list)

    def take(self, waiting: _Waiting) -> Iterator[Gathered]:
        """Take a patch, and yield projections if there are enough to be made."""
        key = waiting.cells[0].layer, tuple(waiting.crop.shape)
        self._waiting[key].append(waiting)
        if (len(self._waiting[key]) + 1) * math.prod(key[1][1:]) > SAMPLES:
            yield from self._project(self._waiting.pop(key))

    def rest(self) -> Iterator[Gathered]:
        """Yield the projections of all that wait."""
        while self._waiting:
            yield from self._project(self._waiting.pop(next(iter(self._waiting))))

    def _project(self, waiting: list[_Waiting]) -> Iterator[Gathered]:
        device = next((weight.device for weight in self.encoder.parameters()), "cpu")
        projections = project(
            self.encoder,
            torch.stack([one.crop for one in waiting]).to(device),
            waiting[0].cells[0].layer,
            torch.tensor([one.cells[0].unit for one in waiting]),
            torch.tensor([one.position for one in waiting]),
            method=self.method,
        )
        for one, projection in zip(waiting, projections.cpu(), strict=True):
            inside = cut(projection, one.inside)
            yield from (Gathered(cell, projection=inside) for cell in one.cells)


def gather(
    encoder: Encoder,
    dataset: Dataset,
    findings: Findings,
    patch_of: Callable[[Cell], Patch],
    *,
    method: MethodName | None = "deconvnet",
    after: int = -1,
) -> Iterator[Seen]:
    """Read the signals on the lists once more, in order, and cut out and project their patches.

    A projection is computed over the part of the signal that the unit sees, which is exact.
    The same patches are always projected together, wherever the work begins again.

    Args:
        encoder: The network.
        dataset: The signals.
        findings: What a search of it has found.
        patch_of: What is known of a patch.
        method: How patches are projected; None for not at all.
        after: Number of the signal after which to begin; one that was `settled`.
    Yields:
        Every signal on a list with its patches, and projections as they are made.
    """
    cells = {number: own for number, own in _cells(findings).items() if number > after}
    sight = Sight(encoder, findings.tops)
    projector = Projector(encoder, method) if method else None
    held = 0
    for entry, signal in dataset.signals(cells.keys()):
        assert isinstance(signal, Signal), f"{entry.name} could be read before: {signal}"
        found = []
        alike: dict[tuple[str, int, tuple[int, ...]], list[Cell]] = defaultdict(list)
        for cell in cells[entry.number]:
            patch = patch_of(cell)
            box = tuple(slice(*axis) for axis in patch.box)
            found.append(Gathered(cell, patch=cut(signal.samples, box)))
            if projector is not None and patch.activation > 0:
                alike[encoder.unrectified(cell.layer), cell.unit, patch.position].append(cell)
        for group in alike.values():
            assert projector is not None
            patch = patch_of(group[0])
            fields = sight.fields(tuple(signal.samples.shape), group[0].layer)
            crop = enclose(fields, patch.position, signal.space)
            inside = crop.within(tuple(slice(*axis) for axis in patch.box))
            samples = cut(signal.samples, crop.region)
            found += projector.take(_Waiting(group, samples, crop.position, inside))
        held += len(cells[entry.number])
        settled = held >= HELD or entry.number == max(cells)
        if settled and projector is not None:
            found += projector.rest()
        held = 0 if settled else held
        yield Seen(entry.number, signal, found, settled)


def _cells(findings: Findings) -> Mapping[int, list[Cell]]:
    """Return the patches of each signal, by number."""
    cells: dict[int, list[Cell]] = defaultdict(list)
    for layer, top in findings.tops.items():
        for unit, pictures in enumerate(top.pictures.tolist()):
            for rank, number in enumerate(pictures):
                if number >= 0:
                    cells[number].append(Cell(layer, unit, rank))
    return cells
