"""Phases are found again, as far as magnitudes tell them."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.encoders.spectral import Spectrogram1d, magnitudes
from impasto.stylization.domains.phases import convergence, rebuild_phases

STFT = Spectrogram1d(256, 64)


def noise(channels: int = 1, length: int = 4000, seed: int = 0) -> Tensor:
    return torch.randn(channels, length, generator=torch.Generator().manual_seed(seed))


def chirp(length: int = 4000) -> Tensor:
    """A tone that rises, shape (1, t)."""
    time = torch.arange(length) / length
    return torch.sin(2 * torch.pi * (100 * time + 400 * time.square()))[None]


def target(sound: Tensor) -> Tensor:
    return magnitudes(STFT(sound[None])[0])


def test_how_far_a_sound_is_from_magnitudes() -> None:
    wanted = target(chirp())
    assert convergence(chirp(), wanted, STFT) < 1e-5
    assert convergence(torch.zeros(1, 4000), wanted, STFT) == pytest.approx(1)
    assert convergence(3 * chirp(), wanted, STFT) == pytest.approx(2, rel=1e-4)


def test_right_phases_stay() -> None:
    sound = noise(2)
    torch.testing.assert_close(
        rebuild_phases(target(sound), sound, STFT, steps=5), sound, atol=1e-3, rtol=0
    )


def test_momentum_leads_further() -> None:
    wanted = target(chirp())
    found = {
        momentum: convergence(
            rebuild_phases(wanted, noise(seed=1), STFT, momentum=momentum), wanted, STFT
        )
        for momentum in (0.0, 0.99)
    }
    assert convergence(noise(seed=1), wanted, STFT) > 0.5
    assert found[0.99] < 0.5 * found[0.0]
    assert found[0.99] < 0.15


def test_channels_keep_their_places() -> None:
    start = torch.cat([noise(), torch.zeros(1, 4000)])
    found = rebuild_phases(target(chirp()), start, STFT, steps=30)
    assert not found[1].any()
    # both are heard by the mean of their powers
    power = float(chirp().square().mean())
    assert float(found[0].square().mean()) == pytest.approx(2 * power, rel=0.2)


def test_what_was_silent_may_sound() -> None:
    found = rebuild_phases(target(chirp()), torch.zeros(1, 4000), STFT, steps=30)
    assert found.square().mean() > 0.5 * chirp().square().mean()
