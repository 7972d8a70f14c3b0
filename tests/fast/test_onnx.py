from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch

from impasto.errors import ImpastoError, UsageError, WeightsError
from impasto.fast import onnx as module
from impasto.fast.model import FastModel, StyleFacts, new_model
from impasto.fast.network import Layout
from impasto.fast.onnx import OnnxPainter, export_onnx
from impasto.fast.painter import TorchPainter, Wanted, load_painter

TINY = Layout(2, (4, 6), blocks=1, window=3)


@pytest.fixture(scope="module")
def known() -> FastModel:
    """A network of two styles, which is exported once."""
    facts = [StyleFacts("waves", "1" * 64), StyleFacts("dots", "2" * 64)]
    made = new_model(TINY, facts, any_style=False)
    with torch.no_grad():
        made.styles.rows.normal_()  # type: ignore[operator, union-attr]
    made.modules().requires_grad_(False)
    return made


@pytest.fixture(scope="module")
def content(known: FastModel, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("onnx") / "m.onnx"
    assert export_onnx(known, path) < 1e-3
    return path.read_bytes()


@pytest.fixture
def exported(content: bytes, tmp_path: Path) -> Path:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    return path


def test_a_graph_paints_any_size_as_torch_does(known: FastModel, exported: Path) -> None:
    painter = load_painter(exported)
    assert isinstance(painter, OnnxPainter)
    assert [own.name for own in painter.known] == ["waves", "dots"]
    torch_painter = TorchPainter(known)
    wanted = [Wanted(3.0, 1), Wanted(1.0, 0)]
    for space in ((33, 70), (120, 41), (5, 40)):
        picture = torch.rand(3, *space)
        one = painter.painting(wanted, strength=0.7)(picture)
        other = torch_painter.painting(wanted, strength=0.7)(picture)
        assert one.shape == other.shape == picture.shape
        if min(space) >= 32:
            torch.testing.assert_close(one, other, atol=1e-3, rtol=0)
        none = painter.painting(wanted, strength=0.0)(picture)
        torch.testing.assert_close(none, picture, atol=1e-5, rtol=0)


def test_a_mask_needs_the_other_kind_of_file(exported: Path) -> None:
    regions = (torch.ones(1, 4, 4), torch.ones(1, 4, 4))
    with pytest.raises(UsageError, match=r"--mask needs a model in a \.safetensors file"):
        load_painter(exported).painting([Wanted(row=0, regions=regions)])


def test_what_does_not_paint_the_same_is_not_written(
    known: FastModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_difference", lambda *_: float("nan"))
    with pytest.raises(ImpastoError, match="paints otherwise than torch"):
        export_onnx(known, tmp_path / "m.onnx")
    assert list(tmp_path.iterdir()) == []


def test_any_style_is_exported_with_some(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="add --style PICTURE"):
        export_onnx(new_model(TINY, [], any_style=True), tmp_path / "m.onnx")


def test_a_missing_runtime_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(UsageError, match=r'onnxruntime is missing: .*"impasto\[fast\]"'):
        load_painter(tmp_path / "m.onnx")


def test_no_graph(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    with pytest.raises(WeightsError, match="No such file"):
        load_painter(path)
    path.write_bytes(b"no graph")
    with pytest.raises(WeightsError, match="no model of ONNX"):
        load_painter(path)


@pytest.mark.parametrize("told", [None, "{", "[]", '{"kind": 1, "version": 1}'])
def test_a_graph_of_somebody_else(exported: Path, told: str | None) -> None:
    import onnx

    graph = onnx.load(exported)
    del graph.metadata_props[:]
    if told is not None:
        onnx.helper.set_model_props(graph, {"impasto": told})
    onnx.save(graph, exported)
    with pytest.raises(WeightsError, match="not exported by this version of impasto"):
        load_painter(exported)
