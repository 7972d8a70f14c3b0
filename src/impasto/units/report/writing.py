"""A report from what was found: the page, its pictures, the montages and the table."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from impasto.errors import ShapeError, UsageError
from impasto.signal import Space
from impasto.units.atlas import Atlas, LayerPatches
from impasto.units.report.cells import Cells
from impasto.units.report.data import SUMMARY, layer_data, shows_pixels, summary_of, write_script
from impasto.units.report.folder import FOLDERS, INDEX, TABLE, replaced_report
from impasto.units.report.montage import draw_montage
from impasto.units.report.names import file_stems, readable, storable
from impasto.units.report.pictures import Pictures
from impasto.units.report.sheets import Layout, write_sheets
from impasto.units.report.table import write_table

_PAGE = ("page.css", "page.js", "unit.js", "keys.js")


def write_report(
    folder: Path, atlas: Atlas, cells: Mapping[str, Cells], pictures: Pictures
) -> None:
    """Write a report of hidden units that opens in a browser, from a disk and without a network.

    The same input gives the same bytes. The report takes the place of an older one in the folder;
    files that no report wrote stay.

    Args:
        folder: Where it goes; made if it is missing.
        atlas: What was found.
        cells: For each layer what its units saw.
        pictures: All pictures that the atlas names.
    Raises:
        ShapeError: If the layers do not have the axes of the medium.
        UsageError: If cells or pictures do not fit the atlas, or the folder cannot be used.
        OutputError: If the report cannot be written.
    """
    portrait = pictures.portrait
    _check(atlas, cells, pictures)
    stems = file_stems(atlas.layers)
    with replaced_report(folder) as staging:
        for name in FOLDERS:
            (staging / name).mkdir()
        _copy_page(staging)
        write_table(atlas, staging / TABLE)
        write_script(staging / SUMMARY, None, summary_of(atlas, stems))
        numbers = _copy_pictures(atlas, pictures, staging / "pictures")
        for name, layer in atlas.layers.items():
            stem = stems[name]
            sheets = _write_sheets(layer, cells[name], staging / "sheets")
            data = layer_data(layer, sheets, numbers, portrait)
            write_script(staging / f"data/{stem}.js", storable(name), data)
            draw_montage(name, layer, cells[name]).save(staging / f"layers/{stem}.png")


def _write_sheets(
    layer: LayerPatches, cells: Cells, folder: Path
) -> dict[str, tuple[Layout, list[str]]]:
    pixels = shows_pixels(layer.fields, cells.patches.shape[2], cells.portrait)
    return {
        kind: write_sheets(array, folder, lossless=pixels and kind != "maximizations")
        for kind, array in cells.by_kind().items()
    }


def _copy_page(folder: Path) -> None:
    own = resources.files(__package__)
    (folder / INDEX).write_bytes((own / "page.html").read_bytes())
    for name in _PAGE:
        (folder / "page" / name).write_bytes((own / name).read_bytes())


def _check(atlas: Atlas, cells: Mapping[str, Cells], pictures: Pictures) -> None:
    for name, layer in atlas.layers.items():
        if len(layer.fields) != pictures.portrait.axes:
            raise ShapeError(
                f"Reports of {pictures.portrait.nouns} show layers over "
                f"{pictures.portrait.axes} axes, {readable(name)} has {len(layer.fields)}."
            )
        if name not in cells or cells[name].units != len(layer.units):
            raise UsageError(f"There are not as many cells as units of {readable(name)}.")
        if any(len(patches) > cells[name].k for patches in layer.units):
            raise UsageError(f"Some units of {readable(name)} have more patches than cells.")
    missing = sorted(_names(atlas).difference(pictures.by_name))
    if missing:
        name = readable(missing[0])
        raise UsageError(
            f"The {pictures.portrait.noun} {name} was not put among those of the report."
        )


def _names(atlas: Atlas) -> set[str]:
    layers = atlas.layers.values()
    return {patch.picture for layer in layers for patches in layer.units for patch in patches}


def _copy_pictures(atlas: Atlas, pictures: Pictures, folder: Path) -> dict[str, tuple[int, Space]]:
    """Number the signals by name, whatever order they came in, and copy their pictures."""
    numbers = {}
    for number, name in enumerate(sorted(_names(atlas))):
        reduced = pictures.by_name[name]
        shutil.copyfile(reduced.path, folder / f"{number}.webp")
        if pictures.portrait.plays:
            shutil.copyfile(reduced.heard, folder / f"{number}.wav")
        numbers[name] = number, reduced.space
    return numbers
