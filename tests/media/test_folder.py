from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from impasto.errors import InputError
from impasto.media.folder import signals_in


def test_pictures_are_sorted_and_hidden_ones_left_out(tmp_path: Path) -> None:
    for name in ("b.JPG", "a.png", ".hidden.png", "notes.txt", "c.tiff", "a.wav"):
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "d.webp").touch()
    assert [p.name for p in signals_in(tmp_path)] == ["a.png", "b.JPG", "c.tiff"]


def test_arrays_belong_to_the_medium_that_they_hold(tmp_path: Path) -> None:
    np.save(tmp_path / "curve.npy", np.zeros(9))
    np.save(tmp_path / "block.npy", np.zeros((4, 4, 4)))
    for name in ("head.nii.gz", "head.gz", "table.csv"):
        (tmp_path / name).touch()
    assert [p.name for p in signals_in(tmp_path, ["series"])] == ["curve.npy", "table.csv"]
    assert [p.name for p in signals_in(tmp_path, ["volume"])] == ["block.npy", "head.nii.gz"]
    both = signals_in(tmp_path, {"series", "volume"})
    assert [p.name for p in both] == ["block.npy", "curve.npy", "head.nii.gz", "table.csv"]


def test_a_hidden_folder_may_be_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / ".hidden"
    folder.mkdir()
    (folder / "a.png").touch()
    assert signals_in(folder) == [folder / "a.png"]


def test_a_folder_without_any(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(InputError, match=r"holds no picture \(\.png, "):
        signals_in(tmp_path)
    with pytest.raises(InputError, match=r"holds no picture or volume \(.*\.gif, \.nii, "):
        signals_in(tmp_path, ["volume", "image"])


def test_what_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(InputError, match=path.name):
            signals_in(path)
