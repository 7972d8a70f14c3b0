from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from impasto.errors import InputError
from impasto.units.atlas import Atlas, LayerPatches, Patch
from impasto.units.receptive import WHOLE, Field
from impasto.units.report.table import read_table, write_table

FIRST = Patch(0, "a.png", 2.5, (3, 4), ((1, 6), (2, 7)), False)
SECOND = Patch(1, "b/c.png", 0.1, (0, 0), ((0, 3), (0, 2)), True)


def atlas(**changes: Any) -> Atlas:
    layers = {
        "relu1": LayerPatches((Field(5, 1, -2), Field(5, 1, -2)), [[FIRST, SECOND], []]),
        "fc": LayerPatches((WHOLE, WHOLE), [[FIRST]]),
    }
    values = {"network": "n", "dataset": "d", "count": 2, "passed_over": [("x", "y")]}
    return Atlas(**{**values, "layers": layers, **changes})


def test_columns(tmp_path: Path) -> None:
    write_table(atlas(), tmp_path / "t.parquet")
    table = pq.read_table(tmp_path / "t.parquet")
    assert {field.name: str(field.type) for field in table.schema} == {
        "layer": "string",
        "unit": "int32",
        "rank": "int32",
        "picture": "string",
        "activation": "float",
        "position": "list<element: int32>",
        "box": "list<element: list<element: int32>>",
        "clipped": "bool",
    }
    assert table.slice(1, 1).to_pylist() == [
        {
            "layer": "relu1",
            "unit": 0,
            "rank": 1,
            "picture": "b/c.png",
            "activation": pytest.approx(0.1),
            "position": [0, 0],
            "box": [[0, 3], [0, 2]],
            "clipped": True,
        }
    ]


def test_a_row_group_a_layer(tmp_path: Path) -> None:
    write_table(atlas(), tmp_path / "t.parquet")
    metadata = pq.ParquetFile(tmp_path / "t.parquet").metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [2, 1]


def test_comes_back_as_it_was(tmp_path: Path) -> None:
    write_table(atlas(), tmp_path / "t.parquet")
    back = read_table(tmp_path / "t.parquet")
    (first, second), none = back.layers["relu1"].units
    assert second.activation == pytest.approx(SECOND.activation)
    assert (first, none, back.layers["fc"].units) == (FIRST, [], [[FIRST]])
    assert back.layers["relu1"].fields == (Field(5, 1, -2), Field(5, 1, -2))
    assert back.layers["fc"].fields == (WHOLE, WHOLE)
    assert (back.network, back.dataset, back.count) == ("n", "d", 2)
    assert back.passed_over == [("x", "y")]


@pytest.mark.parametrize("axes", [1, 3])
def test_any_number_of_axes(axes: int, tmp_path: Path) -> None:
    patch = Patch(0, "a", 1.0, (7,) * axes, ((5, 9),) * axes, False)
    layers = {"conv": LayerPatches((Field(4),) * axes, [[patch]])}
    write_table(atlas(layers=layers), tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").layers == layers


def test_names_that_are_no_unicode(tmp_path: Path) -> None:
    patch = Patch(0, "a\udcff\n'\".png", 1.0, (0, 0), ((0, 1), (0, 1)), False)
    layers = {"conv": LayerPatches((Field(), Field()), [[patch]])}
    odd = atlas(layers=layers, dataset="\udc80", passed_over=[("b\udcff", "no\udcff")])
    write_table(odd, tmp_path / "t.parquet")
    back = read_table(tmp_path / "t.parquet")
    assert back.layers["conv"].units[0][0].picture == "a\\udcff\n'\".png"
    assert (back.dataset, back.passed_over) == ("\\udc80", [("b\\udcff", "no\\udcff")])


def test_nothing_found(tmp_path: Path) -> None:
    layers = {"conv": LayerPatches((Field(), Field()), [[], []])}
    write_table(atlas(layers=layers), tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet").layers == layers


def test_the_same_bytes(tmp_path: Path) -> None:
    write_table(atlas(), tmp_path / "one")
    write_table(atlas(), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_missing_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"t\.parquet could not be read"):
        read_table(tmp_path / "t.parquet")


def test_tables_that_are_none(tmp_path: Path) -> None:
    write_table(atlas(), tmp_path / "whole")
    (tmp_path / "half").write_bytes((tmp_path / "whole").read_bytes()[:500])
    (tmp_path / "text").write_text("not a table")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign")
    for name in ("half", "text", "foreign"):
        with pytest.raises(InputError, match="damaged"):
            read_table(tmp_path / name)
