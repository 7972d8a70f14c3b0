from __future__ import annotations

from pathlib import Path

import pytest

from impasto.encoders import load_encoder
from impasto.errors import WeightsError
from impasto.fast.lesson import Teacher
from impasto.fast.model import StyleFacts, new_model, read_model
from impasto.fast.network import Layout
from impasto.fast.painter import TorchPainter, Wanted
from impasto.fast.shipped import FOLDER, LARGEST, find_model, model_for, shipped
from impasto.fast.stock import Drawn
from impasto.fast.styles import at_size
from impasto.media import read
from impasto.objectives.conventions import convention
from impasto.samples import find

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


def test_a_folder_of_that_name_is_no_model(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two").mkdir()
    assert find_model(Path("two"), folder) == folder / "two.safetensors"


def test_what_ships_can_be_read_and_is_small() -> None:
    assert sum(path.stat().st_size for path in shipped()) <= LARGEST
    for path in shipped(FOLDER):
        assert read_model(path).facts["license"]


@pytest.mark.parametrize("name", ["any", "paintings"])
def test_what_ships_paints(name: str) -> None:
    """A painting costs less than half of the photograph, which each costs in its own style."""
    encoder, model = load_encoder(), read_model(FOLDER / f"{name}.safetensors")
    teacher = Teacher(encoder, convention("impasto"), size=256)
    photo = at_size(read(find("kingfisher")).samples, 160)
    pictures = [read(find(own)).samples for own in ("starry_night", "harvest")]
    targets = [teacher.target(Drawn((n, 0), lambda _, n=n: pictures[n])) for n in range(2)]  # type: ignore[misc]
    costs = []
    for number, own in enumerate(("starry_night", "harvest")):
        painter = TorchPainter(model)
        wanted = Wanted(1.0, painter.named(own), pictures[number])
        painted = painter.painting([wanted], encoder=encoder)(photo[0])[None]
        costs.append(
            [
                teacher.correct(picture, photo, [target], keys=(0,))[0].total
                for picture in (photo, painted)
                for target in targets
            ]
        )
    (star, field, own, other), (_, _, wrong, right) = costs
    assert own < 0.5 * star
    assert right < 0.5 * field
    assert own < wrong
    assert right < other
