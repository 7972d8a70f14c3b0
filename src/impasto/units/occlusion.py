"""Occlusion: how a unit's answer falls as a gray square slides over the signal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.errors import ShapeError, UsageError
from impasto.signal import Region, Signal, Space, cut


@dataclass(frozen=True, eq=False)
class Occlusion:
    """What a unit answers with the square in each place.

    Attributes:
        activations: Shape (*places), float32.
        unoccluded: What it answers without the square.
        centers: For each axis the centers of the square's places, in samples from the signal's
            first edge, shape (places,): a square over the first two samples lies at 1.
        size: Samples of the square along each axis.
    """

    activations: Tensor
    unoccluded: float
    centers: tuple[Tensor, ...]
    size: Space

    @property
    def drop(self) -> Tensor:
        """How much lower each activation is than without the square, shape (*places)."""
        return self.unoccluded - self.activations

    @property
    def borders(self) -> tuple[tuple[float, float], ...]:
        """Where the map of activations begins and ends along each axis, in samples.

        A place is drawn as wide as its distance to the next one.
        """
        return tuple(map(_borders, self.centers, self.size))


def _borders(centers: Tensor, size: int) -> tuple[float, float]:
    half = float(centers[1] - centers[0]) / 2 if len(centers) > 1 else size / 2
    return float(centers[0]) - half, float(centers[-1]) + half


@torch.no_grad()
def occlude(
    encoder: Encoder,
    signal: Signal,
    layer: str,
    unit: int,
    *,
    size: int | Sequence[int],
    stride: int | Sequence[int],
    fill: float | Tensor | None = None,
    position: Sequence[int] | None = None,
    softmax: bool = False,
    batch: int = 16,
) -> Occlusion:
    """Slide a gray square over a signal, and see what a unit answers.

    The square is an interval over one axis and a cube over three. Its places lie as evenly as
    they can from one end of each axis to the other.

    Args:
        encoder: Any network.
        signal: What is looked at.
        layer: Layer of the unit.
        unit: Channel of the layer, or the class where the layer holds their scores.
        size: Samples of the square, along each axis; no more than the axis has.
        stride: Samples between neighboring places, at most, along each axis.
        fill: What the square shows: a sample, or one a channel, shape (channel,); None for the
            mean of each of the signal's channels.
        position: Position of the unit's map that is read; None for the highest one, wherever it
            then is.
        softmax: Whether to read, at each position, the probability of the unit among all units
            of the layer, as of a class among all classes.
        batch: How many places are computed at once.
    Raises:
        UsageError: If there is no such layer, unit or position, or a size or stride is below 1.
        ShapeError: If a size, stride or fill does not fit the signal.
    Source:
        Zeiler, Fergus, arXiv:1311.2901, section 4.2 and figure 7.
    """
    encoder.check([layer])
    sizes = tuple(map(min, _per_axis("size", size, signal), signal.space))
    strides = _per_axis("stride", stride, signal)
    starts = [_starts(*axis) for axis in zip(signal.space, sizes, strides, strict=True)]
    shown = _shown(fill, signal.samples)

    def answers(signals: Tensor) -> Tensor:
        return _answers(encoder(signals, [layer])[layer], layer, unit, position, softmax=softmax)

    whole = signal.samples[None]
    found = []
    places = list(torch.cartesian_prod(*starts).view(-1, len(starts)).tolist())
    for first in range(0, len(places), batch):
        own = places[first : first + batch]
        occluded = whole.repeat(len(own), *[1] * signal.samples.ndim)
        for one, place in zip(occluded, own, strict=True):
            cut(one, _square(place, sizes)).copy_(shown)
        found.append(answers(occluded))
    return Occlusion(
        torch.cat(found).view([len(axis) for axis in starts]),
        float(answers(whole)),
        tuple(axis + length / 2 for axis, length in zip(starts, sizes, strict=True)),
        sizes,
    )


def _per_axis(name: str, value: int | Sequence[int], signal: Signal) -> tuple[int, ...]:
    values = (value,) * len(signal.space) if isinstance(value, int) else tuple(value)
    if len(values) != len(signal.space):
        raise ShapeError(f"A signal over {len(signal.space)} axes has no {name} {values}.")
    if min(values) < 1:
        raise UsageError(f"The {name} of the square is at least 1, not {min(values)}.")
    return values


def _starts(length: int, size: int, stride: int) -> Tensor:
    """Return the first samples of the places along one axis, which reach to both ends."""
    last = length - size
    count = math.ceil(last / stride) + 1
    return torch.linspace(0, last, count, dtype=torch.float64).round().long()


def _shown(fill: float | Tensor | None, samples: Tensor) -> Tensor:
    """Return what the square shows, shape (channel, 1, ...)."""
    if fill is None:
        return samples.mean(tuple(range(1, samples.ndim)), keepdim=True)
    values = torch.as_tensor(fill, dtype=samples.dtype, device=samples.device)
    if values.shape not in ((), samples.shape[:1]):
        raise ShapeError(
            f"The square shows one sample or {len(samples)}, not shape {tuple(values.shape)}."
        )
    return values.expand(len(samples)).view(-1, *[1] * (samples.ndim - 1))


def _square(place: Sequence[int], sizes: Space) -> Region:
    return tuple(slice(start, start + size) for start, size in zip(place, sizes, strict=True))


def _answers(
    features: Tensor, layer: str, unit: int, position: Sequence[int] | None, *, softmax: bool
) -> Tensor:
    """Read one number a signal from features (b, c, *space), shape (b,), float32."""
    channels, space = features.shape[1], tuple(features.shape[2:])
    if not 0 <= unit < channels:
        raise UsageError(f"{layer} has units from 0 to {channels - 1}, not {unit}.")
    features = features.float()
    own = (features.softmax(1) if softmax else features)[:, unit]
    if position is None:
        return own.flatten(1).amax(1) if space else own
    if len(position) != len(space) or not all(
        0 <= place < length for place, length in zip(position, space, strict=True)
    ):
        raise UsageError(
            f"{layer} has {' x '.join(map(str, space))} positions here; {tuple(position)} is none."
        )
    for place in position:
        own = own[:, place]
    return own
