"""The settings of a stylization, their defaults, their limits and their help, in one place.

The command line, the web page and the metadata of a result are derived from this class. It does
not need torch, so that `impasto --help` answers at once.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from impasto.errors import UsageError, nearest

ObjectiveName = Literal["impasto", "paper", "course", "neural-style"]
Colors = Literal["style", "content", "luminance", "match"]
LayerWeights = Mapping[str, float]


def _setting(default: Any, help: str, group: str) -> Any:
    return dataclasses.field(default=default, metadata={"help": help, "group": group})


_PICTURE, _COST, _NETWORK, _DESCENT = "Picture", "Costs", "Network", "Descent"


@dataclass(frozen=True)
class StylizeSettings:
    """How a content and a style become a result. Every field is an option of `impasto stylize`.

    Raises:
        UsageError: If a value is out of its range.
    """

    size: int | Literal["original"] = _setting(
        512,
        "Longest side of the result in pixels, or 'original' for that of the content.",
        _PICTURE,
    )
    colors: Colors = _setting(
        "style",
        "Whose colors: the style's; the content's, put back afterwards; the content's, by working "
        "on luminance alone; or the style's picture recolored to match the content first.",
        _PICTURE,
    )
    style_scale: float = _setting(
        1.0,
        "Size of the style's brush strokes; 1 gives both pictures the same longest side.",
        _PICTURE,
    )
    init: str = _setting(
        "content", "Where G begins: content, noise, style, or the path of a picture.", _DESCENT
    )
    seed: int = _setting(0, "Seed of the white noise.", _DESCENT)
    steps: int = _setting(100, "Steps of descent at each level.", _DESCENT)
    levels: int | None = _setting(
        None,
        "Levels of the coarse-to-fine pyramid; 1 switches it off. [default: by size]",
        _DESCENT,
    )
    optimizer: Literal["lbfgs", "adam"] = _setting("lbfgs", "Method of descent.", _DESCENT)
    canvas: Literal["spectrum", "samples"] = _setting(
        "spectrum", "What is optimized: a weighted spectrum (fewer steps) or the pixels.", _DESCENT
    )
    objective: ObjectiveName = _setting(
        "impasto", "Convention of the costs: layers, weights and normalization.", _COST
    )
    content_layers: LayerWeights | None = _setting(
        None, "Layers of the content cost, as in 'relu4_2' or 'relu3_1:0.5,relu4_2:1'.", _COST
    )
    style_layers: LayerWeights | None = _setting(
        None, "Layers of the style cost with their weights λ, as in 'relu1_1:1,relu2_1:0.5'.", _COST
    )
    content_weight: float | None = _setting(None, "α, the weight of the content cost.", _COST)
    style_weight: float | None = _setting(None, "β, the weight of the style cost.", _COST)
    tv_weight: float | None = _setting(None, "Weight of the total variation, which smooths.", _COST)
    encoder: str = _setting("vgg19", "Network that sees; see 'impasto encoders'.", _NETWORK)
    weights: Path | None = _setting(
        None,
        "File of VGG16 or VGG19 weights in torchvision's names (.pth, .safetensors).",
        _NETWORK,
    )
    weights_convention: Literal["caffe", "torchvision"] | None = _setting(
        None, "Pixels that the weights expect, where the file does not tell.", _NETWORK
    )
    pooling: Literal["max", "average"] = _setting("max", "Pooling of the network.", _NETWORK)
    precision: Literal["auto", "float32", "bfloat16"] = _setting(
        "auto",
        "Numbers inside the network; auto takes bfloat16 where the processor has it.",
        _NETWORK,
    )
    max_pixels: int = _setting(
        200_000_000, "Refuse to read pictures with more pixels than this.", _PICTURE
    )

    def __post_init__(self) -> None:
        for name, lowest in (("size", 1), ("steps", 1), ("levels", 1), ("max_pixels", 1)):
            value = getattr(self, name)
            if value is None or (name == "size" and value == "original"):
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
                raise UsageError(
                    f"{option(name)} must be a whole number from {lowest}, not {value!r}."
                )
        for name in ("content_weight", "style_weight", "tv_weight"):
            if (value := getattr(self, name)) is not None:
                check_weight(option(name), value)
        for name in ("content_layers", "style_layers"):
            for layer, weight in (getattr(self, name) or {}).items():
                check_weight(f"{option(name)} {layer}", weight)
        if not (math.isfinite(self.style_scale) and self.style_scale > 0):
            raise UsageError(f"--style-scale must be a number above 0, not {self.style_scale}.")
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"--seed must be a whole number from 0, not {self.seed}.")
        if self.weights_convention and not self.weights:
            raise UsageError("--weights-convention needs --weights FILE.")

    def changed(self, changes: Mapping[str, Any]) -> StylizeSettings:
        """Return the settings with some values replaced.

        Raises:
            UsageError: If there is no setting of that name, or a value is out of range.
        """
        known = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise UsageError(f"There is no setting {name!r}. {nearest(name, known)}")
        return dataclasses.replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        values = dataclasses.asdict(self)
        return {name: str(v) if isinstance(v, Path) else v for name, v in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> StylizeSettings:
        """Rebuild settings from plain values.

        Raises:
            UsageError: If a name is unknown or a value is out of range.
        """
        plain = dict(values)
        if plain.get("weights"):
            plain["weights"] = Path(plain["weights"])
        return cls().changed(plain)


def option(name: str) -> str:
    """Return the option of the command line that sets a field."""
    return "--" + name.replace("_", "-")


def check_weight(name: str, value: float) -> None:
    """Raise UsageError unless a weight is a finite number from 0."""
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise UsageError(f"{name} must be a finite number from 0, not {value}.")


def parse_layers(text: str) -> dict[str, float]:
    """Read layers with weights: 'relu1_1:0.5,relu2_1' gives {"relu1_1": 0.5, "relu2_1": 1.0}.

    Raises:
        UsageError: If a weight is not a number, or no layer is named.
    """
    layers: dict[str, float] = {}
    for part in text.replace(" ", ",").split(","):
        if part:
            name, _, weight = part.partition(":")
            try:
                layers[name] = float(weight) if weight else 1.0
            except ValueError:
                raise UsageError(f"{weight!r} in {part!r} is not a weight.") from None
    if not layers:
        raise UsageError("No layer is named.")
    return layers
