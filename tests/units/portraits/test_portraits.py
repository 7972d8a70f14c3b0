"""What all media promise, each tried with signals of its own."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.errors import ShapeError, UsageError
from impasto.units.portraits import PORTRAITS, Portrait, portrait_of
from impasto.units.receptive import WHOLE, Field

SPACES = {1: (300,), 2: (40, 30), 3: (9, 20, 16)}


@pytest.fixture(params=PORTRAITS)
def portrait(request: pytest.FixtureRequest) -> Portrait:
    return portrait_of(request.param, rate_hz=16_000)


@pytest.fixture
def samples(portrait: Portrait) -> Tensor:
    return torch.rand(3, *SPACES[portrait.axes])


def test_patches_and_projections_are_colors_that_fit(portrait: Portrait, samples: Tensor) -> None:
    for drawn in (portrait.patch(samples, 48), portrait.projection(samples - 0.5, 48)):
        assert drawn.ndim == 3
        assert drawn.shape[2] == 3
        assert max(drawn.shape[:2]) == 48
        assert drawn.min() >= -0.3  # a sharp kernel overshoots; what is kept is cut off
        assert drawn.max() <= 1.3
        assert drawn.std() > 0.02


def test_one_sample_and_none_that_is_a_number(portrait: Portrait) -> None:
    for value in (0.5, float("nan")):
        one = torch.full((3, *[1] * portrait.axes), value)
        for drawn in (portrait.patch(one, 20), portrait.projection(one, 20)):
            assert np.isfinite(drawn).all()


def test_a_frame_around_everything_is_the_extent(portrait: Portrait, samples: Tensor) -> None:
    """And all frames lie within it."""
    space = tuple(samples.shape[1:])
    height, width = portrait.extent(space)
    frames = portrait.frames([(0, length) for length in space], space)
    assert min(top for top, *_ in frames) == 0
    assert max(bottom for _, bottom, *_ in frames) == height
    assert min(left for *_, left, _ in frames) == 0
    assert max(right for *_, right in frames) == width


def test_the_whole_has_the_proportions_of_its_extent(portrait: Portrait, samples: Tensor) -> None:
    height, width = portrait.extent(tuple(samples.shape[1:]))
    for image in (portrait.whole(samples), portrait.whole(samples, longest=200)):
        assert image.width / image.height == pytest.approx(width / height, rel=0.05)
    assert max(portrait.whole(samples, longest=200).size) <= 200


@given(data=st.data())
def test_frames_lie_within_the_extent(data: st.DataObject) -> None:
    portrait = portrait_of(data.draw(st.sampled_from(sorted(PORTRAITS))))
    space = tuple(data.draw(st.integers(1, 50)) for _ in range(portrait.axes))
    box = []
    for length in space:
        start = data.draw(st.integers(0, length - 1))
        box.append((start, data.draw(st.integers(start + 1, length))))
    height, width = portrait.extent(space)
    frames = portrait.frames(box, space)
    assert frames
    for top, bottom, left, right in frames:
        assert 0 <= top < bottom <= height
        assert 0 <= left < right <= width


def test_other_axes_are_refused(portrait: Portrait) -> None:
    wrong = torch.zeros(3, *[4] * (portrait.axes % 3 + 1))
    for draw in (portrait.whole, lambda x: portrait.patch(x, 9)):
        with pytest.raises(ShapeError, match=r"not (the shape )?\(3, 4"):
            draw(wrong)


@pytest.mark.parametrize(
    ("medium", "sentence", "brief"),
    [
        ("image", "sees 10 × 10 px, every 2 px", "10 px"),
        ("audio", "sees 10 samples (0.625 ms), every 2 samples (0.125 ms)", None),
        ("series", "sees 10 samples, every 2 samples", "10 samples"),
        ("volume", "sees 10 × 10 × 10 voxels, every 2 voxels", "10 voxels"),
        ("video", "sees 10 frames × 10 × 10 px, every 2 frames × 2 px", "10 frames × 10 px"),
    ],
)
def test_words(medium: str, sentence: str, brief: str | None) -> None:
    portrait = portrait_of(medium, rate_hz=16_000)
    fields = (Field(10, 2),) * portrait.axes
    assert portrait.sentence(fields) == sentence
    assert portrait.size(fields, brief=True) == (brief or "10 samples (0.625 ms)")
    whole = (WHOLE,) * portrait.axes
    assert portrait.sentence(whole) == f"sees the whole {portrait.noun}"
    assert portrait.size(whole, brief=True) == f"whole {portrait.noun}"


def test_width_comes_before_height_and_time_before_both() -> None:
    fields = (Field(3, 1), Field(20, 4), WHOLE)
    assert portrait_of("image").sentence(fields[1:]) == "sees all × 20 px, every – × 4 px"
    assert portrait_of("video").size(fields) == "3 frames × all × 20 px"
    assert portrait_of("video").stride(fields, brief=True) == "1 × – × 4"


def test_long_stretches_are_told_in_seconds() -> None:
    portrait = portrait_of("audio", rate_hz=8000)
    assert portrait.size((Field(12_000, 1),)) == "12000 samples (1.5 s)"
    assert portrait_of("audio").size((Field(12_000, 1),)) == "12000 samples"


def test_a_medium_without_portrait() -> None:
    with pytest.raises(UsageError, match=r"no signals of 'smell'"):
        portrait_of("smell")


class TestSound:
    portrait = portrait_of("audio", rate_hz=8000)

    def test_is_heard_as_it_is(self) -> None:
        sound = torch.tensor([[0.0, 0.5, -0.5, 1.0, -1.0, 2.0]])
        with wave.open(io.BytesIO(self.portrait.heard(sound))) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (8000, 1, 2)
            values = np.frombuffer(file.readframes(99), "<i2")
        assert values.tolist() == [0, 16384, -16384, 32767, -32767, 32767]

    def test_others_are_not_heard(self) -> None:
        with pytest.raises(NotImplementedError, match="pictures cannot be heard"):
            portrait_of("image").heard(torch.zeros(3, 2, 2))

    @pytest.mark.parametrize("share", [0.125, 0.5, 0.75])
    def test_a_tone_is_a_line_at_its_frequency(self, share: float) -> None:
        """Over silence, which is black; half the rate is at the top."""
        time = torch.arange(4000)
        tone = torch.sin(torch.pi * share * time)[None]
        spectrum = self.portrait.patch(tone, 100)[40:].sum(-1)
        height = len(spectrum)
        brightest = int(spectrum[:, 50].argmax())
        assert (height - brightest) / height == pytest.approx(share, abs=0.04)
        assert np.median(spectrum) < 0.2

    def test_the_waveform_reaches_as_far_as_the_sound(self) -> None:
        """Up where it is positive, and down where it is negative, however quiet it is."""
        sound = 0.01 * torch.cat([torch.ones(500), -torch.ones(500)])[None]
        dark = self.portrait.patch(sound, 100)[:40].sum(-1) < 1.5
        rows = [np.flatnonzero(dark[:, column]) for column in (20, 80)]
        assert rows[0].max() < 5
        assert rows[1].min() > 34

    def test_silence_is_a_flat_line(self) -> None:
        drawn = self.portrait.patch(torch.zeros(1, 500), 100)
        assert (drawn[:40].sum(-1) < 1.5).any(1).sum() <= 2
        assert (drawn[45:].sum(-1) < 0.1).all()


class TestProjection:
    @pytest.mark.parametrize("medium", ["audio", "series"])
    def test_signs_have_their_colors(self, medium: str) -> None:
        """Red above the middle where it is positive, blue below where it is negative."""
        values = torch.cat([torch.ones(50), -torch.ones(50)])[None]
        drawn = portrait_of(medium).projection(values, 100)
        above, below = drawn[10:40, 20], drawn[60:90, 80]
        assert (above[:, 0] > above[:, 2] + 0.3).all()
        assert (below[:, 2] > below[:, 0] + 0.3).all()
        assert (drawn[10:40, 80] > 0.9).all()
        assert (drawn[60:90, 20] > 0.9).all()

    def test_channels_of_a_series_have_one_scale(self) -> None:
        drawn = portrait_of("series").projection(torch.tensor([[1.0] * 9, [0.1] * 9]), 100)
        colored = (drawn.max(-1) - drawn.min(-1) > 0.3).sum(0)[50]
        assert colored == pytest.approx(25 + 2.5, abs=2)


class TestSeries:
    def test_every_channel_has_a_lane_of_its_own_scale(self) -> None:
        ramp = torch.linspace(0, 1, 100)
        drawn = portrait_of("series").patch(torch.stack([ramp, 1000 * ramp]), 100)
        dark = drawn.sum(-1) < 1.5
        for lane in (dark[:50], dark[50:]):
            assert np.flatnonzero(lane[:, 2]).min() > 40
            assert np.flatnonzero(lane[:, 97]).max() < 10


class TestSlices:
    def test_the_middle_of_a_volume_along_each_axis(self) -> None:
        volume = torch.zeros(1, 3, 3, 3)
        volume[0, 1, 1, 1] = 1
        drawn = portrait_of("volume").patch(volume, 20)[..., 0]
        first = drawn[:9, :9]
        assert (first > 0.9).sum() == 9  # one voxel of 3 x 3 pixels in each of three slices
        assert (drawn > 0.9).sum() == 27
        assert (drawn == 0.5).any()

    def test_a_box_is_framed_in_three_slices(self) -> None:
        frames = portrait_of("volume").frames([(1, 2), (3, 5), (6, 9)], (10, 20, 30))
        assert frames == [(3, 5, 6, 9), (1, 2, 31 + 6, 31 + 9), (1, 2, 62 + 3, 62 + 5)]

    def test_a_film_shows_the_frames_that_are_seen(self) -> None:
        """The first, fifth and ninth are drawn; a box between them is framed in the nearest."""
        film = portrait_of("video")
        space = (9, 20, 30)
        assert film.frames([(0, 5), (1, 2), (3, 4)], space) == [(1, 2, 3, 4), (1, 2, 34, 35)]
        assert film.frames([(6, 8), (1, 2), (3, 4)], space) == [(1, 2, 65, 66)]
