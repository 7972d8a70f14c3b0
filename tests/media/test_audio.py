from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from impasto.errors import InputError, UsageError
from impasto.media import audio, medium_of, read, read_note, write
from impasto.signal import Signal

RATE = 16_000.0


def tone(hertz: float = 440.0, seconds: float = 0.5, channels: int = 2) -> Signal:
    wave = 0.5 * torch.sin(2 * torch.pi * hertz * torch.arange(int(seconds * RATE)) / RATE)
    sides = torch.linspace(1, 0.5, channels)[:, None]
    return Signal(wave * sides, "audio", {"rate_hz": RATE, "subtype": "PCM_24"})


@pytest.mark.parametrize(
    ("suffix", "error"), [(".wav", 2e-7), (".flac", 2e-7), (".ogg", 0.05), (".mp3", 0.1)]
)
def test_a_sound_goes_out_and_in(tmp_path: Path, suffix: str, error: float) -> None:
    path = tmp_path / f"a{suffix}"
    write(tone(), path, note='{"é": 1}')
    assert medium_of(path) == "audio"
    again = read(path)
    assert (again.medium, again.meta["rate_hz"]) == ("audio", RATE)
    assert again.samples.shape == tone().samples.shape
    assert (again.samples - tone().samples).abs().max() < error
    assert read_note(path) == '{"é": 1}'
    torch.testing.assert_close(audio.read(path.read_bytes()).samples, again.samples)


@pytest.mark.parametrize("rate_hz", [8_000.0, 16_000.0, 22_050.0, 44_100.0, 48_000.0, 96_000.0])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("suffix", audio.OUTPUT_SUFFIXES)
def test_rates_and_channels_are_kept(suffix: str, channels: int, rate_hz: float) -> None:
    made = Signal(tone(channels=channels).samples, "audio", {"rate_hz": rate_hz})
    if (suffix, rate_hz) == (".mp3", 96_000):
        with pytest.raises(UsageError, match=r"mp3 file cannot hold .* 96000 Hz.*\.wav"):
            audio.encode(made, suffix)
        return
    again = audio.read(audio.encode(made, suffix))
    assert again.meta["rate_hz"] == rate_hz
    assert again.samples.shape == made.samples.shape
    assert (again.samples - made.samples).square().mean().sqrt() < 0.03


@pytest.mark.parametrize("length", [1, 2, 100])
@pytest.mark.parametrize("suffix", audio.OUTPUT_SUFFIXES)
def test_very_short_sounds(suffix: str, length: int) -> None:
    click = Signal(torch.full((1, length), 0.5), "audio", {"rate_hz": RATE})
    assert audio.read(audio.encode(click, suffix)).samples.shape == click.samples.shape


def test_long_sounds_are_written_in_one_go(tmp_path: Path) -> None:
    long = tone(seconds=30, channels=1)
    assert audio.read(audio.encode(long, ".ogg")).space == long.space


def test_what_is_too_loud_is_cut_off_not_wrapped() -> None:
    loud = Signal(torch.tensor([[-3.0, 0.0, 3.0]]), "audio", {"rate_hz": RATE})
    samples = audio.read(audio.encode(loud, ".wav")).samples
    torch.testing.assert_close(samples, torch.tensor([[-1.0, 0.0, 1.0]]), atol=1e-6, rtol=0)


def test_the_depth_of_samples_is_kept() -> None:
    for subtype in ("PCM_16", "PCM_24"):
        signal = Signal(tone().samples, "audio", {"rate_hz": RATE, "subtype": subtype})
        assert audio.read(audio.encode(signal, ".flac")).meta["subtype"] == subtype


@pytest.mark.parametrize("rate_hz", [8_000.0, 44_100.0])
def test_a_tone_stays_a_tone_at_another_rate(rate_hz: float) -> None:
    seen = audio.at_rate(tone(seconds=1), rate_hz)
    assert (seen.meta["rate_hz"], seen.space) == (rate_hz, (int(rate_hz),))
    spectrum = torch.fft.rfft(seen.samples[0]).abs()
    assert int(spectrum.argmax()) == 440  # bins of 1 Hz
    assert float(spectrum[440] / rate_hz * 2) == pytest.approx(0.5, rel=1e-2)


def test_what_a_rate_cannot_hold_is_gone() -> None:
    assert audio.at_rate(tone(7000), 8_000.0).samples[:, 500:-500].abs().max() < 1e-3


def test_faults(tmp_path: Path) -> None:
    empty, text, cut, nan = (tmp_path / name for name in ("e.wav", "t.wav", "c.flac", "n.wav"))
    soundfile.write(empty, np.zeros((0, 1)), 8000)
    text.write_text("no sound")
    mp3 = tmp_path / "t.mp3"
    mp3.write_text("no sound")
    cut.write_bytes(audio.encode(tone(), ".flac")[:-800])
    soundfile.write(nan, np.array([0.0, np.nan]), 8000, "FLOAT")
    for path, told in (
        (empty, "is empty"),
        (text, "no sound, or damaged"),
        (cut, "no sound, or damaged"),
        (mp3, "no sound, or damaged"),
        (nan, "no finite numbers"),
        (tmp_path / "missing.wav", "cannot be read: No such file"),
    ):
        with pytest.raises(InputError, match=told) as raised:
            read(path)
        assert path.name in str(raised.value)


def test_what_cannot_be_written() -> None:
    with pytest.raises(UsageError, match=r"suffix \.aiff"):
        audio.encode(tone(), ".aiff")
    odd = Signal(torch.zeros(5, 100), "audio", {"rate_hz": RATE})
    with pytest.raises(UsageError, match=r"mp3 file cannot hold 5 channels.*\.wav"):
        audio.encode(odd, ".mp3")
