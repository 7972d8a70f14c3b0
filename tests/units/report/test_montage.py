from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from impasto.units.atlas import LayerPatches, Patch
from impasto.units.receptive import Field
from impasto.units.report import Cells
from impasto.units.report.montage import choose_units, draw_montage

FIELDS = (Field(3), Field(3))


def layer(activations: list[float]) -> LayerPatches:
    return LayerPatches(
        FIELDS, [[Patch(0, "a", a, (0, 0), ((0, 3), (0, 3)), False)] for a in activations]
    )


@pytest.mark.parametrize(
    ("activations", "chosen"),
    [
        ([1] * 10, [0, 3, 6, 9]),
        ([1] * 3, [0, 1, 2]),
        ([0, 1, 1, 0, 1], [1, 2, 4]),
        ([0, *[1] * 11, 0], [1, 4, 8, 11]),
        ([0, 0], []),
        ([], []),
    ],
)
def test_units_are_spread_over_those_alive(activations: list[float], chosen: list[int]) -> None:
    assert choose_units(layer(activations), 4) == chosen


def test_patches_stand_left_of_projections(tmp_path: Path) -> None:
    cells = Cells.create(tmp_path, "relu", units=1, k=4, cell=20)
    for rank in range(4):
        cells.put_patch(0, rank, torch.tensor([1.0, 0, 0]).view(3, 1, 1).expand(3, 20, 20))
        cells.put_projection(0, rank, torch.tensor([-1.0, -1, 1]).view(3, 1, 1).expand(3, 20, 20))
    pixels = np.asarray(draw_montage("relu", layer([1.0]), cells))
    red = np.argwhere((pixels == [255, 0, 0]).all(-1))
    blue = np.argwhere((pixels == [0, 0, 255]).all(-1))
    assert len(red) == len(blue) == 4 * 20 * 20
    assert red[:, 1].max() < blue[:, 1].min()
    assert (red[:, 0] == blue[:, 0]).all()


def test_sixteen_units_at_most(invented: Any, tmp_path: Path) -> None:
    cells = Cells.create(tmp_path, "relu", units=40, k=9, cell=8)
    image = draw_montage("relu", layer([1.0] * 40), cells)
    gray = (np.asarray(image) == 128).all(-1).sum()
    assert gray == pytest.approx(16 * 18 * 64, rel=0.02)  # letters are smoothed with some grays


@pytest.mark.parametrize("name", ["relu", "x" * 300, "a\nb\udcff<script>"])
def test_any_name_and_no_unit(name: str, tmp_path: Path) -> None:
    cells = Cells.create(tmp_path, "relu", units=1, k=9, cell=8, projections=False)
    assert draw_montage(name, layer([0.0]), cells).width >= 480
