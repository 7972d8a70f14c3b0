from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.errors import ShapeError, UsageError
from impasto.units.atlas import LayerPatches
from impasto.units.receptive import Field
from impasto.units.report import Pictures, read_table, write_report
from impasto.units.report.data import read_script


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_what_there_is(report: Path) -> None:
    stems = ["relu1_1", "a-b-c", "fc"]
    sheets = {path for path in contents(report) if path.startswith("sheets/")}
    assert len(sheets) == 3 * len(stems)
    assert set(contents(report)) - sheets == {
        *("index.html", "units.parquet", "page/page.css", "page/page.js", "page/unit.js"),
        *("page/keys.js", "page/summary.js", "page/files.txt"),
        *(f"layers/{stem}.png" for stem in stems),
        *(f"data/{stem}.js" for stem in stems),
        *(f"pictures/{n}.webp" for n in range(3)),
    }


def test_the_same_bytes_whatever_order_pictures_come_in(
    invented: Any, report: Path, tmp_path: Path
) -> None:
    pictures = Pictures(tmp_path / "pictures")
    for name, picture in reversed(invented.samples.items()):
        pictures.put_picture(name, picture)
    again = replace(invented, pictures=pictures).write(tmp_path / "r")
    assert contents(again) == contents(report)


def test_writing_again_changes_nothing(invented: Any, report: Path, tmp_path: Path) -> None:
    invented.write(tmp_path / "r")
    assert contents(invented.write(tmp_path / "r")) == contents(report)


def test_another_report_takes_its_place(
    inventing: Callable[..., Any], invented: Any, tmp_path: Path
) -> None:
    invented.write(tmp_path / "r")
    other = inventing(tmp_path / "work", {"conv": (2, Field(5, 2))})
    assert set(contents(other.write(tmp_path / "r"))) == set(contents(other.write(tmp_path / "s")))


def test_the_table(invented: Any, report: Path) -> None:
    back = read_table(report / "units.parquet")
    assert {name: len(layer.units) for name, layer in back.layers.items()} == {
        "relu1_1": 5,
        "a/b:c": 3,
        "fc": 2,
    }
    assert (
        back.layers["relu1_1"].units[0][0].box == invented.atlas.layers["relu1_1"].units[0][0].box
    )


def test_the_summary(report: Path) -> None:
    summary = read_script(report / "page/summary.js")
    assert summary["passed_over"] == [["broken.jpg", "it ends too early"]]
    assert (summary["network"], summary["dataset"], summary["count"]) == ("tiny", "photos", 5)
    assert summary["layers"][1] == {
        "name": "a/b:c",
        "stem": "a-b-c",
        "fields": [{"size": 40, "stride": 8, "offset": -10, "whole": False}] * 2,
        "size": "40 px",
        "stride": "8",
        "units": 3,
        "dead": 1,
    }


def test_the_data_of_a_layer(invented: Any, report: Path) -> None:
    data = read_script(report / "data/a-b-c.js")
    assert data["dead"] == [2]
    assert not data["pixels"]
    assert data["sheets"]["maximizations"]["cell"] == 32
    for unit, patches in enumerate(invented.atlas.layers["a/b:c"].units):
        for patch, entry in zip(patches, data["units"][unit], strict=True):
            picture, activation, clipped, *numbers = entry
            assert data["pictures"][picture][1] == patch.picture
            space = tuple(invented.samples[patch.picture].shape[1:])
            assert tuple(data["pictures"][picture][2:]) == space
            assert activation == pytest.approx(patch.activation, rel=1e-5)
            assert bool(clipped) == patch.clipped
            assert numbers == [*patch.position, *patch.box[0], *patch.box[1]]


def test_patches_of_few_pixels_lose_none(invented: Any, report: Path) -> None:
    data = read_script(report / "data/relu1_1.js")
    assert data["pixels"]
    with Image.open(report / "sheets" / data["sheets"]["patches"]["files"][0]) as image:
        sheet = np.asarray(image.convert("RGB"))
    assert (sheet[:16, 48:64] == invented.cells["relu1_1"].patches[1, 0]).all()


def test_scripts_are_ascii_and_end_nothing(report: Path) -> None:
    for path in (report / "data").iterdir():
        text = path.read_text("ascii")
        assert text.count("\n") == 1
        assert json.loads("[" + text.removeprefix("deliver(").removesuffix(");\n") + "]")


def test_activations_that_are_not_finite(inventing: Callable[..., Any], tmp_path: Path) -> None:
    made = inventing(tmp_path / "work", {"conv": (1, Field(5, 2))}, k=1)
    layer = made.atlas.layers["conv"]
    odd = LayerPatches(layer.fields, [[replace(layer.units[0][0], activation=float("inf"))]])
    report = replace(made, atlas=replace(made.atlas, layers={"conv": odd})).write(tmp_path / "r")
    assert read_script(report / "data/conv.js")["units"][0][0][1] is None


@pytest.mark.parametrize("axes", [1, 3])
def test_only_two_axes(axes: int, invented: Any, tmp_path: Path) -> None:
    atlas = replace(invented.atlas, layers={"conv": LayerPatches((Field(),) * axes, [])})
    with pytest.raises(ShapeError, match=f"over 2 axes, conv has {axes}"):
        write_report(tmp_path / "r", atlas, {}, invented.pictures)


def test_inputs_that_do_not_fit(invented: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="as many cells as units of relu1_1"):
        write_report(tmp_path / "r", invented.atlas, {}, invented.pictures)
    with pytest.raises(UsageError, match=r"<script>.*\\n\\udcff \.png was not put"):
        write_report(tmp_path / "r", invented.atlas, invented.cells, Pictures(tmp_path))
    assert not (tmp_path / "r").exists()
