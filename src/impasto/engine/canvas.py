"""The parameters that are optimized, and how they decode to a signal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from impasto.signal import Space

CanvasName = Literal["spectrum", "samples", "spectrogram"]


class Canvas(ABC):
    """A linear map from parameters to a signal, both of shape (b, channel, *space)."""

    @abstractmethod
    def encode(self, signal: Tensor) -> Tensor:
        """Return the parameters that decode to a signal."""

    @abstractmethod
    def decode(self, parameters: Tensor) -> Tensor:
        """Return the signal that the parameters stand for."""

    @abstractmethod
    def pullback(self, gradient: Tensor) -> Tensor:
        """Turn the gradient with respect to the signal into that of the parameters."""


class Samples(Canvas):
    """The samples themselves, as in the original paper."""

    def encode(self, signal: Tensor) -> Tensor:
        """Return the signal."""
        return signal

    def decode(self, parameters: Tensor) -> Tensor:
        """Return the parameters."""
        return parameters

    def pullback(self, gradient: Tensor) -> Tensor:
        """Return the gradient."""
        return gradient


class Spectrum(Canvas):
    """Samples behind a filter that weighs frequency f by 1/f to a power, up to a frequency.

    Costs of deep features hardly feel slow variations, so that descent on samples makes them last.
    The filter evens this out: where the inverse Hessian was measured, it fell as 1/f up to an
    eighth of a cycle a sample and was flat from there (the optimizer squares the gain). The filter
    is real and symmetric, hence its own transpose, and the parameters are as many real numbers as
    there are samples.

    Args:
        space: Number of samples along each axis.
        power: How steeply the filter falls with frequency.
        flat: Frequency in cycles a sample from which it falls no more.
    Source:
        The idea of a decorrelated image space: Olah, Mordvintsev, Schubert, "Feature
        Visualization", Distill 2017, doi:10.23915/distill.00007.
    """

    def __init__(self, space: Space, *, power: float = 0.5, flat: float = 0.125) -> None:
        self.space, self.power, self.flat = space, power, flat

    @cached_property
    def gain(self) -> Tensor:
        """Gain of each frequency of the real transform over all space axes, mean square 1."""
        squared = torch.zeros(())
        for axis, length in enumerate(self.space):
            last = axis == len(self.space) - 1
            frequencies = torch.fft.rfftfreq(length) if last else torch.fft.fftfreq(length)
            squared = squared.unsqueeze(-1) + frequencies.square()
        lowest = 1 / max(self.space)
        gain = squared.sqrt().clamp(lowest, max(self.flat, lowest)) ** -self.power
        return gain / gain.square().mean().sqrt()

    def encode(self, signal: Tensor) -> Tensor:
        """Divide the spectrum by the gain."""
        return self._filter(signal, 1 / self.gain)

    def decode(self, parameters: Tensor) -> Tensor:
        """Multiply the spectrum by the gain."""
        return self._filter(parameters, self.gain)

    def pullback(self, gradient: Tensor) -> Tensor:
        """Multiply the spectrum by the gain: the filter is symmetric."""
        return self._filter(gradient, self.gain)

    def _filter(self, batch: Tensor, gain: Tensor) -> Tensor:
        gain = gain.to(batch.device, batch.dtype)
        # one channel after the other, since the spectra of a large picture would fill memory
        filtered = [
            torch.fft.irfftn(torch.fft.rfftn(channel).mul_(gain), s=channel.shape)
            for channel in batch.flatten(0, 1)
        ]
        return torch.stack(filtered).view(batch.shape)


class Mixed(Canvas):
    """Channels that are mixtures of those of another canvas, such as colors of decorrelated ones.

    What natural pictures vary in together, lightness, is then one parameter, and descent goes
    along it as easily as their spread along it is wide.

    Args:
        canvas: What is mixed.
        mixing: Invertible matrix, shape (channel, channel): signal = mixing @ what is mixed.
    Source:
        Olah, Mordvintsev, Schubert, "Feature Visualization", Distill 2017,
        doi:10.23915/distill.00007, section "Preconditioning and Parameterization".
    """

    def __init__(self, canvas: Canvas, mixing: Tensor) -> None:
        self.canvas, self.mixing = canvas, mixing

    def encode(self, signal: Tensor) -> Tensor:
        """Undo the mixture, then encode."""
        return self.canvas.encode(_mix(torch.linalg.inv(self.mixing), signal))

    def decode(self, parameters: Tensor) -> Tensor:
        """Decode, then mix."""
        return _mix(self.mixing, self.canvas.decode(parameters))

    def pullback(self, gradient: Tensor) -> Tensor:
        """Apply the transposed matrix, then pull back."""
        return self.canvas.pullback(_mix(self.mixing.mT, gradient))


def _mix(matrix: Tensor, batch: Tensor) -> Tensor:
    return torch.einsum("ij,bj...->bi...", matrix.to(batch.device, batch.dtype), batch)


def make_canvas(name: CanvasName, space: Space) -> Canvas:
    """Build a canvas by name for signals over a given space.

    "spectrogram" means that the signals are spectrograms already, whose samples are optimized.
    """
    return Spectrum(space) if name == "spectrum" else Samples()
