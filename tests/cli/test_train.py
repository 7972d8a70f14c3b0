from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from .conftest import Calling

QUICK = (
    *("--steps", "3", "--batch", "1", "--crop", "32", "--size", "48", "--show-every", "2"),
    *("--widths", "4,6", "--blocks", "1", "--report-every", "1", "--precision", "float32"),
)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for seed in range(5):
        name = f"photos/{seed}.png" if seed < 3 else f"style{seed}.png"
        coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
        Image.fromarray(coarse).resize((64, 48), Image.Resampling.BICUBIC).save(tmp_path / name)
    return tmp_path


def test_a_network_is_trained_paints_and_is_exported(call: Calling, files: Path) -> None:
    (files / "photos" / "bad.jpg").write_bytes(b"no picture")
    words = ("--style", "style3.png", "--style", "style4.png", "--photos", "photos", *QUICK)
    made = call("train", *words, "-o", "m.safetensors", "--json", "--license", "CC0-1.0")
    assert made.code == 0, made.err
    assert "bad.jpg" in made.err
    assert json.loads(made.out)["step"] == 3
    there = {own.name for own in (files / "m.log").iterdir()}
    assert there == {"trace.jsonl", "costs.png", "000002.jpg", "000003.jpg"}
    lines = (files / "m.log" / "trace.jsonl").read_text().splitlines()
    assert [json.loads(own)["step"] for own in lines] == [1, 2, 3]
    assert not (files / "m.checkpoint").exists()
    painted = call(
        "stylize", "photos/0.png", "--model", "m.safetensors", "-s", "style4.png", "--size", "40"
    )
    assert painted.code == 0, painted.err
    exported = call("export", "m.safetensors", "-o", "parcel")
    assert exported.code == 0, exported.err
    assert "style3, style4; as torch paints" in exported.err
    run = [sys.executable, "parcel/paint.py", "photos/0.png", "p.png", "style4:0.5", "style3"]
    subprocess.run(run, check=True, cwd=files)
    with Image.open(files / "p.png") as image:
        assert image.size == (64, 48)
    again = call("stylize", "photos/0.png", "--model", "parcel/model.onnx", "-s", "style3")
    assert again.code == 0, again.err
    refused = call("export", "m.safetensors", "-o", "photos")
    assert refused.code == 2
    assert "photos holds something else" in refused.err


def test_any_style_is_trained_from_a_folder(call: Calling, files: Path) -> None:
    words = ("--styles", "photos", "--photos", "photos", *QUICK, "-o", "any.safetensors")
    made = call("train", *words)
    assert made.code == 0, made.err
    painted = call(
        "stylize", "photos/0.png", "--model", "any.safetensors", "-s", "style4.png", "--size", "40"
    )
    assert painted.code == 0, painted.err
    refused = call("export", "any.safetensors", "-o", "m.onnx")
    assert refused.code == 2
    assert "name those to export with --style" in refused.err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("-o", "m.safetensors", "--photos", "photos"), 2, "Name --style PICTURE"),
        (("-s", "style3.png", "-o", "m.safetensors"), 2, "add --photos FOLDER"),
        (("-s", "style3.png", "--photos", "photos", "-o", "m.pt"), 2, "-o NAME.safetensors"),
        (("-s", "style3.png", "--photos", "empty", "-o", "m.safetensors"), 3, "nothing to look at"),
        (("-s", "none.png", "--photos", "photos", "-o", "m.safetensors"), 3, "no file 'none.png'"),
        (
            ("-s", "style3.png", "--photos", "unreadable", "-o", "m.safetensors"),
            3,
            "has 0 photographs that can be read",
        ),
    ],
)
def test_what_cannot_be_trained(
    call: Calling, files: Path, words: tuple[str, ...], code: int, told: str
) -> None:
    (files / "empty").mkdir()
    (files / "unreadable").mkdir()
    (files / "unreadable" / "a.jpg").write_bytes(b"no picture")
    refused = call("train", *words)
    assert refused.code == code, refused.err
    assert told in refused.err
