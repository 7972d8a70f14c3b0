"""A network run over a signal tile by tile, in little memory, there and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.encoders.encoder import Chain, Encoder, channels_last
from impasto.engine.tiling import Stage, Tile, stages
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


Outputs = Callable[[Piece], Iterable[tuple[Tensor, Tensor]]]


class Sweep:
    """Runs a chain over a signal tile by tile, stage by stage.

    Between stages the features are kept whole. Each tile is computed with as much around it as its
    features see, so that they are those of the whole. The way back computes them once more.

    Args:
        encoder: The network.
        layers: Layers that are shown.
        space: Samples of the signal along each axis.
        tile_bytes: Memory that the features of a tile may take, roughly.
        core: For each layer the positions that count, where the signal is a part of a larger one:
            pieces are cut to them and counted from their beginning. None if all count.
    """

    def __init__(
        self,
        encoder: Chain,
        layers: Iterable[str],
        space: Space,
        *,
        tile_bytes: int,
        core: Mapping[str, Region] | None = None,
    ) -> None:
        self.encoder, self.tile_bytes, self.core = encoder, tile_bytes, core
        self.stages = stages(encoder, frozenset(layers), space)
        self._sources: list[Tensor] = []

    def visit(self, signal: Tensor) -> Iterator[Piece]:
        """Yield the features of every layer without their graph, each position once.

        Args:
            signal: Shape (b, channel, *space).
        """
        self._sources = [signal]
        for stage in self.stages:
            kept: Tensor | None = None
            for tile in self._tiles(stage):
                with torch.no_grad():
                    features = self._features(stage, cut(self._sources[-1], tile.source))
                yield from self._pieces(stage, tile, features)
                if stage is not self.stages[-1]:
                    own = cut(features[stage.names[-1]], tile.inner[stage.names[-1]])
                    if kept is None:
                        kept = room(own, stage.space_of(stage.names[-1]))
                    cut(kept, tile.outer[stage.names[-1]]).copy_(own)
                del features
            if kept is not None:
                self._sources.append(kept)

    def pull(self, outputs: Outputs) -> Tensor:
        """Return the gradient with respect to the signal that was visited last, and forget it.

        Args:
            outputs: Computes from a piece what depends on it, each with the gradient of J with
                respect to it.
        """
        behind: Tensor | None = None
        for stage in reversed(self.stages):
            source = self._sources.pop()
            gradient = torch.zeros_like(source)
            for tile in self._tiles(stage):
                leaf = cut(source, tile.source).detach().requires_grad_()
                features = self._features(stage, leaf)
                pairs = [
                    pair for piece in self._pieces(stage, tile, features) for pair in outputs(piece)
                ]
                if behind is not None:
                    last = stage.names[-1]
                    own = cut(features[last], tile.inner[last])
                    pairs.append((own, cut(behind, tile.outer[last])))
                if pairs:
                    values, cotangents = zip(*pairs, strict=True)
                    (change,) = torch.autograd.grad(values, leaf, cotangents)
                    cut(gradient, tile.source).add_(change)
                del features, pairs
            behind = gradient
        assert behind is not None
        return behind

    def _features(self, stage: Stage, source: Tensor) -> dict[str, Tensor]:
        x = self.encoder.see(source) if stage is self.stages[0] else source
        return self.encoder.stretch(x, stage.names, stage.layers)[1]

    def _pieces(self, stage: Stage, tile: Tile, features: Mapping[str, Tensor]) -> Iterator[Piece]:
        for layer in stage.wanted:
            own, where = cut(features[layer], tile.inner[layer]), tile.outer[layer]
            space = stage.space_of(layer)
            if self.core is not None:
                core = self.core[layer]
                where, inside = _within(core, where)
                own, space = cut(own, inside), tuple(axis.stop - axis.start for axis in core)
            yield Piece(layer, where, space, own)

    def _tiles(self, stage: Stage) -> Iterator[Tile]:
        width = next(self.encoder.parameters()).itemsize
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
        yield from Sweep(encoder, layers, space_of(signal), tile_bytes=tile_bytes).visit(signal)
        return
    with torch.no_grad():
        features = encoder(signal, layers)
    for layer, seen in features.items():
        space = space_of(seen)
        yield Piece(layer, tuple(slice(0, length) for length in space), space, seen)


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


def room(part: Tensor, space: Space) -> Tensor:
    """Return memory for the features of a whole, laid out as networks here have them."""
    return channels_last(part.new_empty(*part.shape[:2], *space))
