"""The table of all patches: units.parquet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from impasto.errors import InputError
from impasto.units.atlas import Atlas, LayerPatches, Patch
from impasto.units.receptive import Field
from impasto.units.report.names import storable

_SCHEMA = pa.schema(
    [
        ("layer", pa.string()),
        ("unit", pa.int32()),
        ("rank", pa.int32()),
        ("picture", pa.string()),
        ("activation", pa.float32()),
        ("position", pa.list_(pa.int32())),
        ("box", pa.list_(pa.list_(pa.int32()))),
        ("clipped", pa.bool_()),
    ]
)
_KEY = b"impasto"


def write_table(atlas: Atlas, path: Path) -> None:
    """Write the patches of all units, a row group a layer.

    What is not a patch, such as the receptive fields, goes into the metadata of the file.

    Args:
        atlas: What was found. Bytes in names that are no Unicode are spelled out.
        path: The file.
    """
    schema = _SCHEMA.with_metadata({_KEY: json.dumps(_metadata(atlas))})
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for name, layer in atlas.layers.items():
            table = pa.Table.from_pylist(_rows(name, layer.units), schema=schema)
            writer.write_table(table, row_group_size=max(1, len(table)))


def read_table(path: Path) -> Atlas:
    """Read what `write_table` wrote.

    Raises:
        InputError: If the file is missing, damaged, or not of a report.
    """
    try:
        table = pq.read_table(path)
        metadata = json.loads(table.schema.metadata[_KEY])
        layers = {
            name: LayerPatches(
                tuple(Field(**field) for field in layer["fields"]),
                [[] for _ in range(layer["units"])],
            )
            for name, layer in metadata.pop("layers").items()
        }
        for row in table.to_pylist():
            units: Any = layers[row.pop("layer")].units
            units[row.pop("unit")].append(_patch(row))
        passed_over = [(name, reason) for name, reason in metadata.pop("passed_over")]
        return Atlas(**metadata, passed_over=passed_over, layers=layers)
    except OSError as error:
        raise InputError(f"{path} could not be read: {error.strerror or error}.") from None
    except (pa.ArrowException, ValueError, LookupError, TypeError):
        raise InputError(f"{path} is damaged, or not the table of a report of units.") from None


def _metadata(atlas: Atlas) -> dict[str, Any]:
    return {
        "network": storable(atlas.network),
        "dataset": storable(atlas.dataset),
        "count": atlas.count,
        "medium": atlas.medium,
        "rate_hz": atlas.rate_hz,
        "passed_over": [[storable(name), storable(why)] for name, why in atlas.passed_over],
        "layers": {
            storable(name): {
                "fields": [asdict(field) for field in layer.fields],
                "units": len(layer.units),
            }
            for name, layer in atlas.layers.items()
        },
    }


def _rows(layer: str, units: Sequence[Sequence[Patch]]) -> list[dict[str, Any]]:
    return [
        {
            "layer": storable(layer),
            "unit": unit,
            **asdict(patch),
            "picture": storable(patch.picture),
        }
        for unit, patches in enumerate(units)
        for patch in patches
    ]


def _patch(row: dict[str, Any]) -> Patch:
    box = tuple((start, stop) for start, stop in row["box"])
    return Patch(**{**row, "position": tuple(row["position"]), "box": box})
