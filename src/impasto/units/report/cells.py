"""Small pictures of one size: what the units of a layer look at, kept on disk while they come."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from torch import Tensor

from impasto.units.portraits import Portrait
from impasto.units.portraits.image import ImagePortrait
from impasto.units.portraits.portrait import Colors, levels
from impasto.units.report.names import file_stems

LARGE_CELL = 160
GROUND = 128  # the gray of projections that are zero

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one layer.

    What has not been put is gray. All arrays are files of their own, so that memory stays small.

    Attributes:
        patches: Shape (unit, rank, cell, cell, 3).
        projections: The same, or None where there are none.
        maximizations: Shape (unit, large cell, large cell, 3), or None.
        portrait: How signals are drawn.
    """

    patches: Bytes
    projections: Bytes | None = None
    maximizations: Bytes | None = None
    portrait: Portrait = field(default_factory=ImagePortrait)

    @classmethod
    def create(
        cls,
        folder: Path,
        layer: str,
        *,
        units: int,
        k: int,
        projections: bool = True,
        maximizations: bool = False,
        cell: int | None = None,
        large_cell: int = LARGE_CELL,
        portrait: Portrait | None = None,
    ) -> Cells:
        """Make files for a layer.

        Args:
            folder: Where they go; made if it is missing.
            layer: Name of the layer, which names the files. Give no two layers the same folder
                whose names differ only in signs that files cannot bear.
            units: Units of the layer.
            k: Patches of a unit, at most.
            projections: Whether there will be a projection for each patch.
            maximizations: Whether there will be a picture made to excite each unit.
            cell: Side of a patch and of a projection, in pixels; None for what the medium needs.
            large_cell: Side of a picture made to excite a unit, in pixels.
            portrait: How signals are drawn; None for pictures.
        """
        folder.mkdir(parents=True, exist_ok=True)
        portrait = portrait or ImagePortrait()
        cell = cell or portrait.cell

        def gray(kind: str, *shape: int) -> Bytes:
            array = open_memmap(_file(folder, layer, kind), "w+", np.uint8, (*shape, 3))
            array[:] = GROUND
            return array

        return cls(
            gray("patches", units, k, cell, cell),
            gray("projections", units, k, cell, cell) if projections else None,
            gray("maximizations", units, large_cell, large_cell) if maximizations else None,
            portrait,
        )

    @classmethod
    def reopen(cls, folder: Path, layer: str, portrait: Portrait | None = None) -> Cells:
        """Open the files of a layer as an interrupted program left them.

        Args:
            folder: As for `create`.
            layer: As for `create`.
            portrait: As for `create`.
        Raises:
            OSError: If there are none.
        """
        kinds = ("patches", "projections", "maximizations")
        files = (_file(folder, layer, kind) for kind in kinds)
        patches, projections, maximizations = (
            open_memmap(f, "r+") if f.exists() else None for f in files
        )
        if patches is None:
            raise FileNotFoundError(f"{folder} holds no cells of {layer}")
        return cls(patches, projections, maximizations, portrait or ImagePortrait())

    @property
    def units(self) -> int:
        """How many units the layer has."""
        return int(self.patches.shape[0])

    @property
    def k(self) -> int:
        """How many patches of a unit are kept at most."""
        return int(self.patches.shape[1])

    def by_kind(self) -> dict[str, Bytes]:
        """Return those arrays that there are, each of shape (unit, rank, side, side, 3)."""
        large = self.maximizations
        arrays = {
            "patches": self.patches,
            "projections": self.projections,
            "maximizations": None if large is None else large[:, None],
        }
        return {kind: array for kind, array in arrays.items() if array is not None}

    def put_patch(self, unit: int, rank: int, patch: Tensor) -> None:
        """Keep what a unit saw.

        Args:
            unit: Number of the unit.
            rank: From 0, the highest activation, on.
            patch: Samples, shape (channel, *space).
        """
        _put(self.patches[unit, rank], self.portrait.patch(patch, self.patches.shape[2]))

    def put_projection(self, unit: int, rank: int, projection: Tensor) -> None:
        """Keep what made a unit respond.

        Args:
            unit: Number of the unit.
            rank: That of the patch.
            projection: Values of both signs, shape (channel, *space).
        """
        if self.projections is None:
            raise ValueError("These cells were made without projections.")
        drawn = self.portrait.projection(projection, self.projections.shape[2])
        _put(self.projections[unit, rank], drawn)

    def put_maximization(self, unit: int, made: Tensor) -> None:
        """Keep the signal made to excite a unit: samples, shape (channel, *space)."""
        if self.maximizations is None:
            raise ValueError("These cells were made without maximizations.")
        _put(self.maximizations[unit], self.portrait.patch(made, self.maximizations.shape[1]))


def _file(folder: Path, layer: str, kind: str) -> Path:
    return folder / f"{file_stems([layer])[layer]}.{kind}.npy"


def _put(cell: NDArray[Any], picture: Colors) -> None:
    """Lay colors from 0 to 1 into the middle of a cell."""
    height, width = picture.shape[:2]
    top, left = (cell.shape[0] - height) // 2, (cell.shape[1] - width) // 2
    cell[:] = GROUND
    cell[top : top + height, left : left + width] = levels(picture)
