"""Many projections, computed together where that is cheaper."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from impasto.encoders.encoder import Chain, Encoder
from impasto.signal import Region, cut
from impasto.units.atlas import Cell
from impasto.units.crops import enclose, within
from impasto.units.locating import Sight
from impasto.units.projection import MethodName, project
from impasto.units.unwinding import Unwinding, unwinds

SAMPLES = 2**18  # of the signals that are projected together


@dataclass(frozen=True)
class Wanted:
    """A projection that somebody wants.

    Attributes:
        cells: Those that are to have it; their layers see and pass the same.
        position: In the map of the layers, along each axis.
        activation: What the unit answers there.
        box: The part of the signal that the unit sees, where it does not reach over an end.
    """

    cells: Sequence[Cell]
    position: tuple[int, ...]
    activation: float
    box: Region

    @property
    def layer(self) -> str:
        """The layer from which to project."""
        return self.cells[0].layer


Projected = Iterator[tuple[Wanted, Tensor]]  # what was wanted; its box, shape (channel, *space)


class Projector(Protocol):
    """Projects what is wanted of one signal after another."""

    def take(self, signal: Tensor, wanted: Sequence[Wanted]) -> Projected:
        """Take what is wanted of a signal (channel, *space), and yield what is done."""
        ...

    def rest(self) -> Projected:
        """Yield what has not been done yet."""
        ...


def projector_for(encoder: Encoder, sight: Sight, method: MethodName) -> Projector:
    """Return the cheaper way for a network.

    Args:
        encoder: The network.
        sight: What its layers see.
        method: How to project.
    """
    if isinstance(encoder, Chain) and unwinds(encoder):
        return _BySignal(encoder, sight, method)
    return _ByCrop(encoder, sight, method)


class _BySignal:
    """Projects all that is wanted of a signal from one pass forward; nothing waits."""

    def __init__(self, encoder: Chain, sight: Sight, method: MethodName) -> None:
        self.encoder, self.sight, self.method = encoder, sight, method

    def take(self, signal: Tensor, wanted: Sequence[Wanted]) -> Projected:
        layers: dict[str, list[Wanted]] = defaultdict(list)
        for one in wanted:
            layers[one.layer].append(one)
        if not layers:
            return
        unwinding = Unwinding(self.encoder, signal.to(self.encoder.device), [*layers], self.method)
        for layer, of_layer in layers.items():
            fields = self.sight.fields(tuple(signal.shape), layer)
            together = max(1, SAMPLES // math.prod(field.size for field in fields))
            for first in range(0, len(of_layer), together):
                some = of_layer[first : first + together]
                windows, places = unwinding.project(
                    layer,
                    torch.tensor([one.cells[0].unit for one in some]),
                    torch.tensor([one.position for one in some]),
                    torch.tensor([one.activation for one in some]),
                )
                for one, window, place in zip(some, windows.cpu(), places, strict=True):
                    yield one, cut(window, within(one.box, place))

    def rest(self) -> Projected:
        yield from ()


class _Waiting(NamedTuple):
    """What is wanted, and the part of its signal over which it is computed."""

    wanted: Wanted
    samples: Tensor
    position: tuple[int, ...]  # in the map over these samples
    inside: Region  # the box among these samples


class _ByCrop:
    """Projects crops of one layer and one size together, whatever their signals."""

    def __init__(self, encoder: Encoder, sight: Sight, method: MethodName) -> None:
        self.encoder, self.sight, self.method = encoder, sight, method
        self._waiting: dict[tuple[str, tuple[int, ...]], list[_Waiting]] = defaultdict(list)

    def take(self, signal: Tensor, wanted: Sequence[Wanted]) -> Projected:
        for one in wanted:
            fields = self.sight.fields(tuple(signal.shape), one.layer)
            crop = enclose(fields, one.position, tuple(signal.shape[1:]))
            samples = cut(signal, crop.region)
            key = one.layer, tuple(samples.shape)
            inside = within(one.box, crop.region)
            self._waiting[key].append(_Waiting(one, samples, crop.position, inside))
            if (len(self._waiting[key]) + 1) * samples[0].numel() > SAMPLES:
                yield from self._project(self._waiting.pop(key))

    def rest(self) -> Projected:
        while self._waiting:
            yield from self._project(self._waiting.pop(next(iter(self._waiting))))

    def _project(self, waiting: list[_Waiting]) -> Projected:
        projections = project(
            self.encoder,
            torch.stack([one.samples for one in waiting]).to(self.encoder.device),
            waiting[0].wanted.layer,
            torch.tensor([one.wanted.cells[0].unit for one in waiting]),
            torch.tensor([one.position for one in waiting]),
            method=self.method,
        )
        for one, projection in zip(waiting, projections.cpu(), strict=True):
            yield one.wanted, cut(projection, one.inside)
