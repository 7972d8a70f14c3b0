"""The state of a run is written seldom, and never by halves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from impasto.errors import OutputError, UsageError
from impasto.settings import StylizeSettings
from impasto.stylization import keeper
from impasto.stylization.keeper import Keeper


class Clock:
    """A clock that is put forward by hand."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(keeper, "time", clock)
    return clock


@pytest.fixture
def step(steps_of: Any, photo: Any, painting: Any) -> Any:
    return steps_of(photo, painting)[-1]


def keeper_at(path: Path | str | None) -> Keeper:
    return Keeper(path, StylizeSettings(), {"content": "c"}, "hash")


def test_nothing_is_kept_without_a_file(clock: Clock, step: Any) -> None:
    nothing = keeper_at(None)
    clock.now = 100
    nothing.keep(step, [])
    assert nothing.load() is None


def test_a_state_comes_back(clock: Clock, step: Any, tmp_path: Path) -> None:
    kept = keeper_at(tmp_path / "state")
    assert kept.load() is None
    clock.now = 100
    kept.keep(step, step.records)
    state = keeper_at(str(tmp_path / "state")).load()
    assert state is not None
    assert (state.level, state.index) == (0, 2)
    assert [dict(record) for record in state.records] == list(step.records)
    assert list(tmp_path.iterdir()) == [tmp_path / "state"]


def test_writing_takes_a_hundredth_of_the_time(
    clock: Clock, step: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, times = keeper_at(tmp_path / "state"), []

    def slow(*_: Any, **__: Any) -> bytes:
        times.append(clock.now)
        clock.now += 0.5
        return b"state"

    monkeypatch.setattr(keeper, "pack", slow)
    for moment in range(200):
        clock.now = max(clock.now, float(moment))
        kept.keep(step, [])
    assert times[0] == 1.0
    assert times[1] - times[0] == pytest.approx(50, abs=2)
    assert len(times) == 4


def test_a_disk_that_is_full_is_told(
    clock: Clock, step: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = keeper_at(tmp_path / "state")
    clock.now = 100
    kept.keep(step, [])
    before = (tmp_path / "state").read_bytes()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    clock.now = 1000
    with pytest.raises(OutputError, match=r"checkpoint .*state cannot be written: No space"):
        kept.keep(step, [])
    assert (tmp_path / "state").read_bytes() == before


def test_a_file_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        keeper_at(tmp_path / "missing" / "state")


def test_writes_as_often_as_it_is_told(
    clock: Clock, step: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Keeper(tmp_path / "state", StylizeSettings(), {}, "hash", every=30)
    times = []

    def note(*_: Any, **__: Any) -> bytes:
        times.append(clock.now)
        return b"state"

    monkeypatch.setattr(keeper, "pack", note)
    for moment in range(100):
        clock.now = float(moment)
        kept.keep(step, [])
    assert times == [30, 60, 90]


@pytest.mark.parametrize("every", [-1, float("nan"), float("inf")])
def test_seconds_are_seconds(every: float, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--checkpoint-every must be a number of seconds"):
        Keeper(tmp_path / "state", StylizeSettings(), {}, "hash", every=every)
