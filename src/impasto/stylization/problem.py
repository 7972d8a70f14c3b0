"""From inputs and settings to the objective of each level, and from samples to the result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.cluster import RayEvaluator
from impasto.engine.evaluator import Evaluator, LocalEvaluator
from impasto.engine.memory import Plan, make_plan
from impasto.engine.sweep import room, visit
from impasto.engine.workers import Workers
from impasto.errors import InputError, UsageError
from impasto.objectives.content import Content
from impasto.objectives.conventions import Convention, convention
from impasto.objectives.gram import gram, guided_gram
from impasto.objectives.masks import guides, shares
from impasto.objectives.objective import Objective, Term
from impasto.objectives.regularizers import Bounds, TotalVariation
from impasto.objectives.style import GuidedStyle, Style, mix
from impasto.settings import StylizeSettings
from impasto.signal import Signal, Space, cut, fit, resample
from impasto.stylization.domains import Domain
from impasto.stylization.inputs import Style as StylePicture

Grams = dict[tuple[int, Space], dict[str, Tensor]]  # of a style at a size, by layer

LEAST_NOISE = 0.1  # standard deviation, where the content is flat


class StyleTransfer:
    """J(G) for given inputs, at any size.

    Args:
        encoder: Network that sees.
        domain: What it sees, and how to stylize.
        grams: Where the Gram matrices of the styles are kept, for problems that share them.
    Raises:
        UsageError: If a layer is unknown, or all weights are zero.
        InputError: If the content is too small for the network.
    """

    def __init__(self, encoder: Encoder, domain: Domain, *, grams: Grams | None = None) -> None:
        self.grams: Grams = {} if grams is None else grams
        self.encoder = encoder = domain.shown_to(encoder)
        self.domain, self.settings = domain, domain.settings
        self.inputs, self.original = domain.inputs, domain.original
        self.device = encoder.device
        self.convention = self._convention()
        self.content_layers = _above_zero(
            self.convention.content_layers, self.convention.content_weight
        )
        self.style_layers = _above_zero(self.convention.style_layers, self.convention.style_weight)
        self.layers = encoder.check([*self.content_layers, *self.style_layers])
        if not self.layers:
            raise UsageError("There is nothing to minimize: every weight is zero.")
        self.space = self._space()
        self.minimum = encoder.minimum_length(self.layers)
        self._check_sizes()

    @property
    def weights_hash(self) -> str:
        """Hash of the weights of the network."""
        return self.encoder.weights_hash

    def _space(self) -> Space:
        """Return the space of the result; no size blows a volume up of itself."""
        native = self.inputs.content.space
        if self.domain.size is None or self.settings.size == "original":
            return native
        if self.settings.size is None:
            size = self.domain.size
            return fit(native, size if self.domain.grows else min(size, max(native)))
        return fit(native, self.settings.size)

    def _convention(self) -> Convention:
        """Return the convention asked for, with layers that the network has and other changes."""
        base = convention(self.settings.objective)
        if (layers := self.encoder.cost_layers) is not None:
            base = replace(base, content_layers=layers.content, style_layers=layers.style)
        if self.domain.content_weight is not None and self.settings.objective == "impasto":
            base = replace(base, content_weight=self.domain.content_weight)
        if not self.domain.regularized:
            base = replace(base, tv_weight=0.0, bounds_weight=0.0)
        return overridden(base, self.settings)

    def _check_sizes(self) -> None:
        label, *styles = self.inputs.labels
        needed = f"{self.encoder.name} needs at least {self.minimum} for these layers."
        if min(self.space) < self.minimum:
            if self.domain.size is None:
                unit = self.domain.positions
                raise InputError(f"{label} is {self.space[0]} {unit} long, and {needed}")
            raise InputError(
                f"{label} would have a short side of {min(self.space)} {_unit(self.original)}, "
                f"and {needed} Take a larger --size."
            )
        for label, style in zip(styles, self.inputs.styles, strict=True):
            if (axes := len(style.signal.space)) < self.encoder.axes:
                raise UsageError(
                    f"{label} has {axes} axes, and {self.encoder.name} sees over "
                    f"{self.encoder.axes}: leave out --encoder, and the content is seen in slices."
                )
            short = min(style.signal.space)
            if short < self.minimum:
                length = (
                    f"is {{}} {self.domain.positions} long"
                    if self.domain.size is None
                    else f"has a short side of {{}} {_unit(style.signal)}"
                )
                raise InputError(f"{label} {length.format(short)}, and {needed}")

    def plan(self) -> Plan:
        """Choose tiles, and what else keeps the run within its memory.

        Raises:
            OutOfMemoryError: If nothing fits.
        """
        return make_plan(
            self.encoder,
            self.layers,
            self.space,
            memory=self.settings.memory,
            channels=len(self.inputs.content.samples),
        )

    def evaluator(
        self, space: Space, *, tile_bytes: int | None = None, workers: Workers | None = None
    ) -> Evaluator:
        """Compute the targets at a level and return its evaluator.

        Args:
            space: The space of the level.
            tile_bytes: Memory for the features of a tile here; None for the whole at once.
            workers: Who evaluates, and chooses tiles of its own; None to do it here. The targets
                are always computed here.
        """
        contents, spaces = self._content_targets(space, tile_bytes)
        objective = Objective(
            [*self._content_terms(contents), *self._style_terms(space, spaces, tile_bytes)]
        )
        objective += self._whole(space)
        if workers is not None:
            return RayEvaluator(workers, self.encoder, objective, space)
        return LocalEvaluator(self.encoder, objective, tile_bytes=tile_bytes)

    def _whole(self, space: Space) -> Objective:
        """Return what is asked of the signal itself, without the network."""
        objective = Objective()
        samples = self.inputs.content.samples.shape[0] * math.prod(space)
        if (weight := self.convention.tv_weight) > 0:
            objective += weight * TotalVariation(scale=self.convention.tv_scale(samples))
        if (weight := self.convention.bounds_weight) > 0:
            objective += weight * Bounds(scale=1 / samples)
        return objective

    def present(self, samples: Tensor) -> Signal:
        """Turn samples of shape (channel, *space) into a result."""
        return self.domain.present(samples)

    def start(self, space: Space) -> Tensor:
        """Return where the first level begins over its space, shape (1, channel, *space)."""
        return self._start(space).to(self.device)

    def _start(self, space: Space) -> Tensor:
        content = self._content(space)
        if self.inputs.init is not None:
            return resample(self.inputs.init.samples[None], space)
        if self.settings.init == "content":
            return content[None]
        if self.settings.init == "style":
            return resample(self.inputs.styles[0].signal.samples[None], space)
        noise = torch.Generator().manual_seed(self.settings.seed)
        white = torch.randn(content.shape, generator=noise)
        axes = tuple(range(1, content.ndim))
        mean, spread = content.mean(axes, keepdim=True), content.std(axes, keepdim=True)
        return (mean + spread.clamp(min=LEAST_NOISE) * white)[None]

    def _content(self, space: Space) -> Tensor:
        return self.inputs.content.resized(space).samples

    def _content_targets(
        self, space: Space, tile_bytes: int | None
    ) -> tuple[dict[str, Tensor], dict[str, Space]]:
        """Return the features of the content layers, and the space of every layer."""
        content = self._content(space)[None].to(self.device)
        targets: dict[str, Tensor] = {}
        spaces: dict[str, Space] = {}
        for piece in visit(self.encoder, self.layers, content, tile_bytes=tile_bytes):
            spaces[piece.layer] = piece.space
            if piece.layer not in self.content_layers:
                continue
            if piece.is_whole:
                targets[piece.layer] = piece.features
            else:
                target = targets.setdefault(piece.layer, room(piece.features, piece.space))
                cut(target, piece.where).copy_(piece.features)
        return targets, spaces

    def _content_terms(self, targets: Mapping[str, Tensor]) -> list[tuple[float, Term]]:
        terms: list[tuple[float, Term]] = []
        for layer, weight in self.content_layers.items():
            scale = self.convention.content_scale(targets[layer])
            weight *= self.convention.content_weight
            terms.append((weight, Content(layer, targets[layer], scale=scale)))
        return terms

    def _style_terms(
        self, space: Space, spaces: Mapping[str, Space], tile_bytes: int | None
    ) -> list[tuple[float, Term]]:
        grams = [
            self.grams_of(number, size, tile_bytes=tile_bytes)
            for number, size in enumerate(self._style_spaces(space))
        ]
        guided = self.inputs.styles[0].regions is not None
        make = self._guided if guided else self._plain
        return [
            (
                weight * self.convention.style_weight,
                make(layer, [of_style[layer] for of_style in grams], spaces[layer]),
            )
            for layer, weight in self.style_layers.items()
        ]

    def grams_of(
        self, number: int, space: Space, *, tile_bytes: int | None = None
    ) -> dict[str, Tensor]:
        """Return the Gram matrices of a style: the target of each of its layers.

        Args:
            number: Which style.
            space: The size in which it is seen.
            tile_bytes: As for `evaluator`.
        Returns:
            For each layer the mean Gram matrix (c, c), or with masks those of the regions
            (r, c, c).
        """
        if (number, space) not in self.grams:
            style = self.inputs.styles[number]
            self.grams[number, space] = self._style_grams(style, space, tile_bytes)
        return self.grams[number, space]

    def _style_grams(
        self, style: StylePicture, space: Space, tile_bytes: int | None
    ) -> dict[str, Tensor]:
        """Compute what `grams_of` returns."""
        signal = resample(style.signal.samples[None], space).to(self.device)
        grams: dict[str, Tensor] = {}
        for piece in visit(self.encoder, self.style_layers, signal, tile_bytes=tile_bytes):
            if style.regions is None:
                own = gram(piece.features)[0] / math.prod(piece.space)
            else:
                on_style = guides(style.regions[1], piece.space).to(self.device)
                own = guided_gram(piece.features, cut(on_style, piece.where))[0]
            grams[piece.layer] = grams[piece.layer] + own if piece.layer in grams else own
        return grams

    def _style_spaces(self, space: Space) -> list[Space]:
        """Sizes of the styles at a level: the content's longest side, but never blown up."""
        if self.domain.size is None:
            return [style.signal.space for style in self.inputs.styles]
        spaces = []
        for style in self.inputs.styles:
            native = max(style.signal.space)
            wanted = min(native, round(max(space) * self.settings.style_scale))
            least = math.ceil(self.minimum * native / min(style.signal.space))
            spaces.append(fit(style.signal.space, max(wanted, least)))
        return spaces

    def _plain(self, layer: str, grams: list[Tensor], space: Space) -> Style:
        weights = [style.weight for style in self.inputs.styles]
        target, positions = mix(grams, weights), math.prod(space)
        scale = self.convention.style_scale(target, positions)
        return Style(layer, target, positions=positions, scale=scale)

    def _guided(self, layer: str, grams: list[Tensor], space: Space) -> GuidedStyle:
        regions = [style.regions[0] for style in self.inputs.styles if style.regions is not None]
        maps = torch.cat([guides(on_content, space) for on_content in regions])
        covered = [shares(on_content) for on_content in regions]
        target, positions = torch.cat(grams), math.prod(space)
        scale = torch.tensor([self.convention.style_scale(one, positions) for one in target])
        weights = torch.cat(
            [style.weight * own for style, own in zip(self.inputs.styles, covered, strict=True)]
        )
        # wherever there is a style, all of them together weigh 1, as they do without masks
        weights *= torch.cat(covered).sum().clamp(max=1.0) / weights.sum()
        there = (one.to(self.device) for one in (maps, target, weights, scale))
        on_device, target, weights, scale = there
        return GuidedStyle(layer, on_device, target, shares=weights, scale=scale)


def _unit(signal: Signal) -> str:
    return "voxels" if signal.medium == "volume" else "pixels"


def overridden(base: Convention, settings: StylizeSettings) -> Convention:
    """Return a convention with what the settings say otherwise."""
    names = ("content_layers", "style_layers", "content_weight", "style_weight", "tv_weight")
    given = {name: getattr(settings, name) for name in names}
    return replace(base, **{name: value for name, value in given.items() if value is not None})


def _above_zero(layers: Mapping[str, float], weight: float) -> dict[str, float]:
    """Leave out layers that weigh nothing, so that they are not computed."""
    return {layer: own for layer, own in layers.items() if own > 0 and weight > 0}
