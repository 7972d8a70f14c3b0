"""Films are stylized frame by frame, each held to the one before."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from impasto import media
from impasto.encoders.random import random_encoder
from impasto.errors import InputError, UsageError
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.streams import StreamStep
from impasto.stylization.streams.frames import film_space

from .conftest import film_of


def parts_of(steps: list[Any]) -> list[list[StreamStep]]:
    count = steps[-1].number + 1
    return [[step for step in steps if step.number == number] for number in range(count)]


def test_every_frame_is_stylized(steps_of: Any, pan: Signal, painting: Any) -> None:
    steps = steps_of(pan, painting)
    made = steps[-1].finish()
    assert made.signal.medium == "video"
    assert made.signal.samples.shape == (3, 4, 24, 32)
    assert made.signal.meta["times"] == pan.meta["times"]
    small = torch.stack([Signal(f).resized((24, 32)).samples for f in pan.samples.unbind(1)], 1)
    assert (made.signal.samples - small).abs().mean((0, 2, 3)).min() > 0.02
    assert [len(part) for part in parts_of(steps)] == [3, 3, 3, 3]
    assert [record["part"] for record in made.trace] == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    assert steps[-1].done == 1
    assert all(a.done < b.done for a, b in pairwise(steps) if b.index)


def test_a_frame_begins_as_the_one_before(steps_of: Any, pan: Signal, painting: Any) -> None:
    first, second, *_ = parts_of(steps_of(pan, painting, size=64))
    before, begun = first[-1].samples, second[0].samples
    assert (begun[:, 8:-8, 8:-10] - before[:, 8:-8, 10:-8]).abs().mean() < 0.02  # moved by two
    assert second[0].costs.kinds["temporal"] < 1e-9
    assert second[-1].costs.kinds["temporal"] > 0
    assert "temporal" not in first[-1].costs.kinds


def test_the_weight_holds_frames_to_each_other(steps_of: Any, pan: Signal, painting: Any) -> None:
    def change(weight: float) -> float:
        steps = steps_of(pan, painting, size=64, temporal_weight=weight, steps=4)
        second = parts_of(steps)[1]
        return float((second[-1].samples - second[0].samples).square().mean())

    assert change(1000.0) < 0.5 * change(0.0)


def test_a_cut_begins_afresh(steps_of: Any, two_shots: Signal, painting: Any) -> None:
    parts = parts_of(steps_of(two_shots, painting, size=64))
    assert ["temporal" in part[-1].costs.kinds for part in parts] == [False, True, False, True]
    fresh = two_shots.samples[:, 2]
    assert torch.allclose(parts[2][0].samples, fresh, atol=1e-3)  # init: content


def test_styles_are_seen_once(steps_of: Any, pan: Signal, painting: Any) -> None:
    steps = steps_of(pan, painting)
    assert len({id(step.stream.grams) for step in steps}) == 1
    assert len(steps[-1].stream.grams) == 1


@pytest.mark.parametrize("colors", ["content", "luminance", "match"])
def test_colors_are_those_of_each_shot(
    steps_of: Any, two_shots: Signal, painting: Any, colors: str
) -> None:
    made = steps_of(two_shots, painting, colors=colors)[-1].finish().signal.samples
    means = made.mean((2, 3)), two_shots.samples.mean((2, 3))
    assert (means[0] - means[1]).abs().max() < 0.15


def test_steps_of_further_frames_are_fewer(steps_of: Any, pan: Signal, painting: Any) -> None:
    parts = parts_of(steps_of(pan, painting, steps=None, quality="draft"))
    assert [part[-1].levels[-1].steps for part in parts] == [40, 10, 10, 10]


def test_stopping_keeps_the_frames_so_far(
    steps_of: Any, pan: Signal, painting: Any, tmp_path: Path
) -> None:
    steps = steps_of(pan, painting)
    step = next(step for step in steps if (step.number, step.index) == (2, 1))
    made = step.finish()
    assert made.signal.samples.shape[1] == 3
    made.save(tmp_path / "some.mp4")
    assert media.read(tmp_path / "some.mp4").samples.shape == (3, 3, 24, 32)
    assert "frame 3/4" in step.place
    assert step.brief_place == "frame 3, step 1"


def test_a_film_that_was_broken_off_goes_on(
    vgg: Any, pan: Signal, painting: Any, tmp_path: Path
) -> None:
    from impasto import stylize_steps

    settings = StylizeSettings(size=32, steps=2, levels=1, precision="float32")

    def steps(checkpoint: Path | None) -> Any:
        return stylize_steps(
            pan, painting, settings=settings, encoder=vgg,
            checkpoint=checkpoint, checkpoint_every=0,
        )  # fmt: skip

    whole = list(steps(None))[-1].finish()
    for step in steps(tmp_path / "state"):
        if step.number == 2:
            break
    rest = list(steps(tmp_path / "state"))
    assert {step.number for step in rest} == {2, 3}
    assert torch.equal(rest[-1].finish().signal.samples, whole.signal.samples)
    assert [r["total"] for r in rest[-1].records] == [r["total"] for r in whole.trace]
    with pytest.raises(UsageError, match="other inputs or settings"):
        list(stylize_steps(pan, painting, size=32, encoder=vgg, checkpoint=tmp_path / "state"))


def test_sizes_are_even() -> None:
    assert film_space((135, 243), StylizeSettings()) == (136, 244)
    assert film_space((1080, 1920), StylizeSettings()) == (288, 512)
    assert film_space((135, 241), StylizeSettings(size="original")) == (135, 241)
    assert film_space((135, 241), StylizeSettings(size=100)) == (56, 100)


def test_what_makes_no_sense_is_refused(steps_of: Any, pan: Signal, painting: Any) -> None:
    with pytest.raises(UsageError, match="a film takes none"):
        steps_of(pan, painting, masks=[(painting, painting)])
    with pytest.raises(UsageError, match="frame needs the one before it: leave out --ray"):
        steps_of(pan, painting, ray="local")
    with pytest.raises(UsageError, match="which is no style for a film"):
        steps_of(pan, pan)
    with pytest.raises(UsageError, match="which is no style for a picture"):
        steps_of(painting, pan)
    with pytest.raises(InputError, match="needs at least"):
        steps_of(film_of(torch.rand(3, 2, 8, 64)), painting)


def test_a_network_over_another_number_of_axes_is_refused(pan: Signal, painting: Any) -> None:
    from impasto import stylize_steps

    with pytest.raises(UsageError, match="sees over 3 axes, and the frames of a film have 2"):
        next(stylize_steps(pan, painting, encoder=random_encoder(3, 3)))
