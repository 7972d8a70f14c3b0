"""From a folder of pictures to a report, in one go or in several."""

from __future__ import annotations

import hashlib
from collections import deque
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.encoders import Encoder, random_encoder
from impasto.errors import ImpastoError, InputError, UsageError
from impasto.media import kept
from impasto.signal import Signal
from impasto.units import gathering
from impasto.units import recipe as module
from impasto.units.recipe import WORK, Progress, survey
from impasto.units.report import draw_unit, read_table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "inside").mkdir(parents=True)
    random = np.random.default_rng(0)
    for number in range(12):
        levels = random.integers(0, 256, (30 + number % 3, 40, 3), np.uint8)
        Image.fromarray(levels).save(folder / "inside" / f"{number:02}.png")
    (folder / "broken.jpg").write_bytes(b"no picture")
    return folder


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return random_encoder(2, 3, channels=(4, 6))


def contents(folder: Path) -> dict[str, str]:
    """Return a hash of every file."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def finish(photos: Path, report: Path, encoder: Encoder, **changes: object) -> list[Progress]:
    return list(survey(photos, report, encoder=encoder, **changes))


def test_a_report_tells_what_was_found(folder: Path, tmp_path: Path, encoder: Encoder) -> None:
    steps = finish(folder, tmp_path / "report", encoder, k=4)
    assert list(dict.fromkeys(step.stage for step in steps)) == [
        "search",
        "patches",
        "maximization",
        "report",
    ]
    assert all(step.done <= (step.total or 0) for step in steps)
    atlas = read_table(tmp_path / "report" / "units.parquet")
    assert atlas.count == 12
    assert [name for name, _ in atlas.passed_over] == ["broken.jpg"]
    assert list(atlas.layers) == list(encoder.table)
    assert {len(patches) for patches in atlas.layers["relu1_1"].units} == {4}
    assert (tmp_path / "report" / "index.html").exists()
    assert not (tmp_path / "report" / WORK).exists()


@pytest.mark.parametrize("stage", ["search", "patches", "maximization", "report"])
def test_what_was_broken_off_ends_the_same(
    folder: Path, tmp_path: Path, encoder: Encoder, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept.KeptFile, "keep", kept_always)
    monkeypatch.setattr(gathering, "HELD", 50)
    monkeypatch.setattr(module, "MAXIMIZED", 2)
    finish(folder, tmp_path / "whole", encoder)
    seen = 0
    for step in survey(folder, tmp_path / "broken", encoder=encoder):
        seen += step.stage == stage
        if seen == 3 or (stage == "report" and seen):
            break
    finish(folder, tmp_path / "broken", encoder)
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")


def kept_always(self: kept.KeptFile, state: object) -> None:
    self.path.write_bytes(state())  # type: ignore[operator]


def test_what_is_not_wanted_is_left_out(folder: Path, tmp_path: Path, encoder: Encoder) -> None:
    steps = finish(
        folder, tmp_path / "report", encoder, projection="none", maximize=False, layers="relu*"
    )
    assert "maximization" not in {step.stage for step in steps}
    assert list(read_table(tmp_path / "report" / "units.parquet").layers) == ["relu1_1", "relu2_1"]


def test_other_settings_do_not_go_on(folder: Path, tmp_path: Path, encoder: Encoder) -> None:
    report = tmp_path / "report"
    for step in survey(folder, report, encoder=encoder):
        if step.stage == "patches":
            break
    (report / WORK / "search.safetensors").write_bytes(b"damaged")
    with pytest.raises(InputError, match="is not a checkpoint"):
        finish(folder, report, encoder)


MEDIA = {
    "image": (3, (30, 40)),
    "audio": (1, (900,)),
    "series": (2, (300,)),
    "volume": (1, (12, 14, 13)),
    "video": (3, (6, 20, 18)),
}


def signals_of(medium: str) -> tuple[list[Signal], Encoder]:
    """Three signals of a medium, and a network for them."""
    channels, space = MEDIA[medium]
    rate = {"rate_hz": 8000.0} if medium == "audio" else {}
    signals = [Signal(torch.rand(channels, *space), medium, rate) for _ in range(3)]
    encoder = random_encoder(len(space), channels, channels=(4, 6))
    if medium == "audio":
        encoder.medium, encoder.rate_hz = medium, 8000.0
    return signals, encoder


@pytest.mark.parametrize("medium", MEDIA)
def test_every_medium_has_its_report(medium: str, tmp_path: Path) -> None:
    signals, encoder = signals_of(medium)
    space, axes = signals[0].space, encoder.axes
    deque(survey(signals, tmp_path / "report", encoder=encoder, k=2), maxlen=0)  # type: ignore[arg-type]
    atlas = read_table(tmp_path / "report/units.parquet")
    assert (atlas.medium, atlas.count) == (medium, 3)
    assert atlas.rate_hz == (8000 if medium == "audio" else None)
    for layer in atlas.layers.values():
        assert len(layer.fields) == axes
        for patch in (patch for patches in layer.units for patch in patches):
            assert len(patch.box) == len(patch.position) == axes
            lengths = zip(patch.box, space, strict=True)
            assert all(0 <= start < stop <= length for (start, stop), length in lengths)
    for name in ("conv1_1", "relu2_1"):
        with Image.open(tmp_path / f"report/layers/{name}.png") as montage:
            assert np.asarray(montage).std() > 5
        drawn = draw_unit(tmp_path / "report", name, 1)
        assert np.asarray(drawn).std() > 5
    heard = [path.name for path in sorted((tmp_path / "report/pictures").glob("*.wav"))]
    assert heard == (["0.wav", "1.wav", "2.wav"] if medium == "audio" else [])


@pytest.mark.parametrize("medium", ["audio", "volume"])
def test_what_was_broken_off_ends_the_same_over_other_axes(medium: str, tmp_path: Path) -> None:
    signals, encoder = signals_of(medium)
    for folder in ("whole", "broken"):
        for step in survey(signals, tmp_path / folder, encoder=encoder):
            if folder == "broken" and step.stage == "maximization":
                break
    deque(survey(signals, tmp_path / "broken", encoder=encoder), maxlen=0)
    assert contents(tmp_path / "broken") == contents(tmp_path / "whole")


def test_signals_that_cannot_be_seen_are_passed_over(tmp_path: Path) -> None:
    signals, encoder = signals_of("series")
    signals[1] = Signal(torch.rand(3, 300), "series")
    deque(survey(signals, tmp_path / "report", encoder=encoder, maximize=False), maxlen=0)
    atlas = read_table(tmp_path / "report/units.parquet")
    assert atlas.passed_over == [("1", "It has 3 channels, and random1d sees 2.")]


def test_a_folder_that_cannot_be_made_is_told(
    folder: Path, tmp_path: Path, encoder: Encoder
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"is a file|does not exist|not a directory"):
        finish(folder, tmp_path / "file" / "report", encoder)


def test_the_encoder_is_loaded_by_name(folder: Path, tmp_path: Path) -> None:
    steps = survey(folder, tmp_path / "report", layers="relu1_1", maximize=False, max_size=20)
    deque(steps, maxlen=0)
    atlas = read_table(tmp_path / "report" / "units.parquet")
    assert atlas.network == "vgg19"
    with pytest.raises(ImpastoError, match="no layer"):
        deque(survey(folder, tmp_path / "other", layers="relu9_1"), maxlen=0)
