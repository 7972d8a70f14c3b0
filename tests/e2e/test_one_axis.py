"""Sounds and series through the installed command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import soundfile

RATE = 8000


def save_sound(path: Path, *, seed: int, rate: int = RATE, scale: float = 0.2) -> None:
    noise = np.random.default_rng(seed).normal(size=2 * rate) * scale
    soundfile.write(path, np.cumsum(noise) * 0.1 % 0.5 if seed else noise, rate)


def test_a_sound_takes_the_style_of_another(desk: Any) -> None:
    save_sound(desk / "a.wav", seed=0)
    save_sound(desk / "b.flac", seed=1, rate=16000)
    words = "stylize a.wav --style b.flac --encoder spectrogram-deep --steps 3".split()
    outcome = desk.impasto(*words, "-o", "out.ogg")
    assert outcome.code == 0, outcome.stderr
    assert "b.flac has 16000 samples a second: resampled to the 8000 of a.wav" in outcome.stderr
    samples, rate = soundfile.read(desk / "out.ogg")
    assert (samples.shape, rate) == ((2 * RATE,), RATE)
    assert np.abs(samples).max() > 0.01
    assert desk.impasto("rerun", "out.ogg", "-o", "again.ogg").code == 0
    np.testing.assert_array_equal(soundfile.read(desk / "again.ogg")[0], samples)


def test_crepe_listens_at_a_rate_of_its_own(desk: Any) -> None:
    save_sound(desk / "a.wav", seed=0, rate=44100)
    save_sound(desk / "b.wav", seed=1)
    words = "stylize a.wav --style b.wav --encoder crepe-tiny --steps 3 -o out.flac".split()
    outcome = desk.impasto(*words)
    assert outcome.code == 0, outcome.stderr
    assert "crepe-tiny hears 16000 samples a second: a.wav, which has 44100" in outcome.stderr
    made, rate = soundfile.read(desk / "out.flac")
    before, _ = soundfile.read(desk / "a.wav")
    assert (made.shape, rate) == (before.shape, 44100)
    change = np.abs(np.fft.rfft(made - made.std() / before.std() * before)) ** 2
    assert change[: 8000 * 2].mean() > 100 * change[9000 * 2 :].mean() > 0  # bins of half a Hz


def test_a_spectrogram_is_painted_and_gets_its_phases(desk: Any) -> None:
    save_sound(desk / "a.wav", seed=0)
    save_sound(desk / "b.wav", seed=1)
    words = "stylize a.wav --style b.wav --encoder spectrogram-deep --canvas spectrogram".split()
    outcome = desk.impasto(*words, "--steps", "3", "-o", "out.wav")
    assert outcome.code == 0, outcome.stderr
    made, rate = soundfile.read(desk / "out.wav")
    assert (made.shape, rate) == ((2 * RATE,), RATE)
    assert 0.01 < np.abs(made).max() < 0.9
    crepe = ("--encoder", "crepe-tiny", "-o", "no.wav")
    desk.impasto(*words[:4], "--canvas", "spectrogram", *crepe).refuses(2, "hears waves")


def test_a_series_takes_the_style_of_another(desk: Any) -> None:
    times = np.arange(1500) / 250
    beats = np.stack([times, np.sin(9 * times), np.cos(9 * times)], 1)
    np.savetxt(desk / "a.csv", beats, delimiter=",", header="time,I,II", comments="")
    np.save(desk / "b.npy", np.sign(np.sin(np.arange(1500) / 9)))
    outcome = desk.impasto(*"stylize a.csv --style b.npy --steps 3 -o out.csv".split())
    assert outcome.code == 0, outcome.stderr
    made = np.loadtxt(desk / "out.csv", delimiter=",", skiprows=1)
    np.testing.assert_allclose(made[:, 0], times, atol=1e-6)
    assert made.shape == beats.shape
    assert np.abs(made - beats).max() > 0.01


def test_faults(desk: Any) -> None:
    save_sound(desk / "a.wav", seed=0)
    soundfile.write(desk / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(desk / "short.wav", np.tile([0.1, -0.1], 25), RATE)
    (desk / "ragged.csv").write_text("1,2\n3\n")
    soundfile.write(desk / "empty.wav", np.zeros(0), RATE)
    (desk / "text.mp3").write_text("no sound")
    (desk / "gap.csv").write_text("1,2\n2,nan\n")
    (desk / "empty.csv").touch()
    (desk / "words.csv").write_text("time,x\n")
    np.save(desk / "b.npy", np.arange(2000.0))
    for content, style, output, code, told in (
        ("a.wav", "silent.wav", "o.wav", 3, "silent.wav is silent"),
        ("silent.wav", "a.wav", "o.wav", 3, "silent.wav is silent"),
        ("empty.wav", "a.wav", "o.wav", 3, "empty.wav is empty"),
        ("a.wav", "text.mp3", "o.wav", 3, "text.mp3 is no sound, or damaged"),
        ("short.wav", "a.wav", "o.wav", 3, "short.wav is 50 samples long"),
        ("a.wav", "short.wav", "o.wav", 3, "short.wav is 50 samples long"),
        ("missing.wav", "a.wav", "o.wav", 3, "There is no file"),
        ("ragged.csv", "b.npy", "o.csv", 3, "Line 2 of ragged.csv"),
        ("gap.csv", "b.npy", "o.csv", 3, "Line 2 of gap.csv has 'nan' in column 2"),
        ("empty.csv", "b.npy", "o.csv", 3, "empty.csv is empty"),
        ("words.csv", "b.npy", "o.csv", 3, "words.csv is empty: it holds no numbers"),
        ("b.npy", "b.npy", "o.xls", 2, "suffix .xls"),
        ("a.wav", "b.npy", "o.wav", 2, "no style for a sound"),
        ("a.wav", "a.wav", "o.png", 2, "suffix .png"),
        ("a.wav", "a.wav", "-", 2, "name a file"),
    ):
        words = ("stylize", content, "--style", style, "-o", output)
        desk.impasto(*words, "--encoder", "spectrogram-deep").refuses(code, told)
