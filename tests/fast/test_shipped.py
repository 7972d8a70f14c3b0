from __future__ import annotations

from pathlib import Path

import pytest

from impasto.errors import WeightsError
from impasto.fast.model import StyleFacts, new_model, read_model
from impasto.fast.network import Layout
from impasto.fast.shipped import FOLDER, LARGEST, find_model, model_for, shipped

TINY = Layout(2, (4, 6), blocks=1, window=3)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    known = [StyleFacts("a", "1"), StyleFacts("b", "2")]
    for name, any_style in (("any", True), ("two", False)):
        made = new_model(TINY, known, any_style=any_style)
        (tmp_path / f"{name}.safetensors").write_bytes(made.packed())
    return tmp_path


def test_a_network_for_just_these_styles_comes_first(folder: Path) -> None:
    assert model_for(["2"], folder).stem == "two"
    assert model_for(["2", "1"], folder).stem == "two"
    assert model_for(["2", "3"], folder).stem == "any"


def test_none_that_suits(folder: Path) -> None:
    (folder / "any.safetensors").unlink()
    with pytest.raises(WeightsError, match="name one with --model FILE"):
        model_for(["3"], folder)


def test_a_model_by_its_name_or_its_path(folder: Path) -> None:
    assert find_model(Path("two"), folder) == folder / "two.safetensors"
    assert find_model(folder / "any.safetensors", folder) == folder / "any.safetensors"
    assert find_model(Path("none"), folder) == Path("none")


def test_what_ships_can_be_read_and_is_small() -> None:
    assert sum(path.stat().st_size for path in shipped()) <= LARGEST
    for path in shipped(FOLDER):
        assert read_model(path).facts["license"]
