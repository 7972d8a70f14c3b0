"""From inputs and settings to the objective of each level, and from samples to the result."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.cluster import RayEvaluator
from impasto.engine.evaluator import Evaluator, WholeEvaluator
from impasto.engine.workers import Workers
from impasto.errors import InputError, UsageError
from impasto.media import color
from impasto.objectives.content import Content
from impasto.objectives.conventions import Convention, convention, positions_of
from impasto.objectives.gram import guided_gram
from impasto.objectives.masks import guides, shares
from impasto.objectives.objective import Objective, Term
from impasto.objectives.regularizers import Bounds, TotalVariation
from impasto.objectives.style import GuidedStyle, Style, mean_gram, mix
from impasto.settings import StylizeSettings
from impasto.signal import Signal, Space, fit, resample
from impasto.stylization.inputs import Inputs

LEAST_NOISE = 0.1  # standard deviation, where the content is flat


class StyleTransfer:
    """J(G) for given inputs, at any size.

    Args:
        encoder: Network that sees.
        inputs: Content, styles and masks.
        settings: Convention, weights and colors.
    Raises:
        UsageError: If a layer is unknown, or all weights are zero.
        InputError: If the content is too small for the network.
    """

    def __init__(self, encoder: Encoder, inputs: Inputs, settings: StylizeSettings) -> None:
        self.encoder, self.settings = encoder, settings
        self.convention = overridden(convention(settings.objective), settings)
        self.content_layers = _above_zero(
            self.convention.content_layers, self.convention.content_weight
        )
        self.style_layers = _above_zero(self.convention.style_layers, self.convention.style_weight)
        self.layers = encoder.check([*self.content_layers, *self.style_layers])
        if not self.layers:
            raise UsageError("There is nothing to minimize: every weight is zero.")
        self.original, self.inputs = inputs.content, recolored(inputs, settings)
        self._shown = self.original
        size = max(self.original.space) if settings.size == "original" else settings.size
        self.space = fit(self.original.space, size)
        self.minimum = encoder.minimum_length(self.layers)
        self._check_sizes()

    def _check_sizes(self) -> None:
        label, *styles = self.inputs.labels
        needed = f"{self.encoder.name} needs at least {self.minimum} for these layers."
        if min(self.space) < self.minimum:
            raise InputError(
                f"{label} would have a short side of {min(self.space)} pixels, and {needed} "
                "Take a larger --size."
            )
        for label, style in zip(styles, self.inputs.styles, strict=True):
            short = min(style.signal.space)
            if short < self.minimum:
                raise InputError(f"{label} has a short side of {short} pixels, and {needed}")

    def evaluator(self, space: Space, *, workers: Workers | None = None) -> Evaluator:
        """Compute the targets at a level and return its evaluator.

        Args:
            space: The space of the level.
            workers: Who evaluates; None to do it here.
        """
        with torch.no_grad():
            features = self.encoder(self._content(space)[None], self.layers)
            objective = Objective(
                [*self._content_terms(features), *self._style_terms(features, space)]
            )
        samples = self.original.samples.shape[0] * math.prod(space)
        if (weight := self.convention.tv_weight) > 0:
            objective += weight * TotalVariation(scale=self.convention.tv_scale(samples))
        if (weight := self.convention.bounds_weight) > 0:
            objective += weight * Bounds(scale=1 / samples)
        if workers is not None:
            return RayEvaluator(workers, self.encoder, objective, space)
        return WholeEvaluator(self.encoder, objective)

    def start(self, space: Space) -> Tensor:
        """Return where the first level begins over its space, shape (1, channel, *space)."""
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

    def present(self, samples: Tensor) -> Signal:
        """Turn samples into a result: colors as the settings say, alpha as the content's."""
        original = self._original(tuple(samples.shape[1:]))
        if self.settings.colors in ("content", "luminance"):
            samples = color.with_luminance_of(original.samples, color.luminance(samples))
        return original.with_samples(samples)

    def _original(self, space: Space) -> Signal:
        if self._shown.space != space:  # once a level
            meta = dict(self.original.meta)
            if "alpha" in meta:
                meta["alpha"] = resample(meta["alpha"][None], space)[0].clamp(0, 1)
            self._shown = replace(self.original.resized(space), meta=meta)
        return self._shown

    def _content(self, space: Space) -> Tensor:
        return self.inputs.content.resized(space).samples

    def _content_terms(self, features: Mapping[str, Tensor]) -> list[tuple[float, Term]]:
        terms: list[tuple[float, Term]] = []
        for layer, weight in self.content_layers.items():
            target = features[layer]
            scale = self.convention.content_scale(target)
            weight *= self.convention.content_weight
            terms.append((weight, Content(layer, target, scale=scale)))
        return terms

    def _style_terms(
        self, features: Mapping[str, Tensor], space: Space
    ) -> list[tuple[float, Term]]:
        styled = [
            self.encoder(resample(style.signal.samples[None], size), self.style_layers)
            for style, size in zip(self.inputs.styles, self._style_spaces(space), strict=True)
        ]
        terms: list[tuple[float, Term]] = []
        for layer, weight in self.style_layers.items():
            seen = [of_style[layer] for of_style in styled]
            guided = self.inputs.styles[0].regions is not None
            term = (self._guided if guided else self._plain)(layer, seen, features[layer])
            terms.append((weight * self.convention.style_weight, term))
        return terms

    def _style_spaces(self, space: Space) -> list[Space]:
        """Sizes of the styles at a level: the content's longest side, but never blown up."""
        spaces = []
        for style in self.inputs.styles:
            native = max(style.signal.space)
            wanted = min(native, round(max(space) * self.settings.style_scale))
            least = math.ceil(self.minimum * native / min(style.signal.space))
            spaces.append(fit(style.signal.space, max(wanted, least)))
        return spaces

    def _plain(self, layer: str, styled: list[Tensor], features: Tensor) -> Style:
        weights = [style.weight for style in self.inputs.styles]
        target = mix([mean_gram(seen) for seen in styled], weights)
        positions = positions_of(features)
        scale = self.convention.style_scale(target, positions)
        return Style(layer, target, positions=positions, scale=scale)

    def _guided(self, layer: str, styled: list[Tensor], features: Tensor) -> GuidedStyle:
        maps, targets, covered = [], [], []
        for style, seen in zip(self.inputs.styles, styled, strict=True):
            assert style.regions is not None
            on_content, on_style = style.regions
            maps.append(guides(on_content, tuple(features.shape[2:])))
            targets.append(guided_gram(seen, guides(on_style, tuple(seen.shape[2:])))[0])
            covered.append(shares(on_content))
        target = torch.cat(targets)
        positions = positions_of(features)
        scale = torch.tensor([self.convention.style_scale(one, positions) for one in target])
        weights = torch.cat(
            [style.weight * own for style, own in zip(self.inputs.styles, covered, strict=True)]
        )
        # wherever there is a style, all of them together weigh 1, as they do without masks
        weights *= torch.cat(covered).sum().clamp(max=1.0) / weights.sum()
        return GuidedStyle(layer, torch.cat(maps), target, shares=weights, scale=scale)


