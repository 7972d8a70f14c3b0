"""From positions in feature maps to the parts of the signals that are seen there."""

from __future__ import annotations

import math
from collections.abc import Iterable
from copy import deepcopy

from impasto.encoders.encoder import Encoder
from impasto.units.atlas import Atlas, LayerPatches, Patch
from impasto.units.findings import Findings
from impasto.units.receptive import Fields, receptive_fields
from impasto.units.top import Top


class Sight:
    """What the layers of a network see in signals of any size.

    Args:
        encoder: The network.
        layers: Names of layers.
    """

    def __init__(self, encoder: Encoder, layers: Iterable[str]) -> None:
        self.encoder, self.layers = encoder, list(layers)
        self._shadow: Encoder | None = deepcopy(encoder).to("meta")  # computes shapes alone
        self._known: dict[tuple[int, ...], dict[str, Fields]] = {}

    def fields(self, shape: tuple[int, ...], layer: str) -> Fields:
        """Return what the units of a layer see along each axis of a signal (channel, *space)."""
        if shape not in self._known:
            self._known[shape] = self._followed(shape)
        return self._known[shape][layer]

    def _followed(self, shape: tuple[int, ...]) -> dict[str, Fields]:
        channels, *space = shape
        if self._shadow is not None:
            try:
                return receptive_fields(self._shadow, self.layers, tuple(space), channels=channels)
            except Exception:  # as many kinds as there are ways to look at values
                self._shadow = None
        return receptive_fields(self.encoder, self.layers, tuple(space), channels=channels)


def chart(findings: Findings, encoder: Encoder, *, dataset: str) -> Atlas:
    """Find the part of the signal that each of the highest activations belongs to.

    Args:
        findings: What a search has found.
        encoder: The network.
        dataset: Where the signals came from.
    """
    findings.forget()
    sight = Sight(encoder, findings.tops)
    return Atlas(
        encoder.name,
        dataset,
        findings.count,
        [told for _, told in sorted(findings.passed_over.items())],
        {layer: _located(layer, top, findings, sight) for layer, top in findings.tops.items()},
    )


def _located(layer: str, top: Top, findings: Findings, sight: Sight) -> LayerPatches:
    columns = (column.tolist() for column in vars(top).values())
    units = [
        tuple(
            _patch(rank, found, findings, sight, layer)
            for rank, found in enumerate(zip(*unit, strict=True))
            if found[1] >= 0
        )
        for unit in zip(*columns, strict=True)
    ]
    first = min(findings.seen)
    return LayerPatches(sight.fields(findings.seen[first][1], layer), units)


def _patch(
    rank: int,
    found: tuple[float, int, int, list[int]],
    findings: Findings,
    sight: Sight,
    layer: str,
) -> Patch:
    activation, number, index, lengths = found
    name, shape = findings.seen[number]
    position = unraveled(index, lengths)
    fields = sight.fields(shape, layer)
    boxes = [f.box(p, n) for f, p, n in zip(fields, position, shape[1:], strict=True)]
    clipped = any(over for _, over in boxes)
    return Patch(rank, name, activation, position, tuple(box for box, _ in boxes), clipped)


def unraveled(index: int, lengths: Iterable[int]) -> tuple[int, ...]:
    """Turn a position that counts row by row into one along each axis."""
    lengths = list(lengths)
    return tuple(
        index // math.prod(lengths[axis + 1 :]) % length for axis, length in enumerate(lengths)
    )
