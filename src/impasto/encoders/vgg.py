"""VGG16 and VGG19, with every layer under its literature name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from impasto.encoders.encoder import Chain, Layer, chain_layers
from impasto.encoders.front_end import Gray, caffe_pixels, torchvision_pixels

Convention = Literal["caffe", "torchvision"]
Pooling = Literal["max", "average"]

WIDTHS = (64, 128, 256, 512, 512)
DEPTHS = {"vgg16": (2, 2, 3, 3, 3), "vgg19": (2, 2, 4, 4, 4)}
FRONT_ENDS = {"caffe": caffe_pixels, "torchvision": torchvision_pixels}


@dataclass(frozen=True)
class Weights:
    """The convolutions of one VGG network, ready to be used.

    Attributes:
        network: "vgg16" or "vgg19".
        tensors: For each convolution NAME its NAME.weight (out, in, 3, 3) and NAME.bias (out),
            float32.
        convention: What the first convolution wants to see: "caffe" blue, green, red from 0 to
            255 minus the mean; "torchvision" standardized red, green, blue.
        source: Where they come from, in words.
        sha256: Hash of the file they were read from.
    """

    network: str
    tensors: Mapping[str, Tensor]
    convention: Convention
    source: str
    sha256: str


def layout(network: str) -> Iterator[tuple[str, int, int]]:
    """Yield name, input channels and output channels of each convolution, in order.

    Source:
        Simonyan, Zisserman, arXiv:1409.1556, table 1, columns D and E.
    """
    channels = 3
    for block, (depth, width) in enumerate(zip(DEPTHS[network], WIDTHS, strict=True), start=1):
        for number in range(1, depth + 1):
            yield f"conv{block}_{number}", channels, width
            channels = width


def vgg(weights: Weights, *, pooling: Pooling = "max") -> Chain:
    """Build the convolutional part of VGG with given weights.

    Args:
        weights: As `encoders.weights` reads them; it has checked their shapes.
        pooling: "max" as trained, or "average", which Gatys et al. found smoother.
    """
    chain = list(_modules(weights.network, pooling))
    for name, module in chain:
        if isinstance(module, nn.Conv2d):
            kernel = weights.tensors[f"{name}.weight"].contiguous(memory_format=torch.channels_last)
            state = {"weight": kernel, "bias": weights.tensors[f"{name}.bias"]}
            module.load_state_dict(state, assign=True)
    return Chain(
        weights.network,
        Gray.before(FRONT_ENDS[weights.convention]()),
        chain,
        source=weights.source,
        weights_hash=weights.sha256,
    )


def layer_table(network: str) -> list[Layer]:
    """List the layers of a network from shallow to deep, without its weights."""
    return list(chain_layers(list(_modules(network, "max"))))


def _modules(network: str, pooling: Pooling) -> Iterator[tuple[str, nn.Module]]:
    """Yield names and modules in order; the convolutions have no weights yet."""
    block = "1"
    for name, wide_in, wide_out in layout(network):
        if name[4] != block:
            yield f"pool{block}", _pool(pooling)
            block = name[4]
        with torch.device("meta"):  # no time spent on random weights
            yield name, nn.Conv2d(wide_in, wide_out, 3, padding=1)
        yield f"relu{name[4:]}", nn.ReLU()
    yield f"pool{block}", _pool(pooling)


def _pool(pooling: Pooling) -> nn.Module:
    """Halve each axis, rounding up as Caffe did, so that deep layers see every border."""
    kind = nn.MaxPool2d if pooling == "max" else nn.AvgPool2d
    return kind(2, ceil_mode=True)
