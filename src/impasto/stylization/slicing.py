"""Style transfer on volumes with a network for pictures, slice by slice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from torch import Tensor

from impasto.engine.blocks import counting
from impasto.engine.evaluator import Evaluator
from impasto.engine.memory import Plan, make_slice_plan
from impasto.engine.passage import Piece
from impasto.engine.slices import CHUNK_SAMPLES, SliceEvaluator, chunks, slices
from impasto.engine.sweep import room, visit
from impasto.engine.workers import Workers
from impasto.errors import UsageError
from impasto.objectives.content import Content
from impasto.objectives.gram import gram
from impasto.objectives.objective import Objective, Term
from impasto.objectives.style import Style, mix
from impasto.signal import Space, cut, resample
from impasto.stylization.problem import StyleTransfer

ALL_AXES = (0, 1, 2)


@dataclass(frozen=True)
class _Targets:
    """What the slices along one axis are compared with.

    Attributes:
        contents: For each content layer the features of all slices, shape (slice, c, *space).
        content_scales: Factor of each, of one slice.
        styles: For each style layer the mean Gram matrix, shape (c, c).
        positions: Of one slice, at each style layer.
    """

    contents: Mapping[str, Tensor]
    content_scales: Mapping[str, float]
    styles: Mapping[str, Tensor]
    positions: Mapping[str, int]


class SliceTransfer(StyleTransfer):
    """J(G) of a volume: the mean of what pictures cost, over its slices along three axes.

    Each slice shall have the style by itself, so that every cut through the volume looks like the
    style. A style that is a volume is seen likewise, its slices along an axis together.

    Source:
        Gutierrez, Rabin, Galerne, Hurtut, arXiv:2001.04528, section 3.
    """

    axes = ALL_AXES
    chunk_samples = CHUNK_SAMPLES

    def evaluator(
        self, space: Space, *, tile_bytes: int | None = None, workers: Workers | None = None
    ) -> Evaluator:
        """See StyleTransfer.evaluator.

        Raises:
            UsageError: If workers are asked for, or there are masks.
        """
        if workers is not None:
            raise UsageError("Slices of a volume are not shared on a cluster: leave out --ray.")
        if self.inputs.styles[0].regions is not None:
            raise UsageError(
                "Masks of volumes need a network over three axes: add --encoder vgg19-inflated."
            )
        content = self._content(space)[None].to(self.device)
        styles = [
            resample(style.signal.samples[None], size).to(self.device)
            for style, size in zip(self.inputs.styles, self._style_spaces(space), strict=True)
        ]
        targets = {axis: self._targets(content, styles, axis, tile_bytes) for axis in self.axes}

        def objective_of(axis: int, part: slice) -> Objective:
            return self._objective(targets[axis], space[axis], part)

        return SliceEvaluator(
            self.encoder,
            objective_of,
            axes=self.axes,
            whole=self._whole(space),
            chunk_samples=self.chunk_samples,
            tile_bytes=tile_bytes,
        )

    def plan(self) -> Plan:
        """See StyleTransfer.plan."""
        plan = make_slice_plan(
            self.encoder,
            self.layers,
            self.space,
            memory=self.settings.memory,
            kept=self.content_layers,
            channels=len(self.inputs.content.samples),
        )
        self.chunk_samples = plan.chunk_samples
        return plan

    def _objective(self, targets: _Targets, count: int, part: slice) -> Objective:
        """Return the share in J of some of the slices along an axis."""
        share = 1 / (count * len(self.axes))
        terms: list[tuple[float, Term]] = []
        for layer, weight in self.content_layers.items():
            own = targets.contents[layer][part]
            content = Content(layer, own, scale=targets.content_scales[layer])
            terms.append((share * weight * self.convention.content_weight, content))
        for layer, weight in self.style_layers.items():
            target, positions = targets.styles[layer], targets.positions[layer]
            scale = self.convention.style_scale(target, positions)
            style = Style(layer, target, positions=positions, scale=scale)
            terms.append((share * weight * self.convention.style_weight, style))
        return Objective(terms)

    def _targets(
        self, content: Tensor, styles: list[Tensor], axis: int, tile_bytes: int | None
    ) -> _Targets:
        contents: dict[str, Tensor] = {}
        positions: dict[str, int] = {}
        batch = slices(content, axis)
        for part, piece in self._seen(batch, self.layers, tile_bytes):
            positions[piece.layer] = math.prod(piece.space)
            if piece.layer in self.content_layers:
                if piece.layer not in contents:
                    like = piece.features[:1].expand(len(batch), *piece.features.shape[1:])
                    contents[piece.layer] = room(like, piece.space)
                cut(contents[piece.layer][part], piece.where).copy_(piece.features)
        # the slice whose squares are the mean of all: an empty slice counts no more than others
        typical = {
            layer: one.square().mean(0, keepdim=True).sqrt() for layer, one in contents.items()
        }
        scales = {layer: self.convention.content_scale(one) for layer, one in typical.items()}
        grams = [self._mean_grams(style, axis, tile_bytes) for style in styles]
        weights = [style.weight for style in self.inputs.styles]
        mixed = {layer: mix([own[layer] for own in grams], weights) for layer in self.style_layers}
        return _Targets(contents, scales, mixed, positions)

    def _mean_grams(self, style: Tensor, axis: int, tile_bytes: int | None) -> dict[str, Tensor]:
        """Return mean Gram matrices of a picture, or of the slices of a volume along an axis."""
        batch = style if style.ndim == 4 else slices(style, axis)
        grams: dict[str, Tensor] = {}
        for _, piece in self._seen(batch, self.style_layers, tile_bytes):
            own = gram(piece.features).sum(0) / (len(batch) * math.prod(piece.space))
            grams[piece.layer] = grams[piece.layer] + own if piece.layer in grams else own
        return grams

    def _seen(
        self, batch: Tensor, layers: Mapping[str, float] | list[str], tile_bytes: int | None
    ) -> Iterator[tuple[slice, Piece]]:
        """Yield the features of a few slices at a time, and which ones they are."""
        parts = [*chunks(len(batch), batch[0, 0].numel(), self.chunk_samples)]
        with counting(len(parts)) as tick:
            for part in parts:
                own = batch[part].contiguous()
                for piece in visit(self.encoder, layers, own, tile_bytes=tile_bytes):
                    yield part, piece
                tick()
