"""Pictures: whose colors the result has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from impasto.media import color
from impasto.settings import StylizeSettings
from impasto.signal import Signal, Space, resample
from impasto.stylization.domains.domain import Domain
from impasto.stylization.inputs import Inputs, Style


class PictureDomain(Domain):
    """Shows pictures to a network in the colors that the settings ask for.

    Args:
        inputs: What was read.
        settings: Whose colors.
        styles: The styles, in these colors; None to recolor those of the inputs.
    """

    medium = "image"
    styles = ("image",)
    encoder = "vgg19"
    size = 512
    grows = True
    colored = True

    def __init__(
        self, inputs: Inputs, settings: StylizeSettings, *, styles: Sequence[Style] | None = None
    ) -> None:
        super().__init__(inputs, settings)
        self.inputs = recolored(inputs, settings, styles=styles)
        self._shown = self.original

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


def recolored(
    inputs: Inputs, settings: StylizeSettings, *, styles: Sequence[Style] | None = None
) -> Inputs:
    """Return the inputs as the network shall see them.

    Args:
        inputs: What was read.
        settings: Whose colors.
        styles: The styles as the network shall see them, if that is known; None to find out.
    Source:
        Gatys, Bethge, Hertzmann, Shechtman, arXiv:1606.05897.
    """
    content = inputs.content
    if settings.colors == "luminance":
        gray = color.luminance(content.samples).expand_as(content.samples)
        content = content.with_samples(gray)
    if styles is None and settings.colors in ("match", "luminance"):
        recolor = _gray_like if settings.colors == "luminance" else color.match_colors
        like = inputs.content.samples
        styles = [
            replace(style, signal=style.signal.with_samples(recolor(style.signal.samples, like)))
            for style in inputs.styles
        ]
    return replace(inputs, content=content, styles=inputs.styles if styles is None else styles)


def _gray_like(style: Tensor, content: Tensor) -> Tensor:
    """Return the luminance of a style, its mean and spread as the content's, in all channels."""
    gray = color.match_luminance(color.luminance(style), color.luminance(content))
    return gray.expand_as(style)
