from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.errors import InputError
from impasto.fast.photos import Photos


def save(path: Path, height: int, width: int) -> None:
    ramp = np.linspace(0, 255, height * width * 3).reshape(height, width, 3).astype(np.uint8)
    Image.fromarray(ramp).save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "a.png", 40, 80)
    save(tmp_path / "b.png", 10, 20)
    (tmp_path / "c.jpg").write_bytes(b"no picture")
    return tmp_path


def test_photographs_are_fitted_and_cut(folder: Path) -> None:
    photos = Photos(folder, longest=60, crop=20)
    assert photos.shapes == [(30, 60), (20, 40)]
    whole, square = photos.whole(0), photos.cut(0, torch.Generator().manual_seed(0))
    assert whole.shape == (3, 30, 60)
    assert square.shape == (3, 20, 20)
    windows = whole.unfold(1, 20, 1).unfold(2, 20, 1)
    apart = [
        (windows - own[:, None, None]).abs().amax((0, 3, 4)).min()
        for own in (square, square.flip(2))
    ]
    assert min(map(float, apart)) == 0


def test_the_same_noise_cuts_the_same(folder: Path) -> None:
    photos = Photos(folder, longest=60, crop=20)
    one, again = (photos.cut(0, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, again)


def test_files_that_cannot_be_read_are_told(folder: Path) -> None:
    (told,) = Photos(folder, longest=60, crop=20).unread
    assert "c.jpg" in told


def test_too_few_photographs(folder: Path) -> None:
    (folder / "b.png").unlink()
    with pytest.raises(InputError, match="has 1 photographs that can be read, and training needs"):
        Photos(folder, longest=60, crop=20)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds nothing to look at"):
        Photos(tmp_path, longest=60, crop=20)
