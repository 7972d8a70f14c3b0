"""What is left behind besides the picture, step by step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from impasto import StylizeSettings, stylize_steps
from impasto.cli.extras import Extras
from impasto.errors import OutputError, UsageError


@pytest.fixture(scope="module")
def steps() -> Any:
    layers = {"content_layers": {"relu1_1": 1.0}, "style_layers": {"relu1_1": 1.0}}
    settings = StylizeSettings(size=16, steps=4, levels=1, **layers)
    return list(stylize_steps("red_panda", "harvest", settings=settings))


def test_nothing_is_wanted_at_first(steps: Any, tmp_path: Path) -> None:
    extras = Extras()
    extras.check()
    extras.take(steps[0])
    extras.finish(steps[0].finish(), [])
    assert extras.files == []
    assert list(tmp_path.iterdir()) == []


def test_a_line_is_written_as_soon_as_a_step_is_done(steps: Any, tmp_path: Path) -> None:
    extras = Extras(trace=tmp_path / "trace")
    for number, step in enumerate(steps, start=1):
        extras.take(step)
        lines = (tmp_path / "trace").read_text().splitlines()
        assert [json.loads(line) for line in lines] == steps[-1].records[:number]
    extras.close()


def test_a_resumed_run_brings_what_was_measured_before(steps: Any, tmp_path: Path) -> None:
    (tmp_path / "trace").write_text("half a li")
    extras = Extras(trace=tmp_path / "trace", snapshots=tmp_path / "shots", every=2)
    for step in steps[3:]:
        extras.take(step)
    extras.close()
    lines = (tmp_path / "trace").read_text().splitlines()
    assert [json.loads(line) for line in lines] == steps[-1].records
    assert [path.name for path in (tmp_path / "shots").iterdir()] == ["00004.png"]


def test_a_trace_that_cannot_be_written_is_named(steps: Any, tmp_path: Path) -> None:
    extras = Extras(trace=tmp_path)
    with pytest.raises(OutputError, match=r"The trace .* cannot be written"):
        extras.take(steps[0])


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"plot": "a.gif"}, "--plot a.gif must end in one of .pdf, .png, .svg"),
        ({"sheet": "a"}, "--sheet a must end in one of .jpg"),
        ({"film": "a.mp4"}, "--film a.mp4 must end in one of .gif, .webp"),
        ({"trace": "missing/a"}, "missing does not exist"),
        ({"every": 0}, "--every must be a whole number from 1"),
    ],
)
def test_what_cannot_be_written_is_said_before(wanted: dict[str, Any], told: str) -> None:
    named = {name: value if name == "every" else Path(value) for name, value in wanted.items()}
    with pytest.raises(UsageError, match=told):
        Extras(**named).check()


def test_uppercase_suffixes_are_as_good(tmp_path: Path) -> None:
    Extras(plot=tmp_path / "A.PNG", sheet=tmp_path / "B.JPG", film=tmp_path / "C.GIF").check()
