from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from PIL import Image

from impasto.units.report.sheets import Layout, write_sheets


def layout_of(units: int, k: int, cell: int) -> Layout:
    return Layout.of(np.empty((units, k, cell, cell, 3), np.uint8))


@pytest.mark.parametrize(
    ("units", "k", "cell", "expected"),
    [
        (512, 9, 48, Layout(48, 3, 3, 10, 10, 512)),
        (7, 9, 48, Layout(48, 3, 3, 7, 10, 7)),
        (50, 5, 48, Layout(48, 3, 2, 10, 15, 50)),
        (50, 1, 160, Layout(160, 1, 1, 9, 9, 50)),
        (50, 9, 600, Layout(600, 3, 3, 1, 1, 50)),
    ],
)
def test_layouts(units: int, k: int, cell: int, expected: Layout) -> None:
    assert layout_of(units, k, cell) == expected


def test_places() -> None:
    layout = layout_of(512, 9, 48)
    assert layout.sheets == 6
    assert layout.range(5) == range(500, 512)
    assert layout.place(0) == (0, 0, 0)
    assert layout.place(137) == (1, 7 * 144, 3 * 144)


@given(
    units=some.integers(1, 40),
    k=some.integers(1, 10),
    cell=some.integers(100, 700),
)
def test_blocks_do_not_overlap(units: int, k: int, cell: int) -> None:
    layout = layout_of(units, k, cell)
    places = {layout.place(unit) for unit in range(units)}
    assert len(places) == units
    for unit in range(units):
        assert unit in layout.range(layout.place(unit)[0])
    for _, left, top in places:
        assert left % (layout.columns * cell) == top % (layout.rows * cell) == 0


def test_cells_are_where_the_layout_says(tmp_path: Path) -> None:
    cells = np.random.default_rng(0).integers(0, 256, (5, 3, 400, 400, 3), np.uint8)
    layout, files = write_sheets(cells, tmp_path, lossless=True)
    assert (layout.across, layout.down, layout.sheets) == (1, 1, 5)
    assert sorted(files) == sorted(path.name for path in tmp_path.iterdir())
    for unit in range(5):
        with Image.open(tmp_path / files[unit]) as image:
            pixels = np.asarray(image.convert("RGB"))
        assert pixels.shape == (800, 800, 3)
        assert (pixels[:400, :400] == cells[unit, 0]).all()
        assert (pixels[:400, 400:] == cells[unit, 1]).all()
        assert (pixels[400:, :400] == cells[unit, 2]).all()
        assert (pixels[400:, 400:] == 128).all()


def test_the_last_sheet_is_as_high_as_it_has_to_be(tmp_path: Path) -> None:
    cells = np.zeros((123, 1, 144, 144, 3), np.uint8)
    _, files = write_sheets(cells, tmp_path, lossless=False)
    with Image.open(tmp_path / files[-1]) as image:
        assert image.size == (1440, 3 * 144)


def test_sheets_that_are_alike_are_one(tmp_path: Path) -> None:
    cells = np.random.default_rng(0).integers(0, 256, (2, 1, 900, 900, 3), np.uint8)
    _, one = write_sheets(cells, tmp_path, lossless=False)
    _, other = write_sheets(cells[::-1], tmp_path, lossless=False)
    assert one == other[::-1]
    assert len(set(one)) == len(list(tmp_path.iterdir())) == 2
