"""Networks for sounds: a spectrogram with frequencies as channels, and random filters over time."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders.encoder import Chain, CostLayers, Encoder
from impasto.encoders.random import random_convolution

SPECTROGRAM = "spectrogram"
SPECTROGRAM_DEEP = "spectrogram-deep"

_FLOOR = 1e-6  # of the power, below which its logarithm has no slope that leads anywhere


class Spectrogram1d(nn.Module):
    """The logarithm of the magnitudes of a short-time Fourier transform, frequencies as channels.

    All channels of a sound are seen together, by the mean of their powers: what is heard, wherever
    it comes from.

    Attributes:
        out_channels: Number of frequencies.
        kernel_size: Samples of a frame, which a Hann window fades in and out.
        stride: Samples between frames.
        padding: Silence before the sound and behind it, so that there is a frame for each stride.

    Args:
        frame: Samples of a frame.
        hop: Samples between frames.
    """

    def __init__(self, frame: int = 2048, hop: int = 512) -> None:
        super().__init__()
        self.kernel_size, self.stride, self.padding = frame, hop, (frame - hop) // 2
        self.out_channels = frame // 2 + 1
        self.window = torch.hann_window(frame)  # no buffer: stays in single precision

    def forward(self, batch: Tensor) -> Tensor:
        """Map sounds (b, channel, t) to log(1 + |X|), shape (b, frequency, frame)."""
        power = torch.view_as_real(self.transform(batch)).square().sum(-1).mean(1)
        return (power + _FLOOR).sqrt().log1p().to(batch.dtype)

    def transform(self, batch: Tensor) -> Tensor:
        """Map sounds (b, channel, t) to their spectra X, shape (b, channel, frequency, frame)."""
        padded = functional.pad(batch.float(), (self.padding, self.padding))
        frames = padded.unfold(-1, self.kernel_size, self.stride) * self.window.to(batch.device)
        spectra: Tensor = torch.fft.rfft(frames)
        return spectra.mT

    def invert(self, spectra: Tensor, length: int) -> Tensor:
        """Find the sounds whose spectra are nearest to given ones.

        Args:
            spectra: Shape (b, channel, frequency, frame).
            length: Samples of a sound.
        Returns:
            Shape (b, channel, length).
        Source:
            Griffin, Lim, "Signal estimation from modified short-time Fourier transform", IEEE
            TASSP 32(2), 1984, eq. 6.
        """
        window = self.window.to(spectra.device)
        frames = torch.fft.irfft(spectra.mT, self.kernel_size) * window
        added = self._add_up(frames.flatten(0, 1))
        weight = self._add_up(window.square().expand(1, frames.shape[2], -1))
        sounds = (added / weight.clamp(min=1e-9))[:, self.padding : self.padding + length]
        return sounds.view(*spectra.shape[:2], -1)

    def _add_up(self, frames: Tensor) -> Tensor:
        """Let frames (b, frame, sample) overlap as they lie in a sound, shape (b, t)."""
        total = (frames.shape[1] - 1) * self.stride + self.kernel_size
        size, step = (1, self.kernel_size), (1, self.stride)
        return functional.fold(frames.mT, (1, total), size, stride=step).flatten(1)


def magnitudes(logarithms: Tensor) -> Tensor:
    """Return the magnitudes |X| of which `Spectrogram1d` has made logarithms."""
    return (logarithms.expm1().clamp(min=0).square() - _FLOOR).clamp(min=0).sqrt()


class Frames(nn.Identity):
    """Stands where a spectrogram is given, and not computed.

    Args:
        out_channels: Number of frequencies.
    """

    def __init__(self, out_channels: int) -> None:
        super().__init__()
        self.out_channels = out_channels


def stft_of(encoder: Encoder) -> Spectrogram1d | None:
    """Return the spectrogram that a network begins with, or None if it begins otherwise."""
    first = next(iter(encoder.chain.values())) if isinstance(encoder, Chain) else None
    return first if isinstance(first, Spectrogram1d) else None


def behind_stft(encoder: Chain) -> Chain:
    """Return the same network for spectrograms, shape (b, frequency, frame), in place of sounds."""
    modules = dict(encoder.chain.items())
    name = next(iter(modules))
    modules[name] = Frames(encoder.table[name].channels)
    behind = Chain(
        encoder.name,
        encoder.front_end,
        list(modules.items()),
        source=encoder.source,
        weights_hash=encoder.weights_hash,
    )
    behind.medium, behind.cost_layers = encoder.medium, encoder.cost_layers
    return behind


def spectral_encoder(*, seed: int = 0) -> Chain:
    """Build the network of Ulyanov and Lebedev: one layer of 4096 wide random filters.

    Args:
        seed: Seed of the filters.
    Source:
        Ulyanov, Lebedev, "Audio texture synthesis and style transfer", 2016,
        dmitryulyanov.github.io/audio-texture-synthesis-and-style-transfer.
    """
    layers = CostLayers({"stft": 1.0}, {"relu1": 1.0})
    return _encoder(SPECTROGRAM, [(4096, 11)], layers, seed=seed)


def deep_spectral_encoder(*, seed: int = 0) -> Chain:
    """Build a deeper network, whose layers see stretches from a tenth of a second to a second.

    Args:
        seed: Seed of the filters.
    Source:
        As `spectral_encoder`; several scales as in Ustyuzhaninov et al., arXiv:1606.00021.
    """
    # Filters alone could be pleased by changes that no other filters notice: see docs/sounds.md.
    style = {"stft": 3.0, "relu1": 1.0, "relu2": 0.3, "relu3": 0.3}
    layers = CostLayers({"stft": 1.0}, style)
    return _encoder(SPECTROGRAM_DEEP, [(1024, 11), (512, 11), (512, 11)], layers, seed=seed)


def _encoder(
    name: str, blocks: Sequence[tuple[int, int]], layers: CostLayers, *, seed: int
) -> Chain:
    stft = Spectrogram1d()
    generator = torch.Generator().manual_seed(seed)
    chain: list[tuple[str, nn.Module]] = [("stft", stft)]
    channels = stft.out_channels
    for number, (width, kernel) in enumerate(blocks, start=1):
        if number > 1:
            chain.append((f"pool{number - 1}", nn.AvgPool1d(2)))
        convolution = random_convolution(1, channels, width, kernel, generator=generator)
        chain += [(f"conv{number}", convolution), (f"relu{number}", nn.ReLU())]
        channels = width
    encoder = Chain(
        name, nn.Identity(), chain, source="random filters", weights_hash=f"seed {seed}"
    )
    encoder.medium, encoder.cost_layers = "audio", layers
    return encoder
