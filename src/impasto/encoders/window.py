"""The arithmetic of sliding windows: which positions of its input an output position sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import nn

Range = tuple[int, int]  # from the first position to behind the last


@dataclass(frozen=True)
class Window:
    """How a convolution or a pooling slides along one axis; the default sees one position.

    Attributes:
        size: Positions between the first and the last that it sees, both included.
        stride: Positions between neighboring windows.
        padding: Positions by which the first window begins before the input.
        ceil: Whether a last window may reach over the end.
        behind: Positions that are added behind the input; None for as many as before it.
    Source:
        Dumoulin, Visin, arXiv:1603.07285, relationship 14.
    """

    size: int = 1
    stride: int = 1
    padding: int = 0
    ceil: bool = False
    behind: int | None = None

    @property
    def paddings(self) -> int:
        """Positions that are added before the input and behind it."""
        return self.padding + (self.padding if self.behind is None else self.behind)

    def length(self, length: int) -> int:
        """Return how many positions the output has for an input of a length."""
        room = length + self.paddings - self.size
        count = (-(-room // self.stride) if self.ceil else room // self.stride) + 1
        if self.ceil and (count - 1) * self.stride >= length + self.padding:
            count -= 1  # the last window would begin behind the input
        return max(count, 0)

    def seen(self, outputs: Range) -> Range:
        """Return the range of the input that a range of outputs sees, padding included."""
        first, end = outputs
        start = first * self.stride - self.padding
        return start, (end - 1) * self.stride - self.padding + self.size


def windows(module: nn.Module, axes: int) -> tuple[Window, ...]:
    """Return the window of a module along each axis; of one without a kernel, the default."""
    if not hasattr(module, "kernel_size"):
        return (Window(),) * axes

    def per_axis(name: str, default: int) -> tuple[int, ...]:
        value: Any = getattr(module, name, default)
        return tuple(value) if isinstance(value, tuple) else (value,) * axes

    settings = (("kernel_size", 1), ("dilation", 1), ("stride", 1), ("padding", 0))
    of_axis = zip(*(per_axis(*setting) for setting in settings), strict=True)
    ceil = bool(getattr(module, "ceil_mode", False))
    behind: int | None = getattr(module, "behind", None)
    return tuple(
        Window((kernel - 1) * dilation + 1, stride, padding, ceil, behind)
        for kernel, dilation, stride, padding in of_axis
    )
