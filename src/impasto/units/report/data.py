"""What the page knows: a script for the whole report and one a layer, which also Python reads.

They are scripts since a page that was opened from a disk may load those, but no other data.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from impasto.errors import InputError
from impasto.signal import Space
from impasto.units.atlas import Atlas, LayerPatches, Patch
from impasto.units.portraits import Portrait, portrait_of
from impasto.units.portraits.image import LONGEST_SIDE, is_seen_as_pixels
from impasto.units.portraits.sound import HEARD_SECONDS
from impasto.units.receptive import Fields
from impasto.units.report.names import storable
from impasto.units.report.sheets import Layout

SUMMARY = "page/summary.js"

_START, _END = "deliver(", ");\n"


def write_script(path: Path, name: str | None, data: Mapping[str, Any]) -> None:
    """Write data as a script that hands them to the page under the name of a layer, or none."""
    arguments = (json.dumps(value, separators=(",", ":")) for value in (name, data))
    path.write_text(_START + ",".join(arguments) + _END, encoding="ascii", newline="\n")


def read_script(path: Path) -> Any:
    """Return the data of a script.

    Raises:
        InputError: If it is missing or damaged.
    """
    try:
        text = path.read_text(encoding="ascii")
        if not (text.startswith(_START) and text.endswith(_END)):
            raise ValueError
        return json.loads(f"[{text.removeprefix(_START).removesuffix(_END)}]")[1]
    except OSError as error:
        raise InputError(f"{path} could not be read: {error.strerror}.") from None
    except (ValueError, LookupError):
        raise InputError(f"{path} is damaged: make the report again.") from None


def summary_of(atlas: Atlas, stems: Mapping[str, str]) -> dict[str, Any]:
    """Return what the page shows before a layer is chosen.

    Args:
        atlas: What was found.
        stems: How the files of each layer are called.
    """
    portrait = portrait_of(atlas.medium, rate_hz=atlas.rate_hz)
    return {
        "network": atlas.network,
        "dataset": atlas.dataset,
        "medium": atlas.medium,
        "rate_hz": atlas.rate_hz,
        "heard_seconds": HEARD_SECONDS if portrait.plays else None,
        "noun": portrait.noun,
        "nouns": portrait.nouns,
        "count": atlas.count,
        "passed_over": [list(entry) for entry in atlas.passed_over],
        "layers": [
            {
                "name": storable(name),
                "stem": stems[name],
                "fields": [asdict(field) for field in layer.fields],
                "size": portrait.size(layer.fields, brief=True),
                "stride": ""
                if _sees_all(layer.fields)
                else portrait.stride(layer.fields, brief=True),
                "units": len(layer.units),
                "dead": len(layer.dead),
            }
            for name, layer in atlas.layers.items()
        ],
    }


def layer_data(
    layer: LayerPatches,
    sheets: Mapping[str, tuple[Layout, Sequence[str]]],
    pictures: Mapping[str, tuple[int, Space]],
    portrait: Portrait,
) -> dict[str, Any]:
    """Return what the page shows of a layer.

    Args:
        layer: Its patches.
        sheets: For each kind of cells how they are laid out, and the files.
        pictures: For each signal the number of its file, and its samples along each axis.
        portrait: How signals are drawn.
    """
    names = sorted({patch.picture for patches in layer.units for patch in patches})
    numbers = {name: number for number, name in enumerate(names)}

    def entry(patch: Patch) -> Sequence[Any]:
        space = pictures[patch.picture][1]
        frames = [side for frame in portrait.frames(patch.box, space) for side in frame]
        return [numbers[patch.picture], *_told(patch), *frames]

    def picture(name: str) -> Sequence[Any]:
        number, space = pictures[name]
        return [number, name, *portrait.extent(space)]

    return {
        "sheets": {
            kind: {**asdict(layout), "files": files} for kind, (layout, files) in sheets.items()
        },
        "axes": len(layer.fields),
        "pixels": shows_pixels(layer.fields, sheets["patches"][0].cell, portrait),
        "pictures": [picture(name) for name in names],
        "longest": LONGEST_SIDE if portrait.zooms else 0,
        "dead": layer.dead,
        "units": [[entry(patch) for patch in patches] for patches in layer.units],
    }


def shows_pixels(fields: Fields, cell: int, portrait: Portrait) -> bool:
    """Tell whether the patches of a layer are so small that each pixel is a square."""
    if not portrait.zooms:
        return False
    longest = max((field.size for field in fields), default=0)
    return not any(field.whole for field in fields) and is_seen_as_pixels(longest, cell)


def _sees_all(fields: Fields) -> bool:
    return all(field.whole for field in fields)


def _told(patch: Patch) -> Sequence[Any]:
    finite = math.isfinite(patch.activation)
    activation = float(f"{patch.activation:.6g}") if finite else None
    return [activation, int(patch.clipped), *patch.position]
