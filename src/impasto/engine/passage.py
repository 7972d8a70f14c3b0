"""A network run over a signal, there and back, and the features that are seen on the way."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.tape import Tape
from impasto.signal import Region, Space, cut


@dataclass(frozen=True, eq=False)
class Piece:
    """Features of a part of a signal.

    Attributes:
        layer: The layer.
        where: Which positions of the layer they are.
        space: Positions of the whole layer along each axis.
        features: Shape (b, c, *space of the part).
    """

    layer: str
    where: Region
    space: Space
    features: Tensor

    @property
    def is_whole(self) -> bool:
        """Whether there are no other positions."""
        return space_of(self.features) == self.space


Pull = Callable[[Piece, Tensor], None]


class Passage(ABC):
    """A way to run a network over a signal and to take a gradient back."""

    @abstractmethod
    def visit(self, signal: Tensor) -> Iterator[Piece]:
        """Yield the features of every layer without their graph, each position once.

        Args:
            signal: Shape (b, channel, *space).
        """

    @abstractmethod
    def pull(self, add: Pull) -> Tensor:
        """Return the gradient with respect to the signal that was visited last, and forget it.

        Args:
            add: Is called with every piece and a tensor of its shape, and adds to that the
                gradient of J with respect to the features.
        """


class Whole(Passage):
    """Runs any network over the whole signal at once and keeps what the way back needs.

    Args:
        encoder: The network.
        layers: Layers that are shown.
        core: For each layer the positions that count, where the signal is a part of a larger one:
            pieces are cut to them and counted from their beginning. None if all count.
    """

    def __init__(
        self, encoder: Encoder, layers: Iterable[str], *, core: Mapping[str, Region] | None = None
    ) -> None:
        self.parts, self.core, self._tape = encoder.parts(layers), core, Tape()

    def visit(self, signal: Tensor) -> Iterator[Piece]:
        """See Passage.visit."""
        for layer, features in self._tape.record(self.parts, signal):
            yield self._piece(layer, features)[0]

    def pull(self, add: Pull) -> Tensor:
        """See Passage.pull."""

        def add_to(layer: str, features: Tensor, gradient: Tensor) -> None:
            piece, inside = self._piece(layer, features)
            add(piece, cut(gradient, inside))

        return self._tape.rewind(add_to)

    def _piece(self, layer: str, features: Tensor) -> tuple[Piece, Region]:
        space = space_of(features)
        everywhere = tuple(slice(0, length) for length in space)
        return cored(Piece(layer, everywhere, space, features), self.core)


def cored(piece: Piece, core: Mapping[str, Region] | None) -> tuple[Piece, Region]:
    """Cut a piece to the positions that count, and tell where in the piece they lie."""
    if core is None:
        return piece, tuple(slice(0, length) for length in space_of(piece.features))
    where, inside = _within(core[piece.layer], piece.where)
    space = tuple(axis.stop - axis.start for axis in core[piece.layer])
    return Piece(piece.layer, where, space, cut(piece.features, inside)), inside


def space_of(batch: Tensor) -> Space:
    """Return the space of a batch (b, channel, *space)."""
    return tuple(batch.shape[2:])


def _within(core: Region, where: Region) -> tuple[Region, Region]:
    """Return where a region, cut to a core, lies within the core and within itself."""
    bounds = [
        (max(own.start, all_.start), max(own.start, all_.start, min(own.stop, all_.stop)))
        for own, all_ in zip(where, core, strict=True)
    ]

    def shifted(origin: Region) -> Region:
        return tuple(
            slice(low - start.start, high - start.start)
            for (low, high), start in zip(bounds, origin, strict=True)
        )

    return shifted(core), shifted(where)
