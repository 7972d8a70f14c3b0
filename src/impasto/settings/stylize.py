"""The settings of a stylization, with their defaults, their limits and their help."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from impasto.errors import UsageError
from impasto.settings.base import Setting, check_weight, option
from impasto.settings.common import NETWORK, PICTURE, CommonSettings

ObjectiveName = Literal["impasto", "paper", "course", "neural-style"]
Colors = Literal["style", "content", "luminance", "match"]
LayerWeights = Mapping[str, float]

_COST, _DESCENT, _FAST = "Costs", "Descent", "Trained networks"


@dataclass(frozen=True)
class StylizeSettings(CommonSettings):
    """How a content and a style become a result. Every field is an option of `impasto stylize`.

    Raises:
        UsageError: If a value is out of its range.
    """

    size: Annotated[
        int | Literal["original"] | None,
        Setting(
            "Longest side of the result in pixels or voxels, or 'original' for that of the "
            "content. (default: 512, of volumes 96)",
            PICTURE,
        ),
    ] = None
    window: Annotated[
        tuple[float, float] | None,
        Setting(
            "Intensities of a volume that the network sees as black and as white. "
            "(default: between which nearly all voxels lie)",
            PICTURE,
        ),
    ] = None
    frame: Annotated[
        int | None,
        Setting("Which volume of a series to read, counted from 0.", PICTURE),
    ] = None
    colors: Annotated[
        Colors,
        Setting(
            "Whose colors: the style's; the content's, put back afterwards; the content's, by "
            "working on luminance alone; or the style recolored first to match the content.",
            PICTURE,
        ),
    ] = "style"
    style_scale: Annotated[
        float,
        Setting(
            "Size of the style's brush strokes; 1 gives both pictures the same longest side.",
            PICTURE,
        ),
    ] = 1.0
    init: Annotated[
        str, Setting("Where G begins: content, noise, style, or the path of a picture.", _DESCENT)
    ] = "content"
    seed: Annotated[int, Setting("Seed of the white noise.", _DESCENT)] = 0
    quality: Annotated[
        Literal["draft", "standard", "fine"],
        Setting("How many steps are taken; large levels of the pyramid get fewer.", _DESCENT),
    ] = "standard"
    steps: Annotated[
        int | None,
        Setting("Steps of descent at each level. (default: by quality and size)", _DESCENT),
    ] = None
    levels: Annotated[
        int | None,
        Setting(
            "Levels of the coarse-to-fine pyramid; 1 switches it off. (default: by size)", _DESCENT
        ),
    ] = None
    optimizer: Annotated[Literal["lbfgs", "adam"], Setting("Method of descent.", _DESCENT)] = (
        "lbfgs"
    )
    canvas: Annotated[
        Literal["spectrum", "samples", "spectrogram"] | None,
        Setting(
            "What is optimized: a weighted spectrum (fewer steps), the samples themselves, or of "
            "sounds the spectrogram, whose phases are found at the end. "
            "(default: spectrum, of sounds samples)",
            _DESCENT,
        ),
    ] = None
    objective: Annotated[
        ObjectiveName, Setting("Convention of the costs: layers, weights and normalization.", _COST)
    ] = "impasto"
    content_layers: Annotated[
        LayerWeights | None,
        Setting("Layers of the content cost, as in 'relu4_2' or 'relu3_1:0.5,relu4_2:1'.", _COST),
    ] = None
    style_layers: Annotated[
        LayerWeights | None,
        Setting(
            "Layers of the style cost with their weights λ, as in 'relu1_1:1,relu2_1:0.5'.", _COST
        ),
    ] = None
    content_weight: Annotated[
        float | None, Setting("α, the weight of the content cost.", _COST)
    ] = None
    style_weight: Annotated[float | None, Setting("β, the weight of the style cost.", _COST)] = None
    tv_weight: Annotated[
        float | None, Setting("Weight of the total variation, which smooths.", _COST)
    ] = None
    temporal_weight: Annotated[
        float,
        Setting(
            "Weight of the temporal cost, which holds each frame of a film, and each stretch of a "
            "long sound, to the one before.",
            _COST,
        ),
    ] = 10.0
    pooling: Annotated[
        Literal["max", "average"] | None,
        Setting("Pooling of VGG. (default: as the objective has it)", NETWORK),
    ] = None
    memory: Annotated[
        int | None,
        Setting(
            "Memory that the program may take, as in 2GB; what does not fit is computed in tiles. "
            "(default: what is free)",
            NETWORK,
        ),
    ] = None

    fast: Annotated[
        bool, Setting("Let a trained network paint at once, instead of descending.", _FAST)
    ] = False
    model: Annotated[
        Path | None,
        Setting(
            "File of a trained network, .safetensors or .onnx; it switches --fast on. "
            "(default: one that comes with impasto)",
            _FAST,
        ),
    ] = None
    strength: Annotated[
        float, Setting("How much of the style a trained network takes, from 0 to 1.", _FAST)
    ] = 1.0
    refine: Annotated[
        int, Setting("Steps of descent from what a trained network has painted.", _FAST)
    ] = 0

    lowest: ClassVar[Mapping[str, int]] = {
        **CommonSettings.lowest,
        "refine": 0,
        "size": 1,
        "steps": 1,
        "levels": 1,
        "seed": 0,
        "frame": 0,
        "memory": 1,
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.window is not None:
            self._check_window()
        if self.seed >= 2**63:
            raise UsageError(f"--seed must be below 2**63, not {self.seed}.")
        for name in ("content_weight", "style_weight", "tv_weight", "temporal_weight"):
            if (value := getattr(self, name)) is not None:
                check_weight(option(name), value)
        for name in ("content_layers", "style_layers"):
            layers = getattr(self, name) or {}
            if not isinstance(layers, Mapping):
                raise UsageError(f"{name} maps layers to weights, as in {{'relu4_2': 1.0}}.")
            for layer, weight in layers.items():
                check_weight(f"{option(name)} {layer}", weight)
        check_weight("--style-scale", self.style_scale)
        if self.style_scale == 0:
            raise UsageError("--style-scale must be a number above 0.")

        if self.model is not None:
            object.__setattr__(self, "fast", True)
        if not 0 <= self.strength <= 1:
            raise UsageError(f"--strength must be a number from 0 to 1, not {self.strength:g}.")
        if not self.fast and (self.strength != 1 or self.refine):
            asked = "--refine" if self.refine else "--strength"
            raise UsageError(f"{asked} is for trained networks: add --fast or --model FILE.")

    def _check_window(self) -> None:
        low, high = self.window or (0.0, 1.0)
        object.__setattr__(self, "window", (low, high))  # JSON makes lists of pairs
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise UsageError(f"--window takes a low and a higher number, not {low:g} and {high:g}.")
