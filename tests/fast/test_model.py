from __future__ import annotations

import json
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load, save

from impasto.errors import WeightsError
from impasto.fast.model import VERSION, FastModel, StyleFacts, new_model, read_model
from impasto.fast.network import Layout
from impasto.fast.painter import TorchPainter
from impasto.fast.painting import Brush, paint
from impasto.fast.styles import StyleTable


def saved(model: FastModel, path: Path) -> Path:
    path.write_bytes(model.packed())
    return path


def altered(path: Path, **changes: Any) -> Path:
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(json.loads(content[8 : 8 + length])["__metadata__"]["impasto"])
    path.write_bytes(save(load(content), {"impasto": json.dumps(header | changes)}))
    return path


@pytest.mark.parametrize("any_style", [False, True])
def test_what_was_saved_is_read(tmp_path: Path, any_style: bool) -> None:
    known = [StyleFacts("a", "1", "a.jpg"), StyleFacts("b", "2")]
    model = new_model(Layout(2, (4, 6), 1, 3), known, any_style=any_style)
    read = read_model(saved(model, tmp_path / "m.safetensors"))
    assert read.header() == model.header()
    assert read.is_any is any_style
    assert len(read.sha256) == 64
    for key, own in model.modules().state_dict().items():
        torch.testing.assert_close(read.modules().state_dict()[key], own.half().float())


def test_half_precision_paints_the_same(model: FastModel, tmp_path: Path) -> None:
    read = read_model(saved(model, tmp_path / "m.safetensors"))
    picture = torch.rand(3, 40, 40)
    for one, other in zip(model.styles.rows, read.styles.rows, strict=True):  # type: ignore[union-attr, arg-type]
        exact = paint(model.network, picture, Brush(one[None]))
        rounded = paint(read.network, picture, Brush(other[None]))
        assert float((exact - rounded).abs().max()) < 0.01


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="No such file"):
        read_model(tmp_path / "none.safetensors")


@pytest.mark.parametrize(
    "content",
    [b"", b"JPEG, or something else that is long enough", b"\x05\0\0\0\0\0\0\0{}   ", save({})],
    ids=["empty", "text", "no header", "no model"],
)
def test_not_a_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.safetensors"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"m.safetensors is no model of impasto\."):
        read_model(path)


def test_another_kind(model: FastModel, tmp_path: Path) -> None:
    path = altered(saved(model, tmp_path / "m.safetensors"), kind="checkpoint")
    with pytest.raises(WeightsError, match="no model of impasto, but a checkpoint"):
        read_model(path)


def test_another_version(model: FastModel, tmp_path: Path) -> None:
    path = altered(saved(model, tmp_path / "m.safetensors"), version=VERSION + 1)
    with pytest.raises(WeightsError, match=f"of version {VERSION + 1}, and this impasto reads"):
        read_model(path)


@pytest.mark.parametrize("share", [0.05, 0.5, 0.99])
def test_cut_short(model: FastModel, tmp_path: Path, share: float) -> None:
    path = saved(model, tmp_path / "m.safetensors")
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(WeightsError, match="damaged or cut short"):
        read_model(path)


class Bomb:
    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return open, ("exploded", "w")


@pytest.mark.parametrize("zipped", [False, True])
def test_a_pickle_is_not_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, zipped: bool
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "m.safetensors"
    bomb = pickle.dumps(Bomb())
    if zipped:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", bomb)
    else:
        path.write_bytes(bomb)
    with pytest.raises(WeightsError, match="holds a pickle, which can run any code"):
        read_model(path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    "changes",
    [
        {"network": {"fold": 2, "widths": [4, 7], "blocks": 1, "window": 3}},
        {"network": {"fold": 2, "widths": [4], "blocks": 1, "window": 3}},
        {"known": []},
        {"styles": {"kind": "other"}},
    ],
)
def test_weights_of_another_network(
    model: FastModel, tmp_path: Path, changes: dict[str, Any]
) -> None:
    path = altered(saved(model, tmp_path / "m.safetensors"), **changes)
    with pytest.raises(WeightsError, match="does not hold the network that it describes"):
        read_model(path)


def test_weights_that_are_not_finite(model: FastModel, tmp_path: Path) -> None:
    with torch.no_grad():
        model.styles.plain[0] = float("nan")
    with pytest.raises(WeightsError, match="not finite"):
        read_model(saved(model, tmp_path / "m.safetensors"))


def test_a_table_of_some_codes(model: FastModel) -> None:
    codes = torch.randn(1, model.network.code_length)
    table = model.with_table(codes, [StyleFacts("new", "3")])
    assert TorchPainter(table).named("new") == 0
    assert TorchPainter(table).named("waves") is None
    assert isinstance(table.styles, StyleTable)
    assert torch.equal(table.styles(torch.ones(1, 1)), codes)


def test_an_unknown_style_is_answered_with_near_ones(model: FastModel) -> None:
    assert "Did you mean waves?" in str(TorchPainter(model).unknown("wave"))
