"""Small pictures of one size: what the units of a layer look at, kept on disk while they come."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from impasto.errors import ShapeError
from impasto.units.contrast import contrasted
from impasto.units.report.names import file_stems

CELL = 48  # pixels: nine of them side by side in two columns fit a telephone
LARGE_CELL = 160
GROUND = 128  # the gray of projections that are zero

_SEEN_AS_PIXELS = 2  # how often a pixel must fit before it is drawn as a square

Bytes = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one layer.

    What has not been put is gray. All arrays are files of their own, so that memory stays small.

    Attributes:
        patches: Shape (unit, rank, cell, cell, 3).
        projections: The same, or None where there are none.
        maximizations: Shape (unit, large cell, large cell, 3), or None.
    """

    patches: Bytes
    projections: Bytes | None = None
    maximizations: Bytes | None = None

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
        cell: int = CELL,
        large_cell: int = LARGE_CELL,
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
            cell: Side of a patch and of a projection, in pixels.
            large_cell: Side of a picture made to excite a unit, in pixels.
        """
        folder.mkdir(parents=True, exist_ok=True)

        def gray(kind: str, *shape: int) -> Bytes:
            array = open_memmap(_file(folder, layer, kind), "w+", np.uint8, (*shape, 3))
            array[:] = GROUND
            return array

        return cls(
            gray("patches", units, k, cell, cell),
            gray("projections", units, k, cell, cell) if projections else None,
            gray("maximizations", units, large_cell, large_cell) if maximizations else None,
        )

    @classmethod
    def reopen(cls, folder: Path, layer: str) -> Cells:
        """Open the files of a layer as an interrupted program left them.

        Args:
            folder: As for `create`.
            layer: As for `create`.
        Raises:
            OSError: If there are none.
        """
        kinds = ("patches", "projections", "maximizations")
        files = (_file(folder, layer, kind) for kind in kinds)
        patches, *others = (open_memmap(f, "r+") if f.exists() else None for f in files)
        if patches is None:
            raise FileNotFoundError(f"{folder} holds no cells of {layer}")
        return cls(patches, *others)

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
            patch: Colors from 0 to 1, shape (3, h, w).
        """
        _put(self.patches[unit, rank], _fitted(patch, self.patches.shape[2]))

    def put_projection(self, unit: int, rank: int, projection: Tensor) -> None:
        """Keep what made a unit respond.

        Zero is gray, and the contrast is stretched alike on both sides of it.

        Args:
            unit: Number of the unit.
            rank: That of the patch.
            projection: Values of both signs, shape (3, h, w).
        """
        if self.projections is None:
            raise ValueError("These cells were made without projections.")
        small = _fitted(projection, self.projections.shape[2])
        _put(self.projections[unit, rank], contrasted(small))

    def put_maximization(self, unit: int, picture: Tensor) -> None:
        """Keep the picture made to excite a unit: colors from 0 to 1, shape (3, h, w)."""
        if self.maximizations is None:
            raise ValueError("These cells were made without maximizations.")
        _put(self.maximizations[unit], _fitted(picture, self.maximizations.shape[1]))


def _file(folder: Path, layer: str, kind: str) -> Path:
    return folder / f"{file_stems([layer])[layer]}.{kind}.npy"


def is_seen_as_pixels(longest: int, cell: int) -> bool:
    """Tell whether a picture is so small that its pixels are drawn as squares."""
    return 0 < longest * _SEEN_AS_PIXELS <= cell


def _fitted(picture: Tensor, side: int) -> NDArray[np.float32]:
    """Bring a picture to a longest side, shape (h, w, 3)."""
    if picture.ndim != 3 or picture.shape[0] != 3 or 0 in picture.shape:
        raise ShapeError(f"A picture has the shape (3, h, w), not {tuple(picture.shape)}.")
    longest = max(picture.shape[1:])
    height, width = (max(1, round(n * side / longest)) for n in picture.shape[1:])
    squares = is_seen_as_pixels(longest, side)
    how = Image.Resampling.NEAREST if squares else Image.Resampling.LANCZOS
    planes = picture.detach().float().nan_to_num(0, 0, 0).cpu().numpy()
    # Pillow resamples floating-point pictures plane by plane
    resized = [Image.fromarray(plane).resize((width, height), how) for plane in planes]
    return np.stack([np.asarray(plane) for plane in resized], -1)


def _put(cell: NDArray[Any], picture: NDArray[np.float32]) -> None:
    """Lay colors from 0 to 1 into the middle of a cell."""
    height, width = picture.shape[:2]
    top, left = (cell.shape[0] - height) // 2, (cell.shape[1] - width) // 2
    levels = (picture.clip(0, 1) * 255).round().astype(np.uint8)
    cell[:] = GROUND
    cell[top : top + height, left : left + width] = levels
