"""The pictures of the dataset, reduced, to show where in them a patch was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from torch import Tensor

from impasto.errors import ShapeError

LONGEST_SIDE = 320

_WEBP = {"quality": 72, "method": 4}


@dataclass(frozen=True)
class Reduced:
    """A reduced picture.

    Attributes:
        path: The file.
        space: Height and width of the picture as it went through the network.
    """

    path: Path
    space: tuple[int, int]


@dataclass(frozen=True)
class Pictures:
    """Reduced pictures of the dataset by name, in a folder.

    Attributes:
        folder: Where they are; made with the first.
    """

    folder: Path
    by_name: dict[str, Reduced] = field(default_factory=dict)

    @classmethod
    def restored(cls, folder: Path, told: Mapping[str, Sequence[int]]) -> Pictures:
        """Return what `told` has told of a folder."""
        by_name = {
            name: Reduced(folder / f"{number}.webp", (height, width))
            for name, (number, height, width) in told.items()
        }
        return cls(folder, by_name)

    def told(self) -> dict[str, list[int]]:
        """Return the number, height and width of every picture, as JSON can hold them."""
        return {name: [int(own.path.stem), *own.space] for name, own in self.by_name.items()}

    def put_picture(self, name: str, picture: Tensor) -> None:
        """Keep a picture that stands in the atlas.

        Args:
            name: Its name there.
            picture: As it went through the network: colors from 0 to 1, shape (3, h, w).
        """
        if picture.ndim != 3 or picture.shape[0] != 3 or 0 in picture.shape:
            raise ShapeError(f"A picture has the shape (3, h, w), not {tuple(picture.shape)}.")
        self.folder.mkdir(parents=True, exist_ok=True)
        levels = (picture.detach().cpu().float().nan_to_num().clamp(0, 1) * 255).round()
        image = Image.fromarray(levels.movedim(0, -1).numpy().astype(np.uint8))
        image.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
        number = self.by_name[name].path.stem if name in self.by_name else len(self.by_name)
        path = self.folder / f"{number}.webp"
        image.save(path, "WEBP", **_WEBP)
        self.by_name[name] = Reduced(path, (picture.shape[1], picture.shape[2]))
