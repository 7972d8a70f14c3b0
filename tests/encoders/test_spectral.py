from __future__ import annotations

import pytest
import torch

from impasto.encoders import random_encoder
from impasto.encoders.spectral import (
    Spectrogram1d,
    behind_stft,
    deep_spectral_encoder,
    magnitudes,
    stft_of,
)
from impasto.units.receptive import receptive_fields


def test_a_tone_is_in_the_channel_of_its_frequency() -> None:
    frame, hop = 64, 16
    wave = torch.sin(2 * torch.pi * 8 * torch.arange(640) / frame)
    logarithms = Spectrogram1d(frame, hop)(wave.expand(1, 1, -1))
    assert logarithms.shape == (1, 33, 640 // hop)
    assert logarithms[0, :, 20].argmax() == 8
    # a Hann window of N samples has the sum N / 2, and half of a sine is a positive frequency
    assert float(logarithms[0, 8, 20].expm1()) == pytest.approx(frame / 4, rel=1e-3)


def test_both_channels_are_heard_by_their_power() -> None:
    left = torch.randn(1, 1, 512)
    spectrogram = Spectrogram1d(64, 16)
    torch.testing.assert_close(spectrogram(left.expand(1, 2, -1)), spectrogram(left))
    torch.testing.assert_close(spectrogram(torch.cat([left, -left], 1)), spectrogram(left))


def test_gradient() -> None:
    spectrogram = Spectrogram1d(8, 4)
    spectrogram.window = spectrogram.window.double()
    spectrogram_of = lambda wave: spectrogram(wave)  # noqa: E731
    wave = torch.randn(1, 2, 16)
    wave.requires_grad_()
    spectrogram_of(wave).sum().backward()
    step = 1e-2 * torch.randn(1, 2, 16)
    with torch.no_grad():
        change = (spectrogram_of(wave + step).sum() - spectrogram_of(wave - step).sum()) / 2
    assert float(change) == pytest.approx(float((wave.grad * step).sum()), rel=5e-2, abs=5e-3)


@pytest.mark.parametrize("length", [512, 640, 657])
def test_spectra_tell_the_sound(length: int) -> None:
    stft = Spectrogram1d(128, 32)
    sounds = torch.randn(2, 2, length)
    torch.testing.assert_close(
        stft.invert(stft.transform(sounds), length), sounds, atol=1e-5, rtol=0
    )


def test_magnitudes_are_told_by_logarithms() -> None:
    stft = Spectrogram1d(64, 16)
    sound = torch.randn(1, 1, 512)
    torch.testing.assert_close(
        magnitudes(stft(sound)), stft.transform(sound)[:, 0].abs(), atol=1e-3, rtol=1e-3
    )
    assert not magnitudes(torch.tensor([0.0, -1.0])).any()


def test_the_network_behind_a_spectrogram() -> None:
    encoder = deep_spectral_encoder()
    stft = stft_of(encoder)
    assert stft is not None
    behind = behind_stft(encoder)
    sound, layers = torch.randn(1, 2, 40 * 512), ["stft", "relu1", "relu3"]
    expected, seen = encoder(sound, layers), behind(stft(sound), layers)
    for layer in layers:
        torch.testing.assert_close(seen[layer], expected[layer])
    assert behind.minimum_length(["relu1"]) == 1  # its padding is half of what it sees
    assert behind.cost_layers == encoder.cost_layers
    assert behind.weights_hash == encoder.weights_hash
    assert [layer.channels for layer in behind.table.values()] == [
        layer.channels for layer in encoder.table.values()
    ]
    assert stft_of(behind) is None
    assert stft_of(random_encoder(1, 1)) is None


def test_layers_see_from_a_tenth_of_a_second_on() -> None:
    encoder = deep_spectral_encoder()
    layers = ["stft", "relu1", "relu3"]
    fields = receptive_fields(encoder, layers, (2**17,))
    assert [fields[layer][0].size for layer in layers] == [
        2048,
        2048 + 10 * 512,
        2048 + 512 * (10 + 1 + 20 + 2 + 40),
    ]
