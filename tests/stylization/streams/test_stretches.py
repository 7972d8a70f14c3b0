"""Long sounds are stylized in stretches that nobody hears."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from impasto import StylizeSettings, media, stylize_steps
from impasto.encoders import Encoder
from impasto.encoders.encoder import Chain, CostLayers
from impasto.encoders.random import random_convolution
from impasto.encoders.spectral import Spectrogram1d
from impasto.errors import InputError, UsageError
from impasto.media.audio import Sound
from impasto.signal import Signal
from impasto.stylization.domains.loudness import PEAK, measured
from impasto.stylization.streams.stretches import cut, is_long

RATE = 2000.0
SECONDS = 50.0


def noise(seconds: float, *, seed: int, channels: int = 1, pitch: float = 200.0) -> Signal:
    """Make a hum that swells four times a minute, with some noise in it."""
    time = torch.arange(int(seconds * RATE)) / RATE
    grain = torch.randn(channels, len(time), generator=torch.Generator().manual_seed(seed))
    swell = 0.6 + 0.4 * torch.sin(2 * torch.pi * time / 15)
    wave = torch.sin(2 * torch.pi * pitch * time)
    return Signal(0.2 * swell * (wave + 0.3 * grain), "audio", {"rate_hz": RATE})


@pytest.fixture(scope="module")
def hearing() -> Encoder:
    """A small network that hears spectrograms."""
    stft = Spectrogram1d(256, 64)
    generator = torch.Generator().manual_seed(0)
    filters = random_convolution(1, stft.out_channels, 32, 11, generator=generator)
    chain = [("stft", stft), ("conv1", filters), ("relu1", nn.ReLU())]
    encoder = Chain("ears", nn.Identity(), chain, source="random filters", weights_hash="0")
    encoder.medium, encoder.cost_layers = "audio", CostLayers({"stft": 1.0}, {"relu1": 1.0})
    return encoder


@pytest.fixture
def making(hearing: Encoder) -> Any:
    def run(content: Any, style: Any, **changes: Any) -> list[Any]:
        own = ("checkpoint", "checkpoint_every", "masks")
        more = {key: changes.pop(key) for key in own if key in changes}
        settings = StylizeSettings(steps=3, precision="float32").changed(changes)
        return list(stylize_steps(content, style, settings=settings, encoder=hearing, **more))

    return run


class TestCut:
    @pytest.mark.parametrize("length", [60_000, 60_001, 79_999, 100_000, 1_234_567, 90_000])
    def test_stretches_cover_a_sound_and_overlap_alike(self, length: int) -> None:
        stretches = cut(length, RATE)
        assert (stretches[0].start, stretches[-1].stop) == (0, length)
        laps = [a.stop - b.start for a, b in pairwise(stretches)]
        assert set(laps) <= {2048}
        assert all(one.stop - one.start > 8192 for one in stretches)
        assert all(one.stop - one.start <= 70_000 for one in stretches)
        assert [one.number for one in stretches] == list(range(len(stretches)))

    def test_a_short_sound_is_one_stretch(self) -> None:
        assert [(one.start, one.stop) for one in cut(60_000, RATE)] == [(0, 60_000)]

    def test_nothing_overlaps_where_that_is_not_wanted(self) -> None:
        stretches = cut(100_000, RATE, overlap_seconds=0)
        assert all(a.stop == b.start for a, b in pairwise(stretches))

    def test_only_what_is_longer_than_half_a_minute_is_long(self) -> None:
        assert not is_long(Sound(noise(30, seed=0)))
        assert is_long(Sound(noise(30.1, seed=0)))


def test_a_long_sound_is_stylized_whole(making: Any, tmp_path: Path) -> None:
    content = noise(SECONDS, seed=0, channels=2)
    steps = making(content, noise(5, seed=1, pitch=310))
    assert steps[-1].stream.count == 3
    made = steps[-1].finish()
    assert made.signal.samples.shape == content.samples.shape
    assert (made.signal.samples - content.samples).square().mean() > 1e-4
    own, before = measured([made.signal.samples]), measured([content.samples])
    assert own.loudness == pytest.approx(before.loudness, rel=1e-3)
    assert own.peak <= PEAK + 1e-6
    made.save(tmp_path / "out.flac")
    assert torch.allclose(media.read(tmp_path / "out.flac").samples, made.signal.samples, atol=1e-6)
    assert "stretch 3/3" in steps[-1].place


def test_nobody_hears_where_stretches_meet(making: Any) -> None:
    content = noise(SECONDS, seed=0)
    steps = making(content, noise(5, seed=1, pitch=310), steps=8)
    made = steps[-1].finish().signal.samples[0]
    lap = steps[-1].stream.overlap
    starts = [stretch.start for stretch in steps[-1].stream.stretches[1:]]

    def loudness(part: slice) -> float:
        own, wanted = made[part].square().mean(), content.samples[0, part].square().mean()
        return float((own / wanted).sqrt())

    def roughness(part: slice) -> float:
        return float(made[part].diff().abs().max() / made[part].square().mean().sqrt())

    elsewhere = [
        slice(start, start + lap)
        for start in range(0, len(made) - lap, lap)
        if all(abs(start - seam) > 2 * lap for seam in starts)
    ]
    for start in starts:
        seam = slice(start - 50, start + lap + 50)
        around = [slice(start - lap, start), slice(start + lap, start + 2 * lap)]
        assert loudness(seam) == pytest.approx(sum(map(loudness, around)) / 2, rel=0.15)
        assert roughness(seam) < 1.1 * max(map(roughness, elsewhere))


def test_a_stretch_begins_as_the_one_before_ended(making: Any) -> None:
    steps = making(noise(SECONDS, seed=0), noise(5, seed=1, pitch=310), steps=4)
    first = [step for step in steps if step.number == 0][-1].samples
    second = next(step for step in steps if step.number == 1)
    assert torch.allclose(second.samples[:, :2048], first[:, -2048:], atol=1e-5)
    assert second.costs.kinds["temporal"] < 1e-9
    held = [step for step in steps if step.number == 1][-1]
    head = (held.samples - second.samples)[:, :512].square().mean()
    assert head < 0.2 * (held.samples - second.samples)[:, 8192:].square().mean()


def test_a_long_style_is_heard_whole(hearing: Encoder, making: Any) -> None:
    style = noise(65, seed=1, pitch=310)
    half = style.samples.shape[1] // 2
    style.samples[:, half:] = noise(65, seed=2, pitch=720).samples[:, half:]
    stream = making(noise(5, seed=0), style, steps=1)[-1].stream
    (grams,) = stream.grams.values()
    heard = (style.samples - style.samples.mean()) * (0.1 / style.samples.std())

    def gram_of(part: torch.Tensor) -> torch.Tensor:
        features = hearing(part[None], ["relu1"])["relu1"][0]
        return features @ features.T / features.shape[1]

    whole, first = gram_of(heard), gram_of(heard[:, :half])
    assert (grams["relu1"] - whole).norm() < 0.5 * (first - whole).norm()
    assert stream.count == 1


def test_what_was_broken_off_goes_on(making: Any, tmp_path: Path, hearing: Encoder) -> None:
    content, style = noise(SECONDS, seed=0), noise(5, seed=1, pitch=310)
    whole = making(content, style)[-1].finish()
    settings = StylizeSettings(steps=3, precision="float32")
    for step in stylize_steps(
        content, style, settings=settings, encoder=hearing,
        checkpoint=tmp_path / "state", checkpoint_every=0,
    ):  # fmt: skip
        if step.number == 2:
            break
    rest = making(content, style, checkpoint=tmp_path / "state", checkpoint_every=0)
    assert {step.number for step in rest} == {2}
    assert torch.equal(rest[-1].finish().signal.samples, whole.signal.samples)


def test_stopping_keeps_the_stretches_so_far(making: Any) -> None:
    steps = making(noise(SECONDS, seed=0), noise(5, seed=1, pitch=310))
    made = next(step for step in steps if (step.number, step.index) == (1, 1)).finish()
    assert made.signal.samples.shape == (1, steps[-1].stream.stretches[1].stop)


@pytest.mark.parametrize("canvas", ["samples", "spectrogram"])
def test_every_canvas_meets_at_its_ends(making: Any, canvas: str) -> None:
    steps = making(noise(40, seed=0), noise(5, seed=1, pitch=310), canvas=canvas, steps=2)
    made = steps[-1].finish().signal.samples
    assert made.shape == (1, 80_000)
    assert torch.isfinite(made).all()


def test_faults_are_told(making: Any, tmp_path: Path) -> None:
    content = noise(SECONDS, seed=0)
    silent = Signal(torch.zeros(1, 70_000), "audio", {"rate_hz": RATE})
    with pytest.raises(InputError, match="is silent"):
        making(content, silent)
    with pytest.raises(InputError, match="is silent"):
        making(silent, content)
    with pytest.raises(UsageError, match="no style for a sound"):
        making(content, Signal(torch.rand(3, 64, 64)))
    with pytest.raises(UsageError, match="a sound takes none"):
        making(content, content, masks=[(content, content)])
    media.write(content, tmp_path / "long.wav")
    data = (tmp_path / "long.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(data[: len(data) // 2])
    made = making(tmp_path / "cut.wav", noise(5, seed=1))[-1].finish()
    assert 0 < made.signal.samples.shape[1] < content.samples.shape[1]


def test_stretches_are_as_loud_as_the_whole_not_as_each_other(making: Any) -> None:
    content = noise(SECONDS, seed=0)
    content.samples[:, 60_000:] *= 0.1
    made = making(content, noise(5, seed=1, pitch=310), steps=3)[-1].finish().signal.samples
    loud, quiet = (part.square().mean().sqrt() for part in (made[:, :50_000], made[:, 70_000:]))
    assert quiet < 0.35 * loud
    assert np.isfinite(float(quiet))
