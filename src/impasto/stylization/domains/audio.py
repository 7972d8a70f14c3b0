"""Sounds: at one rate and one loudness, and back without clipping."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional

from impasto.encoders.encoder import Chain, Encoder
from impasto.encoders.spectral import Spectrogram1d, behind_stft, magnitudes, stft_of
from impasto.errors import InputError, UsageError
from impasto.media.audio import at_rate
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains.domain import Domain
from impasto.stylization.domains.phases import rebuild_phases
from impasto.stylization.inputs import Inputs

LOUDNESS = 0.1  # root mean square of what the network hears: logarithms make levels matter
PEAK = 10 ** (-1 / 20)  # 1 dB below full scale
_SILENCE = 1e-5  # root mean square; less than the last of 16 bits


class AudioDomain(Domain):
    """Lets a network hear sounds at one rate, all equally loud, without DC.

    The rate is that of the content, unless the network has one of its own. Of what such a network
    cannot hear the result keeps what the content has. The result is as loud as the content, or
    quieter where it would clip otherwise.

    Raises:
        InputError: If a sound is silent.
    """

    medium = "audio"
    styles = ("audio",)
    encoder = "spectrogram-deep"
    canvas = "samples"
    regularized = False
    content_weight = 0.03

    def __init__(self, inputs: Inputs, settings: StylizeSettings) -> None:
        super().__init__(inputs, settings)
        self.stft: Spectrogram1d | None = None  # if spectrograms are shown
        self.loudness = _loudness(_without_dc(self.original.samples))
        self._read = inputs
        self.inputs = self._heard_at(self.original.meta["rate_hz"], of=inputs.labels[0])

    def _heard_at(self, rate_hz: float, *, of: str) -> Inputs:
        """Return everything at a rate, and say what had another than the content's."""
        inputs, self.remarks = self._read, []
        styles = []
        for style, label in zip(inputs.styles, inputs.labels[1:], strict=True):
            own = style.signal.meta["rate_hz"]
            if own != rate_hz:
                self.remarks.append(
                    f"{label} has {own:g} samples a second: resampled to the {rate_hz:g} of {of}."
                )
            styles.append(replace(style, signal=_heard(at_rate(style.signal, rate_hz), label)))
        content = at_rate(_heard(self.original, inputs.labels[0]), rate_hz)
        init = inputs.init and _heard(at_rate(inputs.init, rate_hz), "The beginning")
        return replace(inputs, content=content, styles=styles, init=init)

    def shown_to(self, encoder: Encoder) -> Encoder:
        """See Domain.shown_to: at the rate of the network; as spectrograms if that is asked for."""
        own, rate_hz = self.original.meta["rate_hz"], encoder.rate_hz
        if rate_hz is not None and rate_hz != own:
            self.inputs = self._heard_at(rate_hz, of=encoder.name)
            above = f", and stays as it is above {rate_hz / 2:g} Hz" if own > rate_hz else ""
            self.remarks.append(
                f"{encoder.name} hears {rate_hz:g} samples a second: {self._read.labels[0]}, "
                f"which has {own:g}, is resampled for it{above}."
            )
        stft = stft_of(encoder)
        if (self.settings.canvas or self.canvas) != "spectrogram":
            return encoder
        if stft is None or not isinstance(encoder, Chain):
            if self.settings.canvas is None:
                self.canvas = "samples"
                return encoder
            raise UsageError(
                f"{encoder.name} hears waves, and no spectrograms: take another --canvas."
            )
        self._show_spectrograms(stft)
        return behind_stft(encoder)

    def _show_spectrograms(self, stft: Spectrogram1d) -> None:
        self.stft, self.positions, self._heard = stft, "frames", self.inputs.content.samples

        def shown(signal: Signal, label: str) -> Signal:
            if signal.space[0] < stft.stride:
                raise InputError(
                    f"{label} is {signal.space[0]} samples long, and a spectrogram needs at least "
                    f"{stft.stride}."
                )
            return signal.with_samples(stft(signal.samples[None])[0])

        labels = self.inputs.labels
        self.inputs = replace(
            self.inputs,
            content=shown(self.inputs.content, labels[0]),
            styles=[
                replace(style, signal=shown(style.signal, label))
                for style, label in zip(self.inputs.styles, labels[1:], strict=True)
            ],
            init=self.inputs.init and shown(self.inputs.init, "The beginning"),
        )

    def present(self, samples: Tensor) -> Signal:
        """Give a sound the loudness of the content, or less where its peaks ask for that."""
        if self.stft is not None:
            samples = self._rebuilt(samples.cpu(), self.stft)
        centered = _without_dc(self._at_own_rate(samples))
        loud = centered * (self.loudness / max(_loudness(centered), _SILENCE))
        peak = max(float(loud.abs().max()), 1e-12)
        return self.original.with_samples(loud * min(1.0, PEAK / peak))

    def _rebuilt(self, logarithms: Tensor, stft: Spectrogram1d) -> Tensor:
        """Return a sound with these magnitudes, which begins with the phases of the content."""
        start = self._heard
        if self.settings.init == "noise":
            generator = torch.Generator().manual_seed(self.settings.seed)
            start = torch.randn(start.shape, generator=generator)
        return rebuild_phases(magnitudes(logarithms), start, stft)

    def _at_own_rate(self, samples: Tensor) -> Tensor:
        """Bring what a network has made back to the rate of the content."""
        rate_hz = self.inputs.content.meta["rate_hz"]
        if rate_hz == self.original.meta["rate_hz"]:
            return samples
        back = self._back(samples, rate_hz)
        if self.settings.content_weight == 0:  # there is no content
            return back
        whole = _heard(self.original, self._read.labels[0])
        return back + whole.samples - self._back(at_rate(whole, rate_hz).samples, rate_hz)

    def _back(self, samples: Tensor, rate_hz: float) -> Tensor:
        own, length = self.original.meta["rate_hz"], self.original.space[0]
        signal = Signal(samples.cpu(), self.medium, {"rate_hz": rate_hz})
        made = at_rate(signal, own).samples[:, :length]
        return functional.pad(made, (0, length - made.shape[1]))


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
