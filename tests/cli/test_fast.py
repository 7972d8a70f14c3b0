from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from impasto.fast.model import StyleFacts, new_model
from impasto.fast.network import Layout

from .conftest import Calling

pytestmark = pytest.mark.usefixtures("pictures")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    made = new_model(Layout(2, (4, 6), 1, 3), [StyleFacts("waves", "0" * 64)], any_style=False)
    with torch.no_grad():
        made.styles.rows.normal_()  # type: ignore[operator, union-attr]
    path = tmp_path / "starry.safetensors"
    path.write_bytes(made.packed())
    return path


def test_a_picture_is_painted_and_painted_again(call: Calling, model: Path, tmp_path: Path) -> None:
    made = call("stylize", "photo.png", "--model", model.name, "-o", "out.png", "--json")
    assert made.code == 0, made.err
    assert "out.png: painted in" in made.err
    told = json.loads(made.out)
    assert told["total"] is None
    assert told["settings"]["model"] == "starry.safetensors"
    again = call("rerun", "out.png")
    assert again.code == 0, again.err
    with Image.open("out.png") as first, Image.open("out.rerun.png") as second:
        assert first.size == (512, 384)
        assert first.tobytes() == second.tobytes()


def test_another_model_under_the_same_name(call: Calling, model: Path) -> None:
    assert call("stylize", "photo.png", "--model", model.name, "-o", "out.png").code == 0
    other = new_model(Layout(2, (4, 6), 1, 3), [StyleFacts("waves", "0" * 64)], any_style=False)
    model.write_bytes(other.packed())
    refused = call("rerun", "out.png")
    assert refused.code == 4
    assert "not those that out.png was made with" in refused.err


def test_a_result_is_named_after_the_model(call: Calling, model: Path, tmp_path: Path) -> None:
    assert call("stylize", "photo.png", "--model", model.name, "--size", "40", "-q").code == 0
    assert (tmp_path / "photo_starry.png").exists()


def test_a_folder_is_painted(call: Calling, model: Path, tmp_path: Path) -> None:
    made = call("stylize", ".", "--model", model.name, "-s", "waves", "-o", "out", "--size", "40")
    assert made.code == 0, made.err
    assert sorted(own.name for own in (tmp_path / "out").iterdir()) == ["photo.png", "style.png"]


def test_stdin_is_painted(
    call: Calling,
    model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    content = io.BytesIO((tmp_path / "photo.png").read_bytes())
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=content))
    made = call("stylize", "-", "--model", model.name, "--size", "40", "-o", "out.png", "-q")
    assert made.code == 0
    with Image.open(tmp_path / "out.png") as image:
        assert image.size == (40, 30)


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--plot", "costs.png"), 2, "unless you add --refine"),
        (("--style", "wave"), 2, "Did you mean waves?"),
        (("--style", "waves", "--style", "waves"), 2, "has 1 style, and 2 are asked for"),
        (("--model", "photo.png"), 4, "photo.png is no model of impasto"),
        (("--strength", "3"), 2, "--strength must be a number from 0 to 1"),
    ],
)
def test_what_is_refused(
    call: Calling, model: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    refused = call("stylize", "photo.png", "--model", model.name, *words)
    assert refused.code == code
    assert told in refused.err


def test_a_texture_is_not_painted(call: Calling, model: Path) -> None:
    refused = call("synthesize", "style.png", "--model", model.name)
    assert refused.code == 2
    assert "makes no textures" in refused.err
