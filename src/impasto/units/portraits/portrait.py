"""What a report asks of a medium: how its signals are drawn, heard and measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from impasto.encoders.window import Range
from impasto.errors import ShapeError
from impasto.signal import Space
from impasto.units.receptive import Field, Fields

Colors = NDArray[np.float32]  # shape (h, w, 3), from 0 to 1
Frame = tuple[int, int, int, int]  # top, bottom, left, right
Extent = tuple[int, int]  # height, width


class Portrait(ABC):
    """Signals of one medium as pictures.

    Attributes:
        medium: Its name.
        axes: Space axes of its signals.
        noun: One signal.
        nouns: Several of them.
        cell: Side of the small picture of a patch, in pixels.
        zooms: Whether the picture of a whole shows a patch as well as its own picture does, so
            that it may be cut out of there.
        plays: Whether signals can be listened to.
        bounds: Least and largest sample; None if there are none.

    Args:
        rate_hz: Samples a second, where there is time.
    """

    medium: ClassVar[str]
    axes: ClassVar[int]
    noun: ClassVar[str]
    nouns: ClassVar[str]
    unit: ClassVar[str]  # what lengths are counted in
    cell: ClassVar[int] = 96
    zooms: ClassVar[bool] = False
    plays: ClassVar[bool] = False
    bounds: ClassVar[tuple[float, float] | None] = (0.0, 1.0)

    def __init__(self, rate_hz: float | None = None) -> None:
        self.rate_hz = rate_hz

    @abstractmethod
    def patch(self, samples: Tensor, side: int) -> Colors:
        """Draw a part of a signal.

        Args:
            samples: Shape (channel, *space).
            side: Longest side of the picture, in pixels.
        """

    @abstractmethod
    def projection(self, values: Tensor, side: int) -> Colors:
        """Draw what made a unit respond: values of both signs, shape (channel, *space)."""

    @abstractmethod
    def whole(self, samples: Tensor, *, longest: int | None = None) -> Image.Image:
        """Draw a whole signal.

        Args:
            samples: Shape (channel, *space).
            longest: Longest side in pixels, at most; None for what a report takes.
        """

    def shown(self, samples: Tensor) -> Image.Image:
        """Draw a signal alone, shape (channel, *space)."""
        return Image.fromarray(levels(self.patch(samples, 4 * self.cell)))

    @abstractmethod
    def extent(self, space: Space) -> Extent:
        """Return the height and width of the picture of a whole, in the units of its frames."""

    @abstractmethod
    def frames(self, box: Sequence[Range], space: Space) -> list[Frame]:
        """Return where in the picture of a whole a box lies."""

    def heard(self, samples: Tensor) -> bytes:
        """Return a WAV file to listen to."""
        raise NotImplementedError(f"{self.nouns} cannot be heard")

    def size(self, fields: Fields, *, brief: bool = False) -> str:
        """Say what the units of a layer see, such as "10 × 10 px".

        Args:
            fields: What they see along each axis.
            brief: Whether to say once what is the same along all axes.
        """
        if all(field.whole for field in fields):
            return f"whole {self.noun}"
        sizes = ["all" if field.whole else str(field.size) for field in self._ordered(fields)]
        return self._measured([*dict.fromkeys(sizes)] if brief else sizes)

    def stride(self, fields: Fields, *, brief: bool = False) -> str:
        """Say how far apart neighboring positions look, such as "2 px", or in brief "2"."""
        strides = ["–" if field.whole else str(field.stride) for field in self._ordered(fields)]
        once = [*dict.fromkeys(strides)]
        return " × ".join(once) if brief else self._measured(once)

    def sentence(self, fields: Fields) -> str:
        """Say both, such as "sees 10 × 10 px, every 2 px"."""
        if all(field.whole for field in fields):
            return f"sees the whole {self.noun}"
        return f"sees {self.size(fields)}, every {self.stride(fields)}"

    def _ordered(self, fields: Fields) -> Sequence[Field]:
        """Return the axes in the order in which people name them: width before height."""
        return fields[::-1]

    def _measured(self, lengths: Sequence[str]) -> str:
        return f"{' × '.join(lengths)} {self.unit}"

    def check(self, samples: Tensor) -> None:
        """Refuse what this medium does not have.

        Raises:
            ShapeError: If the samples have another number of axes, or none of them.
        """
        if samples.ndim != self.axes + 1 or 0 in samples.shape:
            raise ShapeError(
                f"A {self.noun} has a channel axis and {self.axes} of space, none of them empty, "
                f"not the shape {tuple(samples.shape)}."
            )


def plain(samples: Tensor) -> NDArray[np.float32]:
    """Return samples as numbers that can be drawn; what is none becomes 0."""
    values: NDArray[np.float32] = samples.detach().float().nan_to_num(0, 0, 0).cpu().numpy()
    return values


def levels(colors: Colors) -> NDArray[np.uint8]:
    """Return colors as levels of 8 bits."""
    return (colors.clip(0, 1) * 255).round().astype(np.uint8)
