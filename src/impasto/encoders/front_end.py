"""From the units of a picture to the numbers that a network was trained on."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Normalize(nn.Module):
    """Reorder the channels, then scale, subtract and divide, channel by channel.

    Always computes in float32: half precision starts behind it.

    Args:
        order: Which channel of the signal each channel of the network is.
        scale: Factor before the mean is subtracted.
        mean: In the order and the units of the network.
        deviation: In the order and the units of the network.
    """

    def __init__(
        self,
        order: Sequence[int],
        scale: float,
        mean: Sequence[float],
        deviation: Sequence[float],
    ) -> None:
        super().__init__()
        # y = gain * x[order] - shift; plain attributes, so that .to(bfloat16) leaves them alone
        self.order = torch.tensor(order)
        spread = torch.tensor(deviation, dtype=torch.float64)
        self.gain = (scale / spread).float()
        self.shift = (torch.tensor(mean, dtype=torch.float64) / spread).float()

    def forward(self, batch: Tensor) -> Tensor:
        """Map (b, channel, *space) in medium units to (b, channel, *space) in network units."""
        shape = (-1,) + (1,) * (batch.ndim - 2)
        gain = self.gain.to(batch.device, batch.dtype).view(shape)
        shift = self.shift.to(batch.device, batch.dtype).view(shape)
        if self.order.tolist() != list(range(batch.shape[1])):
            batch = batch.index_select(1, self.order.to(batch.device))
        return batch * gain - shift


class Gray(nn.Module):
    """Show a signal of one channel in all channels, to a network for colors.

    Args:
        front_end: What comes behind it.
        channels: How many that takes.
    """

    def __init__(self, front_end: nn.Module, *, channels: int = 3) -> None:
        super().__init__()
        self.front_end, self.channels = front_end, channels

    @classmethod
    def before(cls, front_end: nn.Module) -> Gray:
        """Put it before a front end, unless it is there already."""
        return front_end if isinstance(front_end, Gray) else cls(front_end)

    def forward(self, batch: Tensor) -> Tensor:
        """Map (b, 1 | channels, *space) to what the front end makes of all channels."""
        if batch.shape[1] == 1:
            batch = batch.expand(-1, self.channels, *batch.shape[2:])
        seen: Tensor = self.front_end(batch)
        return seen


def caffe_pixels() -> Normalize:
    """Blue, green, red from 0 to 255 minus their means over ImageNet: the Oxford networks."""
    return Normalize((2, 1, 0), 255.0, (103.939, 116.779, 123.68), (1.0, 1.0, 1.0))


def torchvision_pixels() -> Normalize:
    """Red, green, blue from 0 to 1, standardized over ImageNet: torchvision's networks."""
    return Normalize((0, 1, 2), 1.0, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
