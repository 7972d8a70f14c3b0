from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from impasto.errors import ShapeError
from impasto.units.report import Cells


def small_cells(folder: Path, cell: int = 4) -> Cells:
    return Cells.create(
        folder, "relu", units=2, k=3, cell=cell, large_cell=8, projections=True, maximizations=True
    )


def test_what_was_not_put_is_gray(tmp_path: Path) -> None:
    for array in small_cells(tmp_path).by_kind().values():
        assert (array == 128).all()


def test_shapes(tmp_path: Path) -> None:
    cells = small_cells(tmp_path)
    assert {kind: array.shape for kind, array in cells.by_kind().items()} == {
        "patches": (2, 3, 4, 4, 3),
        "projections": (2, 3, 4, 4, 3),
        "maximizations": (2, 1, 8, 8, 3),
    }
    assert (cells.units, cells.k) == (2, 3)


def test_everything_is_on_disk(tmp_path: Path) -> None:
    cells = small_cells(tmp_path)
    for array in (cells.patches, cells.projections, cells.maximizations):
        assert isinstance(array, np.memmap)
    assert len(list(tmp_path.iterdir())) == 3


def test_what_is_on_disk_is_opened_again(tmp_path: Path) -> None:
    small_cells(tmp_path).put_patch(1, 2, torch.ones(3, 4, 4))
    again = Cells.reopen(tmp_path, "relu")
    assert again.patches[1, 2].min() == 255
    assert again.by_kind().keys() == {"patches", "projections", "maximizations"}
    Cells.create(tmp_path / "few", "relu", units=1, k=1, projections=False)
    assert Cells.reopen(tmp_path / "few", "relu").by_kind().keys() == {"patches"}
    with pytest.raises(FileNotFoundError, match="no cells of other"):
        Cells.reopen(tmp_path, "other")


def test_few_pixels_become_squares(tmp_path: Path) -> None:
    cells = small_cells(tmp_path)
    patch = torch.tensor([[0.0, 1.0], [0.2, 0.6]]).expand(3, 2, 2)
    cells.put_patch(1, 2, patch)
    levels = [[0, 0, 255, 255]] * 2 + [[51, 51, 153, 153]] * 2
    assert cells.patches[1, 2, ..., 0].tolist() == levels
    assert (cells.patches[0] == 128).all()


def test_many_pixels_are_averaged(tmp_path: Path) -> None:
    cells = small_cells(tmp_path)
    checkers = (torch.arange(64)[:, None] + torch.arange(64)) % 2
    cells.put_patch(0, 0, checkers.expand(3, 64, 64))
    assert np.abs(cells.patches[0, 0].astype(int) - 127.5).max() < 2


@pytest.mark.parametrize(
    ("size", "shape"), [((1, 2), (2, 4)), ((40, 10), (4, 1)), ((1, 99), (1, 4))]
)
def test_proportions_are_kept_on_gray(
    size: tuple[int, int], shape: tuple[int, int], tmp_path: Path
) -> None:
    cells = small_cells(tmp_path)
    cells.put_patch(0, 0, torch.ones(3, *size))
    white = (cells.patches[0, 0] == 255).all(-1)
    assert (white.any(1).sum(), white.any(0).sum()) == shape
    assert (cells.patches[0, 0][~white] == 128).all()


def test_a_cell_is_filled_anew(tmp_path: Path) -> None:
    cells = small_cells(tmp_path)
    cells.put_patch(0, 0, torch.ones(3, 4, 4))
    cells.put_patch(0, 0, torch.zeros(3, 1, 2))
    assert cells.patches[0, 0, :, 0, 0].tolist() == [128, 0, 0, 128]


def projected(cells: Cells, projection: torch.Tensor) -> NDArray[np.uint8]:
    cells.put_projection(0, 0, projection)
    assert cells.projections is not None
    return cells.projections[0, 0]


def test_projections_are_stretched_around_gray(tmp_path: Path) -> None:
    values = torch.tensor([[-2e-6, 0.0], [1e-6, 2e-6]]).expand(3, 2, 2)
    shown = projected(small_cells(tmp_path), values)
    assert shown[::2, ::2, 0].tolist() == [[0, 128], [191, 255]]


def test_a_projection_of_nothing_is_gray(tmp_path: Path) -> None:
    assert (projected(small_cells(tmp_path), torch.zeros(3, 2, 2)) == 128).all()


def test_a_single_spot_is_shown(tmp_path: Path) -> None:
    spot = torch.zeros(3, 40, 40)
    spot[0, 20, 20] = 1
    shown = projected(small_cells(tmp_path, cell=40), spot)
    assert shown[20, 20].tolist() == [255, 128, 128]


def test_what_is_not_a_number_is_black(tmp_path: Path) -> None:
    cells = small_cells(tmp_path)
    cells.put_patch(0, 0, torch.full((3, 2, 2), torch.nan))
    assert (cells.patches[0, 0] == 0).all()
    assert (projected(cells, torch.full((3, 2, 2), torch.nan)) == 128).all()


def test_a_picture_made_to_excite(tmp_path: Path) -> None:
    cells = small_cells(tmp_path)
    cells.put_maximization(1, torch.ones(3, 30, 30))
    assert cells.maximizations is not None
    assert (cells.maximizations[1] == 255).all()
    assert (cells.maximizations[0] == 128).all()


def test_kinds_that_there_are_not(tmp_path: Path) -> None:
    cells = Cells.create(tmp_path, "relu", units=1, k=1, projections=False)
    assert list(cells.by_kind()) == ["patches"]
    with pytest.raises(ValueError, match="without projections"):
        cells.put_projection(0, 0, torch.zeros(3, 2, 2))
    with pytest.raises(ValueError, match="without maximizations"):
        cells.put_maximization(0, torch.zeros(3, 2, 2))


@pytest.mark.parametrize("shape", [(1, 4, 4), (3, 4), (3, 0, 4), (3, 2, 2, 2)])
def test_only_pictures(shape: tuple[int, ...], tmp_path: Path) -> None:
    with pytest.raises(ShapeError):
        small_cells(tmp_path).put_patch(0, 0, torch.zeros(shape))
