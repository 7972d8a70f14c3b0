"""Sounds: at one rate and one loudness, and back without clipping."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from impasto.errors import InputError
from impasto.media.audio import at_rate
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains.domain import Domain
from impasto.stylization.inputs import Inputs

LOUDNESS = 0.1  # root mean square of what the network hears: logarithms make levels matter
PEAK = 10 ** (-1 / 20)  # 1 dB below full scale
_SILENCE = 1e-5  # root mean square; less than the last of 16 bits


class AudioDomain(Domain):
    """Lets a network hear sounds at the rate of the content, all equally loud, without DC.

    The result is as loud as the content, or quieter where it would clip otherwise.

    Raises:
        InputError: If a sound is silent.
    """

    medium = "audio"
    styles = ("audio",)
    encoder = "spectrogram"
    canvas = "samples"
    regularized = False

    def __init__(self, inputs: Inputs, settings: StylizeSettings) -> None:
        super().__init__(inputs, settings)
        rate_hz = self.original.meta["rate_hz"]
        styles = []
        for style, label in zip(inputs.styles, inputs.labels[1:], strict=True):
            own = style.signal.meta["rate_hz"]
            if own != rate_hz:
                self.remarks.append(
                    f"{label} has {own:g} samples a second: resampled to the {rate_hz:g} of "
                    f"{inputs.labels[0]}."
                )
            styles.append(replace(style, signal=_heard(at_rate(style.signal, rate_hz), label)))
        content = _heard(self.original, inputs.labels[0])
        init = inputs.init and _heard(at_rate(inputs.init, rate_hz), "The beginning")
        self.inputs = replace(inputs, content=content, styles=styles, init=init)
        self.loudness = _loudness(_without_dc(self.original.samples))

    def present(self, samples: Tensor) -> Signal:
        """Give a sound the loudness of the content, or less where its peaks ask for that."""
        centered = _without_dc(samples)
        loud = centered * (self.loudness / max(_loudness(centered), _SILENCE))
        peak = max(float(loud.abs().max()), 1e-12)
        return self.original.with_samples(loud * min(1.0, PEAK / peak))


def _heard(signal: Signal, label: str) -> Signal:
    """Return a sound without DC at the common loudness."""
    centered = _without_dc(signal.samples)
    loudness = _loudness(centered)
    if loudness < _SILENCE:
        raise InputError(f"{label} is silent: there is nothing to hear in it.")
    return signal.with_samples(centered * (LOUDNESS / loudness))


def _without_dc(samples: Tensor) -> Tensor:
    return samples - samples.mean(-1, keepdim=True)


def _loudness(samples: Tensor) -> float:
    """Return the root mean square over channels and time."""
    return float(samples.square().mean().sqrt())