def overridden(base: Convention, settings: StylizeSettings) -> Convention:
    """Return a convention with what the settings say otherwise."""
    names = ("content_layers", "style_layers", "content_weight", "style_weight", "tv_weight")
    given = {name: getattr(settings, name) for name in names}
    return replace(base, **{name: value for name, value in given.items() if value is not None})


def recolored(inputs: Inputs, settings: StylizeSettings) -> Inputs:
    """Return the inputs as the network shall see them.

    Source:
        Gatys, Bethge, Hertzmann, Shechtman, arXiv:1606.05897.
    """
    if settings.colors not in ("match", "luminance"):
        return inputs
    content = inputs.content.samples
    subject = inputs.content
    recolor = color.match_colors
    if settings.colors == "luminance":
        subject = subject.with_samples(color.luminance(content).expand_as(content))
        recolor = _gray_like
    styles = [
        replace(style, signal=style.signal.with_samples(recolor(style.signal.samples, content)))
        for style in inputs.styles
    ]
    return replace(inputs, content=subject, styles=styles)


def _gray_like(style: Tensor, content: Tensor) -> Tensor:
    """Return the luminance of a style, its mean and spread as the content's, in all channels."""
    gray = color.match_luminance(color.luminance(style), color.luminance(content))
    return gray.expand_as(style)


def _above_zero(layers: Mapping[str, float], weight: float) -> dict[str, float]:
    """Leave out layers that weigh nothing, so that they are not computed."""
    return {layer: own for layer, own in layers.items() if own > 0 and weight > 0}
