"""A folder of pictures: one that is bad does not stop the others."""

from __future__ import annotations

import json
import shutil
from typing import Any


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
    assert end[0] == "impasto: 4 of the pictures could not be stylized; the others are done."
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
