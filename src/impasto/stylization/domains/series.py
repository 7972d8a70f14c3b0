"""Series: channels of one mean and one spread, and back in the units of the content."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from impasto.errors import InputError, UsageError
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains.domain import Domain
from impasto.stylization.inputs import Inputs

_LEAST_SAMPLES = 2


class SeriesDomain(Domain):
    """Shows each channel of a series with mean 0 and spread 1, at the rate of the content.

    Raises:
        InputError: If a channel is constant everywhere.
        UsageError: If the style has another number of channels, and not one for all.
    """

    medium = "series"
    styles = ("series",)
    encoder = "random1d"
    regularized = False

    def __init__(self, inputs: Inputs, settings: StylizeSettings) -> None:
        super().__init__(inputs, settings)
        channels = len(self.original.samples)
        styles = []
        for style, label in zip(inputs.styles, inputs.labels[1:], strict=True):
            own = len(style.signal.samples)
            if own not in (1, channels):
                raise UsageError(
                    f"{label} has {own} channels and {inputs.labels[0]} {channels}: a style has "
                    "as many, or one for all."
                )
            signal = _standardized(self._in_time(style.signal, label), label)
            styles.append(
                replace(style, signal=signal.with_samples(signal.samples.expand(channels, -1)))
            )
        content = _standardized(self.original, inputs.labels[0])
        self.inputs = replace(inputs, content=content, styles=styles)

    def _in_time(self, style: Signal, label: str) -> Signal:
        """Return a style with as many samples a second as the content, where both tell."""
        own, wanted = (one.meta.get("rate_hz") for one in (style, self.original))
        if own is None or wanted is None or abs(own / wanted - 1) < 1e-3:
            return style
        self.remarks.append(
            f"{label} has {own:g} samples a second: resampled to the {wanted:g} of the content."
        )
        length = max(_LEAST_SAMPLES, round(style.space[0] * wanted / own))
        return style.resized((length,))

    def present(self, samples: Tensor) -> Signal:
        """Give each channel the mean and the spread that it had in the content."""
        mean, spread = _moments(self.original.samples)
        own_mean, own_spread = _moments(samples)
        return self.original.with_samples((samples - own_mean) / own_spread * spread + mean)


def _standardized(signal: Signal, label: str) -> Signal:
    mean, spread = _moments(signal.samples)
    if not (spread > 0).all():
        raise InputError(f"{label} has a channel whose values are all the same: leave it out.")
    return signal.with_samples((signal.samples - mean) / spread)


def _moments(samples: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and spread of each channel, shapes (channel, 1)."""
    return samples.mean(-1, keepdim=True), samples.std(-1, correction=0, keepdim=True)
