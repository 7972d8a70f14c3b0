"""What was found: for every unit of every layer the patches that excite it most."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from impasto.encoders.window import Range
from impasto.signal import Region
from impasto.units.receptive import Fields


class Cell(NamedTuple):
    """Which patch of which unit.

    Attributes:
        layer: The layer.
        unit: Number of the unit.
        rank: Of the patch, from 0.
    """

    layer: str
    unit: int
    rank: int


@dataclass(frozen=True, slots=True)
class Patch:
    """One position of a unit's map in one picture, and what the unit sees there.

    Attributes:
        rank: From 0, the highest activation of the unit, on.
        picture: Name of the picture, its path relative to the dataset.
        activation: Value of the unit there.
        position: In the feature map, along each axis.
        box: Samples of the picture, as it went through the network, from the first to behind the
            last, along each axis; clipped to the picture.
        clipped: Whether the receptive field reaches over the border of the picture.
    """

    rank: int
    picture: str
    activation: float
    position: tuple[int, ...]
    box: tuple[Range, ...]
    clipped: bool

    @property
    def region(self) -> Region:
        """Its box, to cut it out of the picture."""
        return tuple(slice(*axis) for axis in self.box)


@dataclass(frozen=True)
class LayerPatches:
    """The patches of all units of a layer.

    Attributes:
        fields: What its units see along each axis.
        units: For each unit its patches, the highest activation first.
    """

    fields: Fields
    units: Sequence[Sequence[Patch]]

    @property
    def dead(self) -> list[int]:
        """Units that no picture excites: their activation is nowhere above zero."""
        return [n for n, patches in enumerate(self.units) if not _is_excited(patches)]


def _is_excited(patches: Sequence[Patch]) -> bool:
    return any(patch.activation > 0 for patch in patches)


@dataclass(frozen=True)
class Atlas:
    """The patches of all layers that were looked at.

    Attributes:
        network: Name of the network.
        dataset: Where the pictures came from.
        count: How many pictures were looked at.
        passed_over: Names of pictures that could not be used, and why.
        layers: By name, from shallow to deep.
        medium: What the pictures are: "image", or what else has a portrait.
        rate_hz: Their samples a second, where there is time.
    """

    network: str
    dataset: str
    count: int
    passed_over: Sequence[tuple[str, str]]
    layers: Mapping[str, LayerPatches]
    medium: str = "image"
    rate_hz: float | None = None
