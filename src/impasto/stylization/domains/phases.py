"""Spectrograms without phases, and the sounds that have them."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.encoders.spectral import Spectrogram1d

STEPS = 100
MOMENTUM = 0.99


def rebuild_phases(
    magnitudes: Tensor,
    start: Tensor,
    stft: Spectrogram1d,
    *,
    steps: int = STEPS,
    momentum: float = MOMENTUM,
) -> Tensor:
    """Find a sound of given magnitudes by the fast Griffin-Lim algorithm.

    Spectra with these magnitudes, and spectra that are those of a sound, are two sets; the way goes
    from one to the other and back, and on a little in the direction in which it went. All channels
    together have the magnitudes, as `Spectrogram1d` hears them, and keep their places among each
    other from the start.

    Args:
        magnitudes: Shape (frequency, frame).
        start: A sound whose phases are the first guess, shape (channel, t).
        stft: Makes spectra of sounds.
        steps: There and back.
        momentum: How far on; 0 for the algorithm of Griffin and Lim.
    Returns:
        Shape (channel, t).
    Source:
        Perraudin, Balazs, Søndergaard, "A fast Griffin-Lim algorithm", WASPAA 2013, algorithm 2.
    """
    length = start.shape[-1]
    spectra = stft.transform(start[None])
    before = spectra
    for _ in range(steps):
        sound = stft.invert(_with_magnitudes(spectra, magnitudes), length)
        projected = stft.transform(sound)
        spectra, before = projected + momentum * (projected - before), projected
    return stft.invert(_with_magnitudes(spectra, magnitudes), length)[0]


def convergence(sound: Tensor, magnitudes: Tensor, stft: Spectrogram1d) -> float:
    """Return how far a sound is from magnitudes that it should have, as a part of these.

    Args:
        sound: Shape (channel, t).
        magnitudes: Shape (frequency, frame).
        stft: Makes spectra of sounds.
    Source:
        Sturmel, Daudet, "Signal reconstruction from STFT magnitude: a state of the art", DAFx 2011:
        the spectral convergence.
    """
    own = _loudness(stft.transform(sound[None]))[0]
    return float((own - magnitudes).norm() / magnitudes.norm())


def _with_magnitudes(spectra: Tensor, magnitudes: Tensor) -> Tensor:
    """Scale spectra (1, channel, frequency, frame) so that all channels have magnitudes."""
    own = _loudness(spectra).unsqueeze(1)
    scaled = spectra * (magnitudes / own.clamp(min=1e-12))
    return torch.where(own > 1e-12, scaled, magnitudes.to(spectra.dtype))


def _loudness(spectra: Tensor) -> Tensor:
    """Return the root mean square over channels, shape (1, frequency, frame)."""
    return torch.view_as_real(spectra).square().sum(-1).mean(1).sqrt()
