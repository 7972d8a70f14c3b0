"""The state of a run is kept in a file, and found there again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from impasto.settings import StylizeSettings
from impasto.stylization.keeper import Keeper


@pytest.fixture
def step(steps_of: Any, photo: Any, painting: Any) -> Any:
    return steps_of(photo, painting)[-1]


def keeper_at(path: Path | str | None) -> Keeper:
    return Keeper(path, StylizeSettings(), {"content": "c"}, "hash", every=0)


def test_nothing_is_kept_without_a_file(step: Any) -> None:
    nothing = keeper_at(None)
    nothing.keep(step, [])
    assert nothing.load() is None


def test_a_state_comes_back(step: Any, tmp_path: Path) -> None:
    kept = keeper_at(tmp_path / "state")
    assert kept.load() is None
    kept.keep(step, step.records)
    state = keeper_at(str(tmp_path / "state")).load()
    assert state is not None
    assert (state.level, state.index) == (0, 2)
    assert [dict(record) for record in state.records] == list(step.records)
    assert list(tmp_path.iterdir()) == [tmp_path / "state"]
