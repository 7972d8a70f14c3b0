"""Settings that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from impasto.settings.base import Setting

PICTURE, NETWORK = "Picture", "Network"
DEFAULT_ENCODER = "vgg19"

EncoderName = Annotated[
    str,
    Setting(
        "Network that sees: a name from 'impasto encoders', or package.module:function.", NETWORK
    ),
]
WeightsFile = Annotated[
    Path | None,
    Setting("File of weights for it in torchvision's names (.pth, .safetensors).", NETWORK),
]
WeightsConvention = Annotated[
    Literal["caffe", "torchvision"] | None,
    Setting("Pixels that the weights expect, where the file does not tell.", NETWORK),
]
Precision = Annotated[
    Literal["auto", "float32", "bfloat16"],
    Setting("Numbers inside the network; auto takes bfloat16 where the processor has it.", NETWORK),
]
Device = Annotated[
    Literal["auto", "cpu", "cuda", "mps"],
    Setting("Where to compute; auto takes a graphics card where there is one.", NETWORK),
]
MaxPixels = Annotated[int, Setting("Refuse to read pictures with more pixels than this.", PICTURE)]
