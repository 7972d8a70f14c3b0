"""A finished report, read back from its folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from impasto.errors import InputError, UsageError, nearest
from impasto.units.portraits import Portrait, portrait_of
from impasto.units.portraits.portrait import Frame
from impasto.units.receptive import Field, Fields
from impasto.units.report.data import SUMMARY, read_script
from impasto.units.report.names import readable, storable
from impasto.units.report.sheets import Layout


@dataclass(frozen=True)
class Find:
    """A patch as the report keeps it.

    Attributes:
        activation: Value of the unit, or None where it is not finite.
        clipped: Whether the receptive field reaches over the border.
        frames: Where the patch lies in the picture of its signal: top, bottom, left, right.
        name: Name of the signal.
        path: Its picture.
        extent: Height and width of the picture, in the units of the frames.
    """

    activation: float | None
    clipped: bool
    frames: Sequence[Frame]
    name: str
    path: Path
    extent: tuple[int, int]


@dataclass(frozen=True)
class StoredLayer:
    """A layer of a report.

    Attributes:
        folder: Of the report.
        name: Name of the layer.
        fields: What its units see.
        data: What the page knows of it.
        portrait: How its signals are shown.
    """

    folder: Path
    name: str
    fields: Fields
    data: Mapping[str, Any]
    portrait: Portrait

    def finds(self, unit: int) -> list[Find]:
        """Return the patches of a unit, the highest activation first."""
        return [self._find(entry) for entry in self.data["units"][unit]]

    def is_dead(self, unit: int) -> bool:
        """Tell whether nothing excites a unit."""
        return unit in self.data["dead"]

    def cells(self, kind: str, unit: int) -> list[Image.Image]:
        """Return cells of a unit, square ones of one size, or none where there are none.

        Args:
            kind: "patches", "projections" or "maximizations".
            unit: Number of the unit.
        """
        if kind not in self.data["sheets"]:
            return []
        numbers = dict(self.data["sheets"][kind])
        files = numbers.pop("files")
        layout = Layout(**numbers)
        sheet, left, top = layout.place(unit)
        image = read_image(self.folder / "sheets" / files[sheet])
        corners = [
            (left + column * layout.cell, top + row * layout.cell)
            for row in range(layout.rows)
            for column in range(layout.columns)
        ]
        count = 1 if kind == "maximizations" else len(self.data["units"][unit])
        return [image.crop((x, y, x + layout.cell, y + layout.cell)) for x, y in corners[:count]]

    def _find(self, entry: list[Any]) -> Find:
        number, activation, clipped, *rest = entry
        file, name, height, width = self.data["pictures"][number]
        path = self.folder / f"pictures/{int(file)}.webp"
        sides = rest[self.data["axes"] :]
        frames = [
            (top, bottom, left, right)
            for top, bottom, left, right in zip(*(sides[n::4] for n in range(4)), strict=True)
        ]
        return Find(activation, bool(clipped), frames, name, path, (height, width))


def open_layer(folder: Path, name: str, unit: int) -> StoredLayer:
    """Open a layer of a report.

    Args:
        folder: Of the report.
        name: Name of the layer.
        unit: A unit that it should have.
    Raises:
        InputError: If the folder is no report, or a damaged one.
        UsageError: If there is no such layer or unit.
    """
    if not (folder / SUMMARY).is_file():
        raise InputError(f"{folder} is no report of units: 'impasto units' makes one.")
    with taken_as_whole(folder):
        summary = read_script(folder / SUMMARY)
        layers = {layer["name"]: layer for layer in summary["layers"]}
        entry = layers.get(storable(name))
        if entry is None:
            hint = nearest(name, map(readable, layers))
            raise UsageError(f"The report has no layer {readable(name)}. {hint}")
        if not 0 <= unit < entry["units"]:
            last = entry["units"] - 1
            raise UsageError(f"{readable(name)} has units 0 to {last}, not {unit}.")
        fields = tuple(Field(**field) for field in entry["fields"])
        data = read_script(folder / f"data/{entry['stem']}.js")
        portrait = portrait_of(summary["medium"], rate_hz=summary["rate_hz"])
        return StoredLayer(folder, entry["name"], fields, data, portrait)


@contextmanager
def taken_as_whole(folder: Path) -> Iterator[None]:
    """Read a report as if nothing in it were missing or odd.

    Raises:
        InputError: If something was.
    """
    try:
        yield
    except (LookupError, TypeError, ValueError):
        raise InputError(f"The report in {folder} is damaged: make it again.") from None


def read_image(path: Path) -> Image.Image:
    """Read a picture of a report.

    Raises:
        InputError: If it is missing or damaged.
    """
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except UnidentifiedImageError:
        raise InputError(f"{path} is damaged: make the report again.") from None
    except OSError as error:
        raise InputError(f"{path} could not be read: {error.strerror or error}.") from None
