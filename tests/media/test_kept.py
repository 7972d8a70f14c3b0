"""A state is written seldom, and never by halves."""

from __future__ import annotations

from pathlib import Path

import pytest

from impasto.errors import InputError, OutputError, UsageError
from impasto.media import kept
from impasto.media.kept import KeptFile


class Clock:
    """A clock that is put forward by hand."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(kept, "time", clock)
    return clock


def test_writing_takes_a_hundredth_of_the_time(clock: Clock, tmp_path: Path) -> None:
    file, times = KeptFile(tmp_path / "state"), []

    def slow() -> bytes:
        times.append(clock.now)
        clock.now += 0.5
        return b"state"

    for moment in range(200):
        clock.now = max(clock.now, float(moment))
        file.keep(slow)
    assert times[0] == 1.0
    assert times[1] - times[0] == pytest.approx(50, abs=2)
    assert len(times) == 4
    assert file.load() == b"state"


def test_writes_as_often_as_it_is_told(clock: Clock, tmp_path: Path) -> None:
    file, times = KeptFile(tmp_path / "state", every=30), []

    def note() -> bytes:
        times.append(clock.now)
        return b"state"

    for moment in range(100):
        clock.now = float(moment)
        file.keep(note)
    assert times == [30, 60, 90]


def test_a_disk_that_is_full_is_told(
    clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = KeptFile(tmp_path / "state")
    clock.now = 100
    file.keep(lambda: b"before")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    clock.now = 1000
    with pytest.raises(OutputError, match=r"checkpoint .*state cannot be written: No space"):
        file.keep(lambda: b"after")
    assert (tmp_path / "state").read_bytes() == b"before"


def test_nothing_is_there_at_first(tmp_path: Path) -> None:
    assert KeptFile(tmp_path / "state").load() is None


def test_a_file_that_cannot_be_written_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        KeptFile(tmp_path / "missing" / "state")


def test_a_file_that_cannot_be_read_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "state").write_bytes(b"state")

    def broken(_: Path) -> bytes:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "read_bytes", broken)
    with pytest.raises(InputError, match=r"Cannot read .*state: Input/output error"):
        KeptFile(tmp_path / "state").load()


@pytest.mark.parametrize("every", [-1, float("nan"), float("inf")])
def test_seconds_are_seconds(every: float, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--checkpoint-every must be a number of seconds"):
        KeptFile(tmp_path / "state", every=every)
