from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.errors import InputError
from impasto.samples import find
from impasto.settings import StylizeSettings
from impasto.studio import work
from impasto.studio.visits import Visit, Visits
from impasto.studio.work import Job, Order
from impasto.stylization import Stylization, StylizeStep

QUICK: dict[str, Any] = {"size": 32, "steps": 3, "levels": 1}


@pytest.fixture
def visit(tmp_path: Path) -> Visit:
    return Visits(tmp_path).of("somebody")


@pytest.fixture
def photo(tmp_path: Path) -> str:
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 3), np.uint8)
    path = tmp_path / "my photo.png"
    Image.fromarray(pixels).resize((80, 50)).save(path)
    return str(path)


def test_a_job_shows_its_steps_and_leaves_files(
    visit: Visit, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "EVERY", 0.0)
    styles = [(str(find("harvest")), 1.0)]
    job = Job(Order(photo, styles, StylizeSettings(**QUICK)), visit)
    shown = list(job.run())
    lengths = [len(own.trace) for own in shown]
    assert lengths == sorted(lengths)
    assert lengths[-1] == 4
    assert all(own.picture is not None and own.picture.size == (32, 20) for own in shown)
    made = job.made
    assert made is not None
    assert not made.stopped
    assert [path.name for path in made.files] == [
        "my photo_stylized.png",
        "settings.json",
        "sheet.jpg",
        "costs.png",
        "trace.jsonl",
        "film.webp",
    ]
    assert all(path.is_file() and visit.folder in path.parents for path in made.files)
    assert json.loads(made.files[1].read_text())["settings"]["size"] == 32
    assert made.command == (
        "impasto stylize 'my photo.png' --style harvest --size 32 --steps 3 --levels 1 "
        "-o 'my photo_stylized.png'"
    )
    told = made.files[0].read_bytes() + made.files[1].read_bytes()
    assert b"my photo.png" in told
    assert str(visit.folder.parent).encode() not in told
    assert b"/impasto/" not in told
    assert made.before is not None
    assert made.after is not None
    with Image.open(made.before) as before, Image.open(made.after) as after:
        assert before.size == after.size == (32, 20)


def test_sixteen_bits_a_channel(visit: Visit, photo: str) -> None:
    styles = [(str(find("harvest")), 1.0)]
    job = Job(Order(photo, styles, StylizeSettings(**QUICK), bits=16), visit)
    list(job.run())
    assert job.made is not None
    assert job.made.output.read_bytes()[24] == 16  # in the header of a PNG
    assert " --bits 16 -o" in job.made.command


def test_what_is_stopped_is_kept(visit: Visit, photo: str) -> None:
    settings = StylizeSettings(**{**QUICK, "steps": 1000})
    job = Job(Order(photo, [(str(find("harvest")), 1.0)], settings), visit)
    steps = job.run()
    next(steps)
    visit.stop()
    assert len(list(steps)[-1].trace) < 1000
    assert job.made is not None
    assert job.made.stopped
    assert job.made.output.is_file()


def test_who_leaves_ends_it(visit: Visit, photo: str) -> None:
    settings = StylizeSettings(**{**QUICK, "steps": 100_000})
    job = Job(Order(photo, [(str(find("harvest")), 1.0)], settings), visit)
    steps = job.run()
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert not visit.is_busy
    assert all("_work" not in thread.name for thread in threading.enumerate())


def test_what_goes_wrong_is_raised(visit: Visit, tmp_path: Path) -> None:
    order = Order(str(tmp_path / "none.png"), [(str(find("harvest")), 1.0)], StylizeSettings())
    with pytest.raises(InputError, match=r"none\.png"):
        list(Job(order, visit).run())


def test_nothing_is_kept_of_who_leaves_while_it_is_written(
    tmp_path: Path, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither in the visit's folder nor where results are rescued to."""
    visits = Visits(tmp_path / "visits")
    visit = visits.of("somebody")
    rescued = tmp_path / "rescued"
    rescued.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(rescued))
    finish = StylizeStep.finish

    def leave(step: StylizeStep) -> Stylization:
        visits.leave("somebody")
        return finish(step)

    monkeypatch.setattr(StylizeStep, "finish", leave)
    job = Job(Order(photo, [(str(find("harvest")), 1.0)], StylizeSettings(**QUICK)), visit)
    with pytest.raises(FileNotFoundError):
        list(job.run())
    assert not list(rescued.iterdir())
    assert not visit.folder.exists()
