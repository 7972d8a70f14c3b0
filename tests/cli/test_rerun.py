"""What a picture tells is checked before it is believed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from impasto.media import read
from impasto.media.image import read_note, write_image

SMALL = "--size 32 --steps 1 --levels 1".split()


@pytest.fixture
def told(call: Any, pictures: None, tmp_path: Path) -> dict[str, Any]:
    """What out.png, made of photo.png and style.png, tells."""
    assert call("stylize", "photo.png", "-s", "style.png", *SMALL, "-o", "out.png").code == 0
    note: dict[str, Any] = json.loads(read_note(tmp_path / "out.png") or "")
    return note


def edit(path: Path, note: Any) -> None:
    text = note if isinstance(note, str) else json.dumps(note)
    write_image(read(path), path, note=text)


def test_it_is_made_again(call: Any, told: dict[str, Any], tmp_path: Path) -> None:
    outcome = call("rerun", "out.png", "--json")
    assert outcome.code == 0, outcome.err
    assert json.loads(outcome.out)["output"] == "out.rerun.png"
    assert (tmp_path / "out.rerun.png").read_bytes() == (tmp_path / "out.png").read_bytes()


EDITS: list[Callable[[dict[str, Any]], Any]] = [
    lambda told: "",
    lambda told: "no JSON",
    lambda told: "[]",
    lambda told: "3",
    lambda told: {},
    lambda told: {**told, "inputs": None},
    lambda told: {**told, "inputs": {**told["inputs"], "styles": [1]}},
    lambda told: {**told, "inputs": {**told["inputs"], "masks": [[1]]}},
    lambda told: {**told, "settings": {"nonsense": 1}},
    lambda told: {**told, "settings": {**told["settings"], "steps": -1}},
    lambda told: {**told, "settings": {**told["settings"], "optimizer": "magic"}},
    lambda told: {**told, "settings": 5},
    lambda told: {**told, "end": 5},
    lambda told: {**told, "end": {"level": 0}},
    lambda told: {**told, "threads": "many"},
    lambda told: {name: value for name, value in told.items() if name != "bits"},
    lambda told: {name: value for name, value in told.items() if name != "weights_sha256"},
]


def test_an_edited_note_is_refused(call: Any, told: dict[str, Any], tmp_path: Path) -> None:
    for change in EDITS:
        edited = change(copy.deepcopy(told))
        edit(tmp_path / "out.png", edited)
        outcome = call("rerun", "out.png")
        assert outcome.code == 3, (edited, outcome)
        assert outcome.err.startswith("impasto: out.png does not tell how it was made"), edited


@pytest.mark.parametrize(
    ("name", "told_of_it"),
    [
        ("photo.png", "photo.png has changed since out.png was made from it."),
        ("style.png", "style.png has changed since out.png was made from it."),
    ],
)
def test_a_changed_input_is_refused(
    call: Any, told: dict[str, Any], tmp_path: Path, name: str, told_of_it: str
) -> None:
    Image.new("RGB", (64, 48)).save(tmp_path / name)
    outcome = call("rerun", "out.png")
    assert (outcome.code, outcome.err) == (3, f"impasto: {told_of_it}\n")


def test_a_missing_input_is_refused_with_advice(
    call: Any, told: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    outcome = call("rerun", "../out.png")
    assert outcome.code == 3
    assert "There is no file 'photo.png'." in outcome.err
    assert "Go to the folder" in outcome.err


def test_a_picture_that_is_not_ours_is_refused(call: Any, told: Any) -> None:
    assert "photo.png does not tell" in call("rerun", "photo.png").err
    assert call("rerun", "none.png").code == 3


def test_pictures_in_memory_cannot_be_repeated(
    call: Any, told: dict[str, Any], tmp_path: Path
) -> None:
    told["inputs"]["content"]["path"] = None
    edit(tmp_path / "out.png", told)
    outcome = call("rerun", "out.png")
    assert outcome.code == 3
    assert "pictures in memory" in outcome.err


def test_other_weights_are_refused(call: Any, told: dict[str, Any], tmp_path: Path) -> None:
    told["weights_sha256"] = "0" * 64
    edit(tmp_path / "out.png", told)
    outcome = call("rerun", "out.png")
    assert outcome.code == 4
    assert "weights" in outcome.err


def test_other_versions_are_mentioned(call: Any, told: dict[str, Any], tmp_path: Path) -> None:
    told["versions"]["torch"] = "1.0"
    edit(tmp_path / "out.png", told)
    outcome = call("rerun", "out.png")
    assert outcome.code == 0
    assert outcome.err.splitlines()[-1] == (
        "It was first made with other versions, so it may differ."
    )
    assert call("rerun", "out.png", "--quiet").err == ""
