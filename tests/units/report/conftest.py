"""Invented reports: pictures of soft blobs, and units that look at places drawn by lot."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor

from impasto.units.atlas import Atlas, LayerPatches, Patch
from impasto.units.receptive import WHOLE, Field
from impasto.units.report import Cells, Pictures, write_report

HOSTILE = "<script>alert(1)</script> \"'\n\udcff .png"


@dataclass(frozen=True)
class Invented:
    """What a report is made from."""

    atlas: Atlas
    cells: Mapping[str, Cells]
    pictures: Pictures
    samples: Mapping[str, Tensor]

    def write(self, folder: Path) -> Path:
        write_report(folder, self.atlas, self.cells, self.pictures)
        return folder


def blobs(height: int, width: int, seed: int) -> Tensor:
    dice = torch.Generator().manual_seed(seed)
    small = torch.rand(1, 3, 5, 6, generator=dice)
    return torch.nn.functional.interpolate(small, (height, width), mode="bilinear")[0]


def invent(
    folder: Path,
    layers: Mapping[str, tuple[int, Field]],
    *,
    k: int = 9,
    cell: int = 16,
    maximizations: bool = False,
    names: tuple[str, ...] = ("a.png", "b/c.png", HOSTILE),
) -> Invented:
    """Invent a report.

    Args:
        folder: For its cells and pictures.
        layers: For each layer how many units it has, the last of which is dead, and what they see.
        k: Patches a unit.
        cell: Side of a cell.
        maximizations: Whether there are pictures made to excite the units.
        names: Of the pictures.
    """
    dice = random.Random(0)
    sizes = [(60, 80), (90, 50), (400, 500)]
    samples = {name: blobs(*sizes[n % 3], n) for n, name in enumerate(names)}
    pictures, cells, found = Pictures(folder / "pictures"), {}, {}
    for name, picture in samples.items():
        pictures.put_picture(name, picture)
    for layer, (units, field) in layers.items():
        own = Cells.create(
            folder / "cells",
            layer,
            units=units,
            k=k,
            cell=cell,
            large_cell=32,
            maximizations=maximizations,
        )
        lists = []
        for unit in range(units):
            lists.append(
                [_patch(rank, unit == units - 1, field, samples, dice) for rank in range(k)]
            )
            if units > 100:  # gray cells will do
                continue
            for patch in lists[-1]:
                (top, bottom), (left, right) = patch.box
                seen = samples[patch.picture][:, top:bottom, left:right]
                own.put_patch(unit, patch.rank, seen)
                own.put_projection(unit, patch.rank, seen - seen.mean())
            if maximizations:
                own.put_maximization(unit, blobs(32, 32, unit))
        cells[layer] = own
        found[layer] = LayerPatches((field, field), lists)
    atlas = Atlas("tiny", "photos", 5, [("broken.jpg", "it ends too early")], found)
    return Invented(atlas, cells, pictures, samples)


def _patch(
    rank: int, dead: bool, field: Field, samples: Mapping[str, Tensor], dice: random.Random
) -> Patch:
    name = dice.choice(list(samples))
    space = samples[name].shape[1:]
    position = tuple(dice.randrange(length // field.stride) for length in space)
    boxes = [field.box(n, length) for n, length in zip(position, space, strict=True)]
    activation = 0.0 if dead else 10 / (rank + 1)
    clipped = any(clipped for _, clipped in boxes)
    return Patch(rank, name, activation, position, tuple(box for box, _ in boxes), clipped)


LAYERS = {
    "relu1_1": (5, Field(3, 1, -1)),
    "a/b:c": (3, Field(40, 8, -10)),
    "fc": (2, WHOLE),
}


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> Invented:
    return invent(tmp_path_factory.mktemp("work"), LAYERS, maximizations=True)


@pytest.fixture(scope="session")
def report(invented: Invented, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished report; do not change it."""
    return invented.write(tmp_path_factory.mktemp("reports") / "report")


@pytest.fixture(scope="session")
def inventing() -> Callable[..., Invented]:
    return invent
