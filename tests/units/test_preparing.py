"""Networks see signals of their medium at their rate, and say what they cannot see."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from impasto import media
from impasto.encoders import Encoder, random_encoder
from impasto.errors import InputError, UsageError
from impasto.signal import Signal
from impasto.units.portraits import PORTRAITS
from impasto.units.preparing import Preparation, channels_of, only, opened


def listener(rate_hz: float | None = 16_000) -> Encoder:
    encoder = random_encoder(1, 1, channels=(3,))
    encoder.medium, encoder.rate_hz = "audio", rate_hz
    return encoder


def sound(seconds: float, rate_hz: int, channels: int = 1) -> Signal:
    """A tone of 440 Hz."""
    time = torch.arange(round(seconds * rate_hz)) / rate_hz
    tone = torch.sin(2 * torch.pi * 440 * time).expand(channels, -1)
    return Signal(tone.contiguous(), "audio", {"rate_hz": rate_hz})


class TestSounds:
    def test_are_resampled_to_the_rate_of_the_network(self) -> None:
        seen, portrait = only(sound(0.5, 44_100), listener())
        assert seen.space == (8000,)
        assert portrait.rate_hz == 16_000
        expected = sound(0.5, 16_000).samples
        # up to half a sample off, as the middle of the first one stays where it is
        torch.testing.assert_close(
            seen.samples[:, 100:-100], expected[:, 100:-100], atol=0.07, rtol=0
        )

    def test_go_to_the_first_rate_where_any_will_do(self) -> None:
        dataset, portrait = opened([sound(0.1, 8000), sound(0.1, 44_100)], listener(None))
        assert portrait.rate_hz == 8000
        assert [signal.space for _, signal in dataset.signals()] == [(800,), (800,)]

    def test_are_mixed_to_one_channel(self) -> None:
        stereo = Signal(torch.tensor([[1.0, 0.0], [0.0, 0.5]]), "audio", {"rate_hz": 16_000})
        seen, _ = only(stereo, listener())
        assert seen.samples.tolist() == [[0.5, 0.25]]

    @pytest.mark.parametrize(("scale", "loudness"), [(1.0, 0.2), (1e-3, 0.2), (0.0, 0.0)])
    def test_are_as_loud_as_the_network_expects(self, scale: float, loudness: float) -> None:
        encoder = listener()
        encoder.loudness = 0.2
        tone = sound(0.5, 16_000)
        seen, _ = only(tone.with_samples(scale * tone.samples + 0.5), encoder)
        assert seen.samples.square().mean().sqrt() == pytest.approx(loudness, rel=1e-4)
        assert seen.samples.mean().abs() < 1e-5

    def test_have_no_side_to_be_reduced(self) -> None:
        with pytest.raises(UsageError, match=r"--max-size is for .* sounds go through"):
            opened([sound(0.1, 8000)], listener(), max_size=100)


class TestVolumes:
    encoder = random_encoder(3, 3, channels=(3,))

    def test_intensities_go_from_nothing_to_one(self) -> None:
        ramp = torch.linspace(-1000, 3000, 12**3).view(1, 12, 12, 12)
        seen, portrait = only(Signal(ramp, "volume"), self.encoder)
        assert portrait.medium == "volume"
        assert seen.samples.shape == (3, 12, 12, 12)
        assert torch.equal(seen.samples[0], seen.samples[2])
        assert seen.samples.aminmax() == (0, 1)
        middle = seen.samples[0].flatten()[12**3 // 2]
        assert float(middle) == pytest.approx(0.5, abs=0.01)

    @pytest.mark.parametrize(("value", "seen"), [(5.0, 0.0), (float("nan"), 0.0)])
    def test_what_is_flat_stays_flat(self, value: float, seen: float) -> None:
        volume = Signal(torch.full((1, 4, 4, 4), value), "volume")
        assert only(volume, self.encoder)[0].samples.unique().tolist() == [seen]

    def test_a_single_bright_voxel_is_not_cut_off(self) -> None:
        spot = torch.zeros(1, 12, 12, 12)
        spot[0, 3, 4, 5] = 7
        assert float(only(Signal(spot, "volume"), self.encoder)[0].samples.max()) == 1

    def test_a_folder_of_them_is_read(self, tmp_path: Path) -> None:
        """Also files whose suffix has two parts, and only volumes."""
        media.write(Signal(torch.rand(1, 5, 6, 7), "volume"), tmp_path / "a.nii.gz")
        np.save(tmp_path / "b.npy", np.random.default_rng(0).random((5, 4, 6), np.float32))
        (tmp_path / "c.png").write_bytes(b"")
        dataset, portrait = opened(tmp_path, self.encoder)
        assert portrait.medium == "volume"
        seen = [(entry.name, signal) for entry, signal in dataset.signals()]
        shapes = {name: tuple(own.samples.shape) for name, own in seen if isinstance(own, Signal)}
        assert shapes == {"a.nii.gz": (3, 5, 6, 7), "b.npy": (3, 5, 4, 6)}

    def test_large_ones_are_reduced(self) -> None:
        volume = Signal(torch.rand(1, 4, 8, 6), "volume")
        assert only(volume, self.encoder, max_size=4)[0].space == (2, 4, 3)


def test_films_are_reduced_and_keep_their_colors() -> None:
    film = Signal(torch.rand(3, 5, 4, 320), "video")
    seen, portrait = only(film, random_encoder(3, 3, channels=(3,)))
    assert portrait.medium == "video"
    assert seen.space == (5, 2, 160)  # time stays


def test_a_folder_of_films_is_read(tmp_path: Path) -> None:
    film = Signal(torch.rand(3, 4, 20, 240), "video", {"rate_hz": 10.0})
    media.write(film, tmp_path / "a.mp4")
    media.write(film, tmp_path / "b.gif")
    (tmp_path / "broken.mp4").write_bytes(b"no film")
    dataset, portrait = opened(tmp_path, random_encoder(3, 3))
    assert portrait.medium == "video"
    seen = {entry.name: signal for entry, signal in dataset.signals()}
    assert [seen[name].space for name in ("a.mp4", "b.gif")] == [(4, 13, 160)] * 2  # type: ignore[union-attr]
    assert isinstance(seen["broken.mp4"], InputError)


@pytest.mark.parametrize(
    ("signal", "axes", "message"),
    [
        (Signal(torch.rand(2, 50), "series"), 1, "It has 2 channels, and random1d sees 3"),
        (Signal(torch.rand(2, 5, 5, 5), "volume"), 3, "It has 2 channels, and random3d sees 3"),
        (Signal(torch.rand(1, 5, 5), "volume"), 3, "It has 2 axes, and random3d sees signals"),
    ],
)
def test_what_cannot_be_seen_is_told(signal: Signal, axes: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        only(signal, random_encoder(axes, 3))


@pytest.mark.parametrize(
    ("axes", "told"),
    [(1, r"over 1 axis: no sound and no series \(\.wav.*\.csv"), (3, r"over 3 axes: no volume")],
)
def test_a_folder_without_any_says_so(axes: int, told: str, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"")
    with pytest.raises(InputError, match=told):
        opened(tmp_path, random_encoder(axes, 1))


def test_a_folder_without_sounds_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1\n2\n")
    with pytest.raises(InputError, match=r"holds nothing to look at: no sound \(\.wav"):
        opened(tmp_path, listener())
    with pytest.raises(InputError, match="does not exist"):
        opened(tmp_path / "missing", random_encoder(1, 1))


def test_the_files_of_a_folder_choose_the_medium(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1\n2\n")
    dataset, portrait = opened(tmp_path, random_encoder(1, 1))
    assert (dataset.medium, portrait.medium) == ("series", "series")
    assert [entry.name for entry in dataset.entries()] == ["a.csv"]


def test_workers_get_it_too() -> None:
    prepare = Preparation("audio", 1, "net", 1, 8000)
    back = pickle.loads(pickle.dumps(prepare))
    assert torch.equal(back(sound(1, 16_000)).samples, prepare(sound(1, 16_000)).samples)


@pytest.mark.parametrize("medium", PORTRAITS)
def test_channels(medium: str) -> None:
    encoder = random_encoder(PORTRAITS[medium].axes, 5)
    assert channels_of(encoder, medium) == (1 if medium == "audio" else 5)
