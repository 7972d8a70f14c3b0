"""Sounds: at one rate and one loudness, and back without clipping."""

from __future__ import annotations

from collections.abc import Sequence
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
from impasto.stylization.domains.loudness import Level, leveled, measured
from impasto.stylization.domains.phases import rebuild_phases
from impasto.stylization.inputs import Inputs

LOUDNESS = 0.1  # root mean square of what the network hears: logarithms make levels matter


class AudioDomain(Domain):
    """Lets a network hear sounds at one rate, all equally loud, without DC.

    The rate is that of the content, unless the network has one of its own. Of what such a network
    cannot hear the result keeps what the content has. The result is as loud as the content, or
    quieter where it would clip otherwise.

    Args:
        inputs: What was read.
        settings: How to stylize.
        levels: Of the sounds of which the content and each style are parts; none if they are whole.
    Raises:
        InputError: If a sound is silent.
    """

    medium = "audio"
    styles = ("audio",)
    encoder = "spectrogram-deep"
    canvas = "samples"
    regularized = False
    content_weight = 0.5

    def __init__(
        self, inputs: Inputs, settings: StylizeSettings, *, levels: Sequence[Level] = ()
    ) -> None:
        super().__init__(inputs, settings)
        self.stft: Spectrogram1d | None = None  # if spectrograms are shown
        given = [inputs.content, *(style.signal for style in inputs.styles)]
        self.levels = levels or [measured([signal.samples]) for signal in given]
        for level, label in zip(self.levels, inputs.labels, strict=True):
            level.check(label)
        self._read = inputs
        self.inputs = self._heard_at(self.original.meta["rate_hz"], of=inputs.labels[0])

    def _heard_at(self, rate_hz: float, *, of: str) -> Inputs:
        """Return everything at a rate, and say what had another than the content's."""
        inputs, self.remarks = self._read, []
        for style, label in zip(inputs.styles, inputs.labels[1:], strict=True):
            own = style.signal.meta["rate_hz"]
            if own != rate_hz:
                self.remarks.append(
                    f"{label} has {own:g} samples a second: resampled to the {rate_hz:g} of {of}."
                )
        signals = [self.original, *(style.signal for style in inputs.styles)]
        heard = [
            at_rate(_heard(signal, level), rate_hz)
            for signal, level in zip(signals, self.levels, strict=True)
        ]
        styles = [
            replace(style, signal=own) for style, own in zip(inputs.styles, heard[1:], strict=True)
        ]
        init = inputs.init
        if init is not None:
            level = measured([init.samples])
            level.check("The beginning")
            init = at_rate(_heard(init, level), rate_hz)
        return replace(inputs, content=heard[0], styles=styles, init=init)

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
        made = self.made(samples)
        return self.original.with_samples(leveled(made, measured([made]), self.levels[0]))

    def made(self, samples: Tensor) -> Tensor:
        """Turn what was optimized into a sound at the rate of the content, as loud as it is heard.

        Args:
            samples: Shape (channel, t), or (frequency, frame) where spectrograms are optimized.
        Returns:
            Shape (channel, t).
        """
        if self.stft is not None:
            samples = self._rebuilt(samples, self.stft)
        return self._at_own_rate(samples.cpu())

    def _rebuilt(self, logarithms: Tensor, stft: Spectrogram1d) -> Tensor:
        """Return a sound with these magnitudes, which begins with the phases of the content."""
        start = self._heard
        if self.settings.init == "noise":
            generator = torch.Generator().manual_seed(self.settings.seed)
            start = torch.randn(start.shape, generator=generator)
        return rebuild_phases(magnitudes(logarithms.cpu()), start, stft)

    def _at_own_rate(self, samples: Tensor) -> Tensor:
        """Bring what a network has made back to the rate of the content."""
        rate_hz = self.inputs.content.meta["rate_hz"]
        if rate_hz == self.original.meta["rate_hz"]:
            return samples
        back = self._back(samples, rate_hz)
        if self.settings.content_weight == 0:  # there is no content
            return back
        whole = _heard(self.original, self.levels[0])
        return back + whole.samples - self._back(at_rate(whole, rate_hz).samples, rate_hz)

    def _back(self, samples: Tensor, rate_hz: float) -> Tensor:
        own, length = self.original.meta["rate_hz"], self.original.space[0]
        signal = Signal(samples.cpu(), self.medium, {"rate_hz": rate_hz})
        made = at_rate(signal, own).samples[:, :length]
        return functional.pad(made, (0, length - made.shape[1]))


def _heard(signal: Signal, level: Level) -> Signal:
    """Return a sound without DC at the common loudness."""
    return signal.with_samples((signal.samples - level.mean) * (LOUDNESS / level.loudness))
