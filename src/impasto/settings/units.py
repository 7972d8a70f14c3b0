"""The settings of the microscope, with their defaults, their limits and their help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from impasto.settings.base import Setting
from impasto.settings.common import PICTURE, CommonSettings

_UNITS, _REPORT = "Units", "Report"


@dataclass(frozen=True)
class UnitsSettings(CommonSettings):
    """What is shown of the units of a network. Every field is an option of `impasto units`.

    Raises:
        UsageError: If a value is out of its range.
    """

    layers: Annotated[
        str, Setting("Layers by name or glob, as in 'relu*_1,conv5_*', or all.", _UNITS)
    ] = "all"
    k: Annotated[int, Setting("Patches for each unit.", _UNITS)] = 9
    per_picture: Annotated[int, Setting("How many of them may come from one picture.", _UNITS)] = 1
    projection: Annotated[
        Literal["deconvnet", "guided", "gradient", "none"],
        Setting("How each patch is projected back to the pixels.", _REPORT),
    ] = "deconvnet"
    maximize: Annotated[bool, Setting("Make for each unit a picture that excites it.", _REPORT)] = (
        True
    )
    max_size: Annotated[
        int | None,
        Setting(
            "Longest side; what is larger is reduced to it. (default: 640 for pictures, 160 for "
            "films; volumes as they are)",
            PICTURE,
        ),
    ] = None

    lowest: ClassVar[Mapping[str, int]] = {
        **CommonSettings.lowest,
        "k": 1,
        "per_picture": 1,
        "max_size": 1,
    }
