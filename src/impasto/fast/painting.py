"""Running a network over a picture of any size, strip by strip, as if it were done at once.

A normalization needs the mean and the spread of a channel over the whole picture, which tiles that
go through the network one after another do not know. So the tiles go through one stage after
another instead: its convolution is computed in strips of rows, each of which sees what lies beyond
its border, and sums add up over them. The result is that of the whole picture, to rounding, without
seams, at no more work, and the memory is that of what goes into one stage and comes out of it. A
stage whose result fits one strip takes fewer operations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from impasto.errors import ShapeError
from impasto.fast.network import EPSILON, Stage, TransformNetwork

STRIP_BYTES = 2**25  # of what a strip reads


@dataclass(frozen=True, eq=False)
class Brush:
    """Which style goes where.

    Attributes:
        codes: The codes of styles, shape (r, code_length).
        places: How much of each goes to every position of the picture, shape (r, h, w); None where
            there is one, and it goes everywhere.
    Raises:
        ShapeError: If there are several codes and no places for them, or not as many.
    """

    codes: Tensor
    places: Tensor | None = None

    def __post_init__(self) -> None:
        count = 1 if self.places is None else len(self.places)
        if len(self.codes) != count:
            raise ShapeError(f"There are {len(self.codes)} codes and {count} places for them.")


@torch.no_grad()
def paint(
    network: TransformNetwork, picture: Tensor, brush: Brush, *, strip_bytes: int = STRIP_BYTES
) -> Tensor:
    """Paint a picture.

    Args:
        network: The network; it computes where its weights are, in their precision.
        picture: Shape (3, h, w), sRGB from 0 to 1.
        brush: Which style goes where.
        strip_bytes: Memory for what a strip reads.
    Returns:
        Shape (3, h, w), float32, from 0 to 1, on the device of the picture.
    """
    weight = network.chain[0].conv.weight
    x = network.begin(picture[None]).to(weight).contiguous(memory_format=torch.channels_last)
    parts = iter(network.parts(brush.codes.to(weight.device, torch.float32)))
    kept = [x]
    for stage in network.chain:
        restyle = next(parts) if stage.normalized else None
        step = _strip_rows(stage, x, strip_bytes)
        if brush.places is None and step >= stage.length(x.shape[2]):
            x = _whole(stage, x, restyle)
        else:
            x, mean, variance = _convolved(stage, x, step)
            if restyle is not None:
                _restyle(x, mean, variance, *restyle, brush.places)
        if stage.rectified:
            x.relu_()
        if stage.adds:
            x += kept[-stage.adds]
        kept = [*kept[-1:], x]
    return network.end(x.to(picture.device), *picture.shape[1:])[0].contiguous()


def _strip_rows(stage: Stage, x: Tensor, strip_bytes: int) -> int:
    """Return how many rows of the result a strip has: whole pairs of an enlarged picture."""
    width = x.shape[3]
    said = stage.conv.out_channels * stage.length(width)
    row_bytes = (x.shape[1] * width * stage.stride + said) * 4
    return 2 * max(1, strip_bytes // row_bytes // 2)


def _whole(stage: Stage, x: Tensor, restyle: tuple[Tensor, Tensor] | None) -> Tensor:
    """Do a stage whose result fits one strip, in fewer operations.

    Of one picture, to normalize a batch is to normalize its instance.
    """
    x = stage(x)
    if restyle is None:
        return x
    scale, shift = restyle
    return functional.batch_norm(x, None, None, scale[0], shift[0], training=True, eps=EPSILON)


def _convolved(stage: Stage, x: Tensor, step: int) -> tuple[Tensor, Tensor, Tensor]:
    """Convolve in strips of so many rows.

    Returns:
        The whole result, and the mean and the variance of its channels, shape (c,), float32.
    """
    rows, columns = stage.length(x.shape[2]), stage.length(x.shape[3])
    channels = stage.conv.out_channels
    out = torch.empty(
        (1, channels, rows, columns),
        dtype=x.dtype,
        device=x.device,
        memory_format=torch.channels_last,
    )
    wide = torch.float64 if x.device.type == "cpu" else torch.float32
    sums = torch.zeros(2, channels, dtype=wide, device=x.device)
    for low in range(0, rows, step):
        strip = stage.convolve(_strip(stage, x, low, min(rows, low + step)))
        out[:, :, low : low + step] = strip
        if stage.normalized:
            flat = strip.float().movedim(1, -1).flatten(0, 2)
            sums += torch.stack([flat.sum(0), flat.square().sum(0)])
    mean, square = sums / (rows * columns)
    variance = (square - mean.square()).clamp(min=0)
    return out, mean.float(), variance.float()


def _strip(stage: Stage, x: Tensor, low: int, high: int) -> Tensor:
    """Return what some rows of the result see, continued beyond the borders."""
    per_row = 0.5 if stage.enlarged else stage.stride
    first = int(low * per_row) - stage.border
    last = int((high - 1) * per_row) + stage.border
    height, border = x.shape[2], stage.border
    strip = x[:, :, max(0, first) : last + 1]
    # a mirror needs to see as far as it shows
    above, below = max(0, -first), max(0, last + 1 - height)
    return functional.pad(strip, [border, border, above, below], mode=stage.continues)


def _restyle(
    x: Tensor, mean: Tensor, variance: Tensor, scale: Tensor, shift: Tensor, places: Tensor | None
) -> None:
    """Normalize features in place, then scale and shift them as the styles of each place have it.

    Args:
        x: Shape (1, c, h, w).
        mean: Shape (c,).
        variance: Shape (c,).
        scale: Shape (r, c).
        shift: Shape (r, c).
        places: Shape (r, *space of the picture), or None.
    """
    factor = (variance + EPSILON).rsqrt()
    if places is None:
        gain = scale[0] * factor
        x.mul_(gain[:, None, None].to(x)).add_((shift[0] - gain * mean)[:, None, None].to(x))
        return
    there = functional.interpolate(
        places[None].to(x.device),
        size=x.shape[2:],
        mode="bilinear",
        align_corners=False,
        antialias=True,
    )[0]
    gains, offsets = scale * factor, shift - scale * factor * mean
    step = max(1, STRIP_BYTES // math.prod((x.shape[1], x.shape[3], 4)))
    for low in range(0, x.shape[2], step):
        rows = slice(low, low + step)
        share = there[:, rows]
        gain = torch.einsum("rc,rhw->chw", gains, share)
        offset = torch.einsum("rc,rhw->chw", offsets, share)
        x[0, :, rows] = (x[0, :, rows].float() * gain + offset).to(x.dtype)
