"""A folder of contents: one that is bad does not stop the others."""

from __future__ import annotations

import json
import shutil
from typing import Any

import numpy as np
import pytest
import soundfile

QUICK = ("--steps", "1", "--levels", "1")


def test_one_bad_picture_does_not_stop_the_others(desk: Any) -> None:
    folder = desk / "photos"
    folder.mkdir()
    for name in ("a.png", "c.png"):
        shutil.copy(desk / "photo.png", folder / name)
    desk.picture("photos/c.jpg", 40, 40)
    desk.picture("photos/d.png", 60, 10)
    (folder / "b.png").write_text("hello")
    (folder / "e.jpg").touch()
    (folder / "notes.txt").write_text("no picture")
    outcome = desk.stylize("none.png", "-o", "out", "--json", content="photos")
    assert outcome.code == 3
    made = sorted(path.name for path in (desk / "out").iterdir())
    assert made == ["a.png", "c_jpg.png", "c_png.png"]
    assert desk.pixels("out/c_jpg.png").shape == (32, 32, 3)
    report = json.loads(outcome.stdout)
    assert [entry["output"] for entry in report["results"]] == [f"out/{name}" for name in made]
    failures = {entry["content"]: entry["error"] for entry in report["failures"]}
    assert list(failures) == ["photos/b.png", "photos/d.png", "photos/e.jpg", "none.png"]
    assert "photos/b.png is not a picture" in failures["photos/b.png"]
    assert "at least 16" in failures["photos/d.png"]
    assert failures["photos/e.jpg"] == "photos/e.jpg is empty."
    assert "no file 'none.png'" in failures["none.png"]
    end = outcome.lines[-5:]
    assert end[0] == "impasto: 4 of the contents could not be stylized; the others are done."
    assert end[1:] == [f"  {error}" for error in failures.values()]


def test_what_is_wrong_with_all_is_said_once(desk: Any) -> None:
    outcome = desk.stylize("style.png", "-o", "out", style="none.png")
    outcome.refuses(3, "no file 'none.png'")
    assert not (desk / "out").exists()


def test_a_folder_is_not_written_over_itself(desk: Any) -> None:
    desk.picture("first.jpg", 40, 40)
    before = (desk / "photo.png").read_bytes()
    desk.stylize("-o", ".", content=".").refuses(2, "photo.png", "over")
    assert (desk / "photo.png").read_bytes() == before
    assert not (desk / "first.png").exists()


def fill(folder: Any) -> None:
    """Put a content of each medium into a folder, and one that cannot be read."""
    folder.mkdir()
    random = np.random.default_rng(0)
    soundfile.write(folder / "hum.flac", random.normal(size=8000) * 0.1, 8000)
    np.savetxt(folder / "beats.csv", random.normal(size=(600, 2)), delimiter=",")
    np.save(folder / "walk.npy", random.normal(size=600).cumsum())
    np.save(folder / "block.npy", random.normal(size=(20, 20, 20)).astype(np.float32))
    (folder / "bad.npy").write_bytes(b"none")
    (folder / "notes.txt").write_text("nothing to see")


@pytest.mark.parametrize(
    ("style", "made"),
    [
        ("hum.flac", {"hum.flac": None}),
        ("beats.npy", {"beats.csv": (600, 2), "walk.npy": (600,)}),
        ("style.png", {"block.npy": (20, 20, 20), "photo.png": None}),
    ],
)
def test_a_style_takes_from_a_folder_what_it_goes_with(desk: Any, style: str, made: Any) -> None:
    fill(desk / "all")
    shutil.copy(desk / "photo.png", desk / "all")
    shutil.copy(desk / "all" / "hum.flac", desk.folder)
    np.save(desk / "beats.npy", np.sin(np.arange(700) / 5))
    words = ("stylize", "all", "--style", style, "-o", "out", "--json", "--size", "original")
    outcome = desk.impasto(*words, *QUICK)
    report = json.loads(outcome.stdout)
    assert [entry["output"] for entry in report["results"]] == [f"out/{name}" for name in made]
    wrong = [entry["content"] for entry in report["failures"]]
    assert wrong == (["all/bad.npy"] if style == "beats.npy" else [])
    assert outcome.code == (3 if wrong else 0)
    for name, shape in made.items():
        if name.endswith(".csv"):
            assert np.loadtxt(desk / "out" / name, delimiter=",").shape == shape
        elif name.endswith(".npy"):
            assert np.load(desk / "out" / name).shape == shape
        else:
            assert (desk / "out" / name).stat().st_size > 1000


def test_contents_that_the_style_does_not_go_with_are_refused_before_the_work(desk: Any) -> None:
    fill(desk / "all")
    words = ("stylize", "photo.png", "all/hum.flac", "--style", "style.png", "-o", "out")
    desk.impasto(*words).refuses(2, "style.png is a picture, which is no style for a sound")
    assert not (desk / "out").exists()
    both = ("stylize", "all", "--style", "style.png", "--style", "all/hum.flac", "-o", "out")
    desk.impasto(*both).refuses(2, "No content goes with a picture and a sound together")
    shared = ("stylize", "all/hum.flac", "all/hum.flac", "--style", "all/hum.flac", "-o", "out")
    desk.impasto(*shared, "--ray", "local").refuses(2, "leave it out for a sound")
    only = ("stylize", "all", "--style", "style.png", "-o", "out", "--size", "original")
    (desk / "all" / "block.npy").unlink()
    desk.impasto(*only).refuses(3, "all holds no picture or volume")
