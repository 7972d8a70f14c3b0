"""The settings of training a network that paints at once, with their limits and their help."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from impasto.errors import UsageError
from impasto.settings.base import Setting, Settings, check_weight, option
from impasto.settings.stylize import ObjectiveName

_TRAINING, _COST, _NETWORK = "Training", "Costs", "Network"


@dataclass(frozen=True)
class TrainSettings(Settings):
    """How a network is trained. Every field is an option of `impasto train`.

    Raises:
        UsageError: If a value is out of its range.
    """

    steps: Annotated[int, Setting("How many batches are learned from.", _TRAINING)] = 20_000
    minutes: Annotated[
        float | None, Setting("Stop after this time, all sessions together.", _TRAINING)
    ] = None
    batch: Annotated[int, Setting("Photographs in a batch, on each device.", _TRAINING)] = 4
    crop: Annotated[int, Setting("Side of the squares cut from photographs.", _TRAINING)] = 256
    size: Annotated[
        int, Setting("Longest side of photographs and styles when seen.", _TRAINING)
    ] = 512
    learning_rate: Annotated[float, Setting("Of Adam, at its highest.", _TRAINING)] = 2e-3
    plain: Annotated[
        float,
        Setting("Share of photographs to be left as they are, which teaches strength.", _TRAINING),
    ] = 0.1
    seed: Annotated[int, Setting("Seed of weights, crops and styles.", _TRAINING)] = 0
    report_every: Annotated[int, Setting("Batches between lines of the trace.", _TRAINING)] = 20
    show_every: Annotated[int, Setting("Batches between validation pictures.", _TRAINING)] = 500
    widths: Annotated[str, Setting("Channels from fine to coarse, as in 24,48,96.", _NETWORK)] = (
        "24,48,96"
    )
    blocks: Annotated[int, Setting("Residual blocks.", _NETWORK)] = 5
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Setting("Numbers inside the networks.", _NETWORK),
    ] = "auto"
    device: Annotated[
        Literal["auto", "cpu"],
        Setting("Where to compute; auto takes all graphics cards that Accelerate sees.", _NETWORK),
    ] = "auto"
    objective: Annotated[ObjectiveName, Setting("Convention of the costs.", _COST)] = "impasto"
    content_weight: Annotated[
        float | None, Setting("α, the weight of the content cost.", _COST)
    ] = None
    style_weight: Annotated[float | None, Setting("β, the weight of the style cost.", _COST)] = None
    tv_weight: Annotated[float | None, Setting("Weight of the total variation.", _COST)] = None

    lowest: ClassVar[Mapping[str, int]] = {
        "steps": 1,
        "batch": 1,
        "crop": 32,
        "size": 32,
        "seed": 0,
        "report_every": 1,
        "show_every": 1,
        "blocks": 0,
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("content_weight", "style_weight", "tv_weight"):
            if (value := getattr(self, name)) is not None:
                check_weight(option(name), value)
        if not 0 < self.learning_rate < math.inf:
            raise UsageError("--learning-rate must be a number above 0.")
        if not 0 <= self.plain < 1:
            raise UsageError("--plain must be a number from 0 to below 1.")
        if self.minutes is not None and not self.minutes > 0:
            raise UsageError("--minutes must be a number above 0.")
        self.channels  # noqa: B018 - which checks them

    @property
    def channels(self) -> tuple[int, ...]:
        """The widths as numbers."""
        words = self.widths.split(",")
        if len(words) < 2 or not all(own.strip().isdecimal() and int(own) for own in words):
            raise UsageError(f"--widths takes numbers as in 24,48,96, not {self.widths!r}.")
        return tuple(int(own) for own in words)
