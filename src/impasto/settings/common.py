"""The settings that all commands have which show pictures to a network."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from impasto.errors import UsageError
from impasto.settings.base import Setting, Settings

PICTURE, NETWORK = "Picture", "Network"


@dataclass(frozen=True)
class CommonSettings(Settings):
    """Which network sees, and how large pictures may be.

    Raises:
        UsageError: If a value is out of its range.
    """

    encoder: Annotated[
        str | None,
        Setting(
            "Network that sees: a name from 'impasto encoders', or package.module:function. "
            "(default: as the medium asks for; vgg19 for pictures)",
            NETWORK,
        ),
    ] = None
    weights: Annotated[
        Path | None,
        Setting("File of weights for it in torchvision's names (.pth, .safetensors).", NETWORK),
    ] = None
    weights_convention: Annotated[
        Literal["caffe", "torchvision"] | None,
        Setting("Pixels that the weights expect, where the file does not tell.", NETWORK),
    ] = None
    precision: Annotated[
        Literal["auto", "float32", "bfloat16"],
        Setting(
            "Numbers inside the network; auto takes bfloat16 where the processor has it.", NETWORK
        ),
    ] = "auto"
    device: Annotated[
        Literal["auto", "cpu", "cuda", "mps"],
        Setting("Where to compute; auto takes a graphics card where there is one.", NETWORK),
    ] = "auto"
    max_pixels: Annotated[
        int, Setting("Refuse to read pictures with more pixels than this.", PICTURE)
    ] = 200_000_000

    lowest: ClassVar[Mapping[str, int]] = {"max_pixels": 1}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.weights_convention and not self.weights:
            raise UsageError("--weights-convention needs --weights FILE.")
