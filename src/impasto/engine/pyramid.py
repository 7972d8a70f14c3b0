"""Coarse to fine: which sizes a run goes through, and how many steps it takes at each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from impasto.signal import Space, fit

QualityName = Literal["draft", "standard", "fine"]

COARSEST = 128  # samples along the longest axis below which a level is not worth its while
LEAST_STEPS = 5


@dataclass(frozen=True)
class Level:
    """One size of a run.

    Attributes:
        space: Samples along each axis.
        steps: Steps of descent, at most.
    """

    space: Space
    steps: int


@dataclass(frozen=True)
class Quality:
    """How much work goes into a run.

    Attributes:
        steps: Steps at levels that are small.
        longest: Samples along the longest axis up to which a level is small. Larger levels begin
            where a smaller one of the same picture has ended, and take fewer steps.
        power: Of how many times a level is longer than that; so many times fewer steps it takes.
    """

    steps: int
    longest: int
    power: float

    def steps_at(self, space: Space) -> int:
        """Return the number of steps at a level."""
        excess = max(1.0, max(space) / self.longest)
        wanted: float = self.steps / excess**self.power
        return max(round(wanted), LEAST_STEPS)


QUALITIES: dict[QualityName, Quality] = {
    "draft": Quality(40, 256, 1.5),
    "standard": Quality(100, 512, 1.0),
    "fine": Quality(300, 512, 1.0),
}


# A volume has as many slices as they have rows, along three axes: its steps take longer.
SOLID: dict[QualityName, Quality] = {
    "draft": Quality(30, 32, 1.5),
    "standard": Quality(60, 32, 1.5),
    "fine": Quality(180, 32, 1.5),
}
COARSEST_SOLID = 32

# What has one axis has one level, which cannot begin where a smaller one has ended.
LINE: dict[QualityName, Quality] = {
    "draft": Quality(40, 1, 0.0),
    "standard": Quality(100, 1, 0.0),
    "fine": Quality(300, 1, 0.0),
}


def plan_levels(
    space: Space,
    *,
    quality: QualityName = "standard",
    steps: int | None = None,
    levels: int | None = None,
    minimum: int = 1,
) -> list[Level]:
    """Choose the levels of a run, from coarse to fine.

    Args:
        space: The space of the result.
        quality: How much work goes into it.
        steps: Steps at each level, instead.
        levels: As for `pyramid`.
        minimum: As for `pyramid`.
    """
    chosen = {1: LINE, 3: SOLID}.get(len(space), QUALITIES)[quality]
    return [
        Level(own, chosen.steps_at(own) if steps is None else steps)
        for own in pyramid(space, levels=levels, minimum=minimum)
    ]


def pyramid(space: Space, *, levels: int | None = None, minimum: int = 1) -> list[Space]:
    """Halve a space again and again, and return the results from coarse to fine.

    Args:
        space: The space of the result.
        levels: How many, the result's own included; None for as many as make sense. There are
            fewer where a shortest axis would fall below the minimum.
        minimum: Samples that the network needs along the shortest axis.
    """
    spaces = [space]
    coarsest = COARSEST_SOLID if len(space) == 3 else COARSEST
    while levels is None or len(spaces) < levels:
        coarser = fit(space, max(space) // 2 ** len(spaces)) if max(space) > 1 else space
        if min(coarser) < minimum or coarser == spaces[-1]:
            break
        if levels is None and max(coarser) < coarsest:
            break
        spaces.append(coarser)
    return spaces[::-1]
