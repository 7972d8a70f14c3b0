from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.errors import InputError, UsageError
from impasto.units.atlas import Atlas, LayerPatches, Patch
from impasto.units.receptive import Field
from impasto.units.report import Cells, Pictures, draw_unit, write_report

ORANGE = [255, 138, 0]


@pytest.mark.parametrize("layer", ["relu1_1", "a/b:c", "fc"])
@pytest.mark.parametrize("unit", [0, 1])
def test_every_layer(report: Path, layer: str, unit: int) -> None:
    image = draw_unit(report, layer, unit)
    assert image.mode == "RGB"
    assert image.width == 1144
    assert (np.asarray(image) == ORANGE).all(-1).any()


def framed(folder: Path, *, clipped: bool) -> Image.Image:
    """A unit that looks at the lower right quarter of a black picture."""
    folder.mkdir()
    patch = Patch(0, "black", 1.0, (0, 0), ((50, 100), (100, 200)), clipped)
    layers = {"conv": LayerPatches((Field(100), Field(100)), [[patch]])}
    pictures = Pictures(folder / "pictures")
    pictures.put_picture("black", torch.zeros(3, 100, 200))
    cells = Cells.create(folder / "cells", "conv", units=1, k=1, projections=False)
    write_report(folder / "r", Atlas("n", "d", 1, [], layers), {"conv": cells}, pictures)
    return draw_unit(folder / "r", "conv", 0)


def test_the_patch_is_framed(tmp_path: Path) -> None:
    pixels = np.asarray(framed(tmp_path / "a", clipped=False))
    black = np.argwhere((pixels < 12).all(-1) | (pixels == ORANGE).all(-1))
    picture = black[black[:, 0] > 250]  # below heading and cells
    top, left = picture.min(0)
    rows, columns = np.argwhere((pixels == ORANGE).all(-1)).T
    width, height = 344, 172
    assert abs(rows.min() - (top + height // 2)) <= 2
    assert abs(rows.max() - (top + height - 1)) <= 2
    assert abs(columns.min() - (left + width // 2)) <= 2
    assert abs(columns.max() - (left + width - 1)) <= 2


def test_a_clipped_patch_is_framed_otherwise(tmp_path: Path) -> None:
    full = np.asarray(framed(tmp_path / "a", clipped=False))
    dashed = np.asarray(framed(tmp_path / "b", clipped=True))
    counts = [(pixels == ORANGE).all(-1).sum() for pixels in (full, dashed)]
    assert 0.4 * counts[0] < counts[1] < 0.7 * counts[0]


def test_dead_units_are_drawn(report: Path) -> None:
    assert draw_unit(report, "relu1_1", 4).height > 0


def test_what_is_no_report(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(InputError, match="is no report of units"):
            draw_unit(folder, "relu1_1", 0)


@pytest.mark.parametrize(
    ("layer", "unit", "message"),
    [
        ("relu1-1", 0, "no layer relu1-1. Did you mean relu1_1?"),
        ("\n", 0, "Choose from relu1_1, a/b:c, fc"),
        ("relu1_1", 5, "relu1_1 has units 0 to 4, not 5"),
        ("relu1_1", -1, "units 0 to 4, not -1"),
    ],
)
def test_wrong_names(report: Path, layer: str, unit: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        draw_unit(report, layer, unit)


@pytest.fixture
def copy(report: Path, tmp_path: Path) -> Path:
    shutil.copytree(report, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.mark.parametrize(
    "pattern", ["page/summary.js", "data/relu1_1.js", "sheets/*.webp", "pictures/*.webp"]
)
@pytest.mark.parametrize("damage", ["empty", "half", "text"])
def test_damaged_reports(copy: Path, pattern: str, damage: str) -> None:
    for path in copy.glob(pattern):
        whole = path.read_bytes()
        damaged = {"empty": b"", "half": whole[: len(whole) // 2], "text": b"deliver(0,{});\n"}
        path.write_bytes(damaged[damage])
    with pytest.raises(InputError, match=r"damaged|could not be read"):
        draw_unit(copy, "relu1_1", 0)


@pytest.mark.parametrize("pattern", ["data/relu1_1.js", "sheets/*.webp", "pictures/*.webp"])
def test_missing_parts(copy: Path, pattern: str) -> None:
    for path in copy.glob(pattern):
        path.unlink()
    with pytest.raises(InputError, match="could not be read: No such file"):
        draw_unit(copy, "relu1_1", 0)


def test_many_patches(inventing: Callable[..., Any], tmp_path: Path) -> None:
    made = inventing(tmp_path / "work", {"conv": (2, Field(20, 2))}, k=25)
    assert draw_unit(made.write(tmp_path / "r"), "conv", 0).height > 2000
