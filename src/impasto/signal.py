"""The one thing that impasto works on: samples over one, two or three axes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor
from torch.nn import functional

from impasto.errors import ShapeError

Space = tuple[int, ...]
Region = tuple[slice, ...]


@dataclass(frozen=True)
class Signal:
    """A sound, a picture, a scan or a film.

    Attributes:
        samples: Shape (channel, *space) with one to three space axes, float32, in the units of the
            medium (pictures: sRGB from 0 to 1).
        medium: Which reader made it and which writer takes it, such as "image".
        meta: What the writer needs besides the samples (alpha channel, sample rate, spacing).
    Raises:
        ShapeError: If there is no space axis, more than three, or an empty axis.
    """

    samples: Tensor
    medium: str = "image"
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 2 <= self.samples.ndim <= 4 or 0 in self.samples.shape:
            raise ShapeError(
                f"A signal has shape (channel, *space) with one to three space axes and no empty "
                f"axis, not {tuple(self.samples.shape)}."
            )

    @property
    def space(self) -> Space:
        """Number of samples along each space axis."""
        return tuple(self.samples.shape[1:])

    def with_samples(self, samples: Tensor) -> Signal:
        """Return the same signal with other samples, shape (channel, *space)."""
        return replace(self, samples=samples)

    def resized(self, space: Space) -> Signal:
        """Return the signal resampled to another space."""
        return self.with_samples(resample(self.samples[None], space)[0])


def cut(batch: Tensor, where: Region) -> Tensor:
    """Return a view of a part of the positions of (..., *space)."""
    part: Tensor = batch[(..., *where)]  # type: ignore[index]
    return part


def fit(space: Space, longest: int) -> Space:
    """Scale a space so that its longest axis has a given length, keeping proportions.

    Args:
        space: Number of samples along each axis.
        longest: Wanted length of the longest axis, in samples.
    """
    factor = longest / max(space)
    return tuple(max(1, round(length * factor)) for length in space)


def resample(batch: Tensor, space: Space) -> Tensor:
    """Resample to another space with a cubic kernel that is widened when shrinking.

    Works one axis at a time, so that one, two and three axes share the same kernel.

    Args:
        batch: Shape (b, c, *space).
        space: Wanted number of samples along each axis.
    Returns:
        Shape (b, c, *space), differentiable with respect to batch.
    Source:
        Keys, "Cubic convolution interpolation", IEEE TASSP 29(6), 1981.
    """
    for axis, length in enumerate(space, start=2):
        if batch.shape[axis] != length:
            rows = batch.movedim(axis, -1)
            flat = rows.reshape(1, 1, -1, rows.shape[-1])
            flat = functional.interpolate(
                flat, size=(flat.shape[2], length), mode="bicubic", antialias=True
            )
            batch = flat.reshape(*rows.shape[:-1], length).movedim(-1, axis)
    return batch
