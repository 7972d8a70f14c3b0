"""Networks with random filters, over any number of axes: no training, yet they tell textures."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders.encoder import Chain, CostLayers
from impasto.errors import ShapeError, UsageError

RANDOM_1D = "random1d"
SERIES_CHANNELS = 16

_CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_POOLINGS = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}


class SpareChannels(nn.Module):
    """Adds silent channels, so that a network takes signals with any number up to its own.

    Args:
        channels: Those of the network.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels

    def forward(self, batch: Tensor) -> Tensor:
        """Map (b, channel, *space) to (b, channels, *space).

        Raises:
            ShapeError: If there are more channels than the network takes.
        """
        spare = self.channels - batch.shape[1]
        if spare < 0:
            raise ShapeError(
                f"The network takes up to {self.channels} channels, not {batch.shape[1]}."
            )
        return functional.pad(batch, (0, 0) * (batch.ndim - 2) + (0, spare))


def series_encoder(*, seed: int = 0) -> Chain:
    """Build a random network for series of up to 16 channels, over six octaves of time.

    Args:
        seed: Seed of the weights.
    """
    encoder = random_encoder(
        1,
        SERIES_CHANNELS,
        channels=(64, 64, 128, 128, 128, 128),
        kernel=9,
        seed=seed,
        front_end=SpareChannels(SERIES_CHANNELS),
    )
    # the deepest layer tells when something happens, those before it what it looks like
    style = {f"relu{block}_1": 1.0 for block in range(1, 6)}
    encoder.medium, encoder.cost_layers = "series", CostLayers({"relu6_1": 0.35}, style)
    return encoder


def random_convolution(
    axes: int, in_channels: int, width: int, kernel: int, *, generator: torch.Generator
) -> nn.Module:
    """Make a convolution with random weights that keeps the size of a signal.

    Args:
        axes: Number of space axes, one to three.
        in_channels: Channels that it reads.
        width: Channels that it makes.
        kernel: Odd size of the filters along each axis, in samples.
        generator: Draws the weights.
    Source:
        He et al., arXiv:1502.01852 (their scale).
    """
    convolution = _CONVOLUTIONS[axes](in_channels, width, kernel, padding=kernel // 2)
    with torch.no_grad():
        scale = (2 / (in_channels * kernel**axes)) ** 0.5
        convolution.weight.normal_(0, scale, generator=generator)
        convolution.bias.uniform_(-0.1, 0.1, generator=generator)  # type: ignore[union-attr]
    return convolution


def random_encoder(
    axes: int,
    in_channels: int,
    *,
    channels: Sequence[int] = (32, 64, 128),
    kernel: int = 3,
    seed: int = 0,
    front_end: nn.Module | None = None,
) -> Chain:
    """Build blocks of convolution, ReLU and average pooling with random weights.

    Layers are named as in VGG with one convolution a block: conv1_1, relu1_1, pool1, conv2_1, ...

    Args:
        axes: Number of space axes, one to three.
        in_channels: Channels of the signal.
        channels: Channels of each block.
        kernel: Odd size of the filters along each axis, in samples.
        seed: Seed of the weights.
        front_end: What comes before them; None for nothing.
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
        convolution = random_convolution(axes, in_channels, width, kernel, generator=generator)
        chain += [
            (f"conv{block}_1", convolution),
            (f"relu{block}_1", nn.ReLU()),
            (f"pool{block}", _POOLINGS[axes](2)),
        ]
        in_channels = width
    return Chain(
        f"random{axes}d",
        front_end or nn.Identity(),
        chain,
        source="random filters",
        weights_hash=f"seed {seed}",
    )
