"""Networks with random filters, over any number of axes: no training, yet they tell textures."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import nn

from impasto.encoders.encoder import Chain
from impasto.errors import UsageError

_CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_POOLINGS = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}


def random_encoder(
    axes: int,
    in_channels: int,
    *,
    channels: Sequence[int] = (32, 64, 128),
    kernel: int = 3,
    seed: int = 0,
) -> Chain:
    """Build blocks of convolution, ReLU and average pooling with random weights.

    Layers are named as in VGG with one convolution a block: conv1_1, relu1_1, pool1, conv2_1, ...

    Args:
        axes: Number of space axes, one to three.
        in_channels: Channels of the signal.
        channels: Channels of each block.
        kernel: Odd size of the filters along each axis, in samples.
        seed: Seed of the weights.
    Raises:
        UsageError: If axes is not 1, 2 or 3.
    Source:
        Ustyuzhaninov, Brendel, Gatys, Bethge, arXiv:1606.00021 (textures from random filters);
        He et al., arXiv:1502.01852 (their scale).
    """
    if axes not in _CONVOLUTIONS:
        raise UsageError(f"A network has one, two or three axes, not {axes}.")
    generator = torch.Generator().manual_seed(seed)
    chain: list[tuple[str, nn.Module]] = []
    for block, width in enumerate(channels, start=1):
        convolution = _CONVOLUTIONS[axes](in_channels, width, kernel, padding=kernel // 2)
        fan_in = in_channels * kernel**axes
        with torch.no_grad():
            convolution.weight.normal_(0, (2 / fan_in) ** 0.5, generator=generator)
            convolution.bias.uniform_(-0.1, 0.1, generator=generator)  # type: ignore[union-attr]
        chain += [
            (f"conv{block}_1", convolution),
            (f"relu{block}_1", nn.ReLU()),
            (f"pool{block}", _POOLINGS[axes](2)),
        ]
        in_channels = width
    return Chain(
        f"random{axes}d", nn.Identity(), chain, source="random filters", weights_hash=f"seed {seed}"
    )
