"""The settings of a stylization, their defaults, their limits and their help, in one place.

The command line, the web page and the metadata of a result are derived from this class. It does
not need torch, so that `impasto --help` answers at once.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin, get_type_hints

from impasto.errors import UsageError, nearest

ObjectiveName = Literal["impasto", "paper", "course", "neural-style"]
Colors = Literal["style", "content", "luminance", "match"]
LayerWeights = Mapping[str, float]


class Setting(NamedTuple):
    """What a field of the settings means, for people, and under which heading it stands."""

    help: str
    group: str


_PICTURE, _COST, _NETWORK, _DESCENT = "Picture", "Costs", "Network", "Descent"


@dataclass(frozen=True)
class StylizeSettings:
    """How a content and a style become a result. Every field is an option of `impasto stylize`.

    Raises:
        UsageError: If a value is out of its range.
    """

    size: Annotated[
        int | Literal["original"],
        Setting(
            "Longest side of the result in pixels, or 'original' for that of the content.", _PICTURE
        ),
    ] = 512
    colors: Annotated[
        Colors,
        Setting(
            "Whose colors: the style's; the content's, put back afterwards; the content's, by "
            "working on luminance alone; or the style recolored first to match the content.",
            _PICTURE,
        ),
    ] = "style"
    style_scale: Annotated[
        float,
        Setting(
            "Size of the style's brush strokes; 1 gives both pictures the same longest side.",
            _PICTURE,
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
        Literal["spectrum", "samples"],
        Setting("What is optimized: a weighted spectrum (fewer steps) or the pixels.", _DESCENT),
    ] = "spectrum"
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
    encoder: Annotated[str, Setting("Network that sees; see 'impasto encoders'.", _NETWORK)] = (
        "vgg19"
    )
    weights: Annotated[
        Path | None,
        Setting(
            "File of VGG16 or VGG19 weights in torchvision's names (.pth, .safetensors).", _NETWORK
        ),
    ] = None
    weights_convention: Annotated[
        Literal["caffe", "torchvision"] | None,
        Setting("Pixels that the weights expect, where the file does not tell.", _NETWORK),
    ] = None
    pooling: Annotated[
        Literal["max", "average"] | None,
        Setting("Pooling of the network. (default: as the objective has it)", _NETWORK),
    ] = None
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Setting(
            "Numbers inside the network; auto takes bfloat16 where the processor has it.", _NETWORK
        ),
    ] = "auto"
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Setting("Where to compute; auto takes a graphics card where there is one.", _NETWORK),
    ] = "auto"
    memory: Annotated[
        int | None,
        Setting(
            "Memory that the program may take, as in 2GB; what does not fit is computed in tiles. "
            "(default: what is free)",
            _NETWORK,
        ),
    ] = None
    max_pixels: Annotated[
        int, Setting("Refuse to read pictures with more pixels than this.", _PICTURE)
    ] = 200_000_000

    def __post_init__(self) -> None:
        if self.weights is not None:
            object.__setattr__(self, "weights", Path(self.weights))
        for name, choices in _choices().items():
            if (value := getattr(self, name)) not in choices:
                hint = nearest(str(value), filter(None, choices))
                raise UsageError(f"{option(name)} cannot be {value!r}. {hint}")
        for name, lowest in _LOWEST.items():
            value = getattr(self, name)
            if (value is None and name in _MAY_BE_NONE) or (name, value) == ("size", "original"):
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
                raise UsageError(
                    f"{option(name)} must be a whole number from {lowest}, not {value!r}."
                )
        if self.seed >= 2**63:
            raise UsageError(f"--seed must be below 2**63, not {self.seed}.")
        for name in ("content_weight", "style_weight", "tv_weight"):
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


_LOWEST = {"size": 1, "steps": 1, "levels": 1, "max_pixels": 1, "seed": 0, "memory": 1}
_MAY_BE_NONE = ("steps", "levels", "memory")


@cache
def _choices() -> Mapping[str, tuple[str | None, ...]]:
    """Return the allowed values of each setting that is a choice from a list."""
    choices: dict[str, tuple[str | None, ...]] = {}
    for name, hint in get_type_hints(StylizeSettings).items():
        kinds = (hint, *get_args(hint))
        listed = [
            value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)
        ]
        if listed and int not in kinds:
            choices[name] = (*listed, None) if NoneType in kinds else tuple(listed)
    return choices


def option(name: str) -> str:
    """Return the option of the command line that sets a field."""
    return "--" + name.replace("_", "-")


def check_weight(name: str, value: float) -> None:
    """Raise UsageError unless a weight is a finite number from 0."""
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise UsageError(f"{name} must be a finite number from 0, not {value}.")


def parse_bytes(text: str) -> int:
    """Read an amount of memory: '2GB', '512 MB' or a number of bytes. A GB is 2**30 bytes.

    Raises:
        UsageError: If it is not one.
    """
    units = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
    words = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?B?)\s*", text.upper().replace("IB", "B"))
    unit = words and words[2] + ("B" if len(words[2]) == 1 and words[2] != "B" else "")
    if not words or unit not in units:
        raise UsageError(f"{text!r} is not an amount of memory, such as 2GB or 512MB.")
    return int(float(words[1]) * units[unit])


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
