"""The second pass over the data: cut the patches out of the pictures and project them back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.media.dataset import Dataset
from impasto.signal import Signal, cut
from impasto.units.atlas import Cell, Patch
from impasto.units.findings import Findings
from impasto.units.locating import Sight
from impasto.units.projection import MethodName
from impasto.units.projectors import Projected, Wanted, projector_for

HELD = 4096  # patches whose projections wait for others, at most


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

    What several layers see and pass alike is projected once. The same patches are always projected
    together, wherever the work begins again.

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
    projector = projector_for(encoder, sight, method) if method else None
    held = 0
    for entry, signal in dataset.signals(cells.keys()):
        assert isinstance(signal, Signal), f"{entry.name} could be read before: {signal}"
        found = []
        alike: dict[tuple[str, int, tuple[int, ...]], list[Cell]] = defaultdict(list)
        for cell in cells[entry.number]:
            patch = patch_of(cell)
            found.append(Gathered(cell, patch=cut(signal.samples, patch.region)))
            if projector is not None and patch.activation > 0:
                alike[encoder.unrectified(cell.layer), cell.unit, patch.position].append(cell)
        wanted = [_wanted(group, patch_of(group[0])) for group in alike.values()]
        if projector is not None:
            found += _spread(projector.take(signal.samples, wanted))
        held += len(cells[entry.number])
        settled = held >= HELD or entry.number == max(cells)
        if settled and projector is not None:
            found += _spread(projector.rest())
        held = 0 if settled else held
        yield Seen(entry.number, signal, found, settled)


def _wanted(cells: list[Cell], patch: Patch) -> Wanted:
    return Wanted(cells, patch.position, patch.activation, patch.region)


def _spread(projected: Projected) -> Iterator[Gathered]:
    """Give a projection to all that are to have it."""
    for wanted, projection in projected:
        yield from (Gathered(cell, projection=projection) for cell in wanted.cells)


def _cells(findings: Findings) -> Mapping[int, list[Cell]]:
    """Return the patches of each signal, by number."""
    cells: dict[int, list[Cell]] = defaultdict(list)
    for layer, top in findings.tops.items():
        for unit, pictures in enumerate(top.pictures.tolist()):
            for rank, number in enumerate(pictures):
                if number >= 0:
                    cells[number].append(Cell(layer, unit, rank))
    return cells
