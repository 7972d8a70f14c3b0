"""A network run over a signal tile by tile, in little memory, there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

import torch
from torch import Tensor

from impasto.encoders.encoder import Chain, Encoder, Part, channels_last
from impasto.engine.blocks import counting
from impasto.engine.passage import Passage, Piece, Pull, cored, space_of
from impasto.engine.tape import Tape
from impasto.engine.tiling import Stage, Tile, stages
from impasto.signal import Region, Space, cut

FORWARD_SHARE = 1 / 4  # of the work: the way back computes everything once more, and twice that


class Sweep(Passage):
    """Runs a chain over a signal tile by tile, stage by stage.

    Between stages the features are kept whole. Each tile is computed with as much around it as its
    features see, so that they are those of the whole. The way back computes them once more.

    Args:
        encoder: The network.
        layers: Layers that are shown.
        tile_bytes: Memory that the features of a tile may take, roughly.
        core: As for `Whole`.
    """

    def __init__(
        self,
        encoder: Chain,
        layers: Iterable[str],
        *,
        tile_bytes: int,
        core: Mapping[str, Region] | None = None,
    ) -> None:
        self.encoder, self.layers = encoder, frozenset(encoder.check(layers))
        self.tile_bytes, self.core = tile_bytes, core
        self._stages: list[Stage] = []
        self._sources: list[Tensor] = []

    def visit(self, signal: Tensor) -> Iterator[Piece]:
        """See Passage.visit."""
        self._stages = stages(self.encoder, self.layers, space_of(signal))
        self._sources = [signal]
        with counting(self._count(), end=FORWARD_SHARE) as tick:
            yield from self._visit(tick)

    def _visit(self, tick: Callable[[], None]) -> Iterator[Piece]:
        for stage in self._stages:
            kept: Tensor | None = None
            for tile in self._tiles(stage):
                with torch.no_grad():
                    source = self._read(stage, cut(self._sources[-1], tile.source))
                    features = self.encoder.stretch(source, stage.names, stage.layers)[1]
                for layer in stage.wanted:
                    yield self._piece(stage, tile, layer, features[layer])[0]
                if stage is not self._stages[-1]:
                    own = cut(features[stage.names[-1]], tile.inner[stage.names[-1]])
                    if kept is None:
                        kept = room(own, stage.space_of(stage.names[-1]))
                    cut(kept, tile.outer[stage.names[-1]]).copy_(own)
                del features
                tick()
            if kept is not None:
                self._sources.append(kept)

    def pull(self, add: Pull) -> Tensor:
        """See Passage.pull."""
        behind: Tensor | None = None
        with counting(self._count(), begin=FORWARD_SHARE) as tick:
            for stage in reversed(self._stages):
                source = self._sources.pop()
                gradient = torch.zeros_like(source)
                for tile in self._tiles(stage):
                    change = self._back(stage, tile, cut(source, tile.source), behind, add)
                    cut(gradient, tile.source).add_(change)
                    tick()
                behind = gradient
        assert behind is not None
        return behind

    def _back(
        self, stage: Stage, tile: Tile, source: Tensor, behind: Tensor | None, add: Pull
    ) -> Tensor:
        """Return the gradient of a tile with respect to what it reads."""
        tape = Tape()
        for _ in tape.record(self._parts(stage), source):
            pass

        def add_to(layer: str, features: Tensor, gradient: Tensor) -> None:
            if behind is not None and layer == stage.names[-1]:
                cut(gradient, tile.inner[layer]).add_(cut(behind, tile.outer[layer]))
            if layer in stage.wanted:
                piece, inside = self._piece(stage, tile, layer, features)
                add(piece, cut(cut(gradient, tile.inner[layer]), inside))

        return tape.rewind(add_to)

    def _parts(self, stage: Stage) -> list[Part]:
        first, *others = self.encoder.stretches(stage.names, stage.layers)
        return [lambda source: first(self._read(stage, source)), *others]

    def _read(self, stage: Stage, source: Tensor) -> Tensor:
        return self.encoder.see(source) if stage is self._stages[0] else source

    def _piece(
        self, stage: Stage, tile: Tile, layer: str, features: Tensor
    ) -> tuple[Piece, Region]:
        own = cut(features, tile.inner[layer])
        return cored(Piece(layer, tile.outer[layer], stage.space_of(layer), own), self.core)

    def _count(self) -> int:
        return sum(1 for stage in self._stages for _ in self._tiles(stage))

    def _tiles(self, stage: Stage) -> Iterator[Tile]:
        width = self.encoder.precision.itemsize
        positions = self.tile_bytes / (stage.load * width)
        side = max(1, int(positions ** (1 / len(stage.space))))
        return stage.tiles((side,) * len(stage.space))


def visit(
    encoder: Encoder, layers: Iterable[str], signal: Tensor, *, tile_bytes: int | None = None
) -> Iterator[Piece]:
    """Yield the features of every layer without their graph, each position once.

    Args:
        encoder: Any network.
        layers: Layers that are shown.
        signal: Shape (b, channel, *space).
        tile_bytes: As for `Sweep`; None for the whole at once. Only chains can be cut.
    """
    if tile_bytes is not None and isinstance(encoder, Chain) and encoder.local:
        yield from Sweep(encoder, layers, tile_bytes=tile_bytes).visit(signal)
        return
    with torch.no_grad():
        features = encoder(signal, layers)
    for layer, seen in features.items():
        space = space_of(seen)
        yield Piece(layer, tuple(slice(0, length) for length in space), space, seen)


def room(part: Tensor, space: Space) -> Tensor:
    """Return memory for the features of a whole, laid out as networks here have them."""
    return channels_last(part.new_empty(*part.shape[:2], *space))
