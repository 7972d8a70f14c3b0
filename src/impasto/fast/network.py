"""The network that turns a photograph into a painting at once, whatever the style.

It is one chain of stages. A style is a code, a vector that holds a scale and a shift for every
channel of every normalization, so that one network has as many styles as there are codes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.errors import ShapeError

EPSILON = 1e-5  # added to variances
LEAST_SIDE = 24  # pixels; smaller pictures are continued beyond their border


@dataclass(frozen=True)
class Layout:
    """How a network is built.

    Attributes:
        widths: Channels at full, half and quarter resolution, and so on.
        blocks: Residual blocks at the coarsest resolution.
        window: Length of the first and of the last kernel.
    """

    widths: tuple[int, ...] = (16, 32, 96)
    blocks: int = 5
    window: int = 9

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Layout:
        """Rebuild a layout from plain values.

        Raises:
            ValueError: If it makes no network.
        """
        layout = cls(tuple(values["widths"]), values["blocks"], values["window"])
        numbers = (*layout.widths, layout.blocks + 1, layout.window)
        if not all(isinstance(own, int) and 0 < own <= 1024 for own in numbers):
            raise ValueError(f"{values} is no layout.")
        if len(layout.widths) < 2 or layout.window % 2 == 0:
            raise ValueError(f"{values} is no layout.")
        return layout


class Stage(nn.Module):
    """A convolution and what belongs to it.

    The picture is enlarged by repeating its positions, continued beyond its borders as in a mirror,
    and convolved. Then every channel is normalized over the picture, scaled and shifted as the
    style has it, and rectified.

    Args:
        wide_in: Channels that come in.
        wide_out: Channels that go out.
        window: Length of the kernel, odd.
        stride: Step of the kernel.
        enlarge: Factor by which the picture is enlarged first.
        normalized: Whether the style says its scale and its shift; else the result is left as is.
        rectified: Whether what is negative becomes zero.
        adds: Number of stages back whose result is added at the end; 0 for none.
    Source:
        Johnson, Alahi, Fei-Fei, arXiv:1603.08155; instance normalization: Ulyanov, Vedaldi,
        Lempitsky, arXiv:1607.08022; enlarging, and scales and shifts of a style: Dumoulin, Shlens,
        Kudlur, arXiv:1610.07629.
    """

    def __init__(
        self,
        wide_in: int,
        wide_out: int,
        window: int = 3,
        *,
        stride: int = 1,
        enlarge: int = 1,
        normalized: bool = True,
        rectified: bool = True,
        adds: int = 0,
    ) -> None:
        super().__init__()
        # the shift of the style makes a bias of its own superfluous
        self.conv = nn.Conv2d(wide_in, wide_out, window, stride, bias=not normalized)
        self.stride, self.enlarge, self.adds = stride, enlarge, adds
        self.normalized, self.rectified = normalized, rectified
        self.border = window // 2

    def convolve(self, x: Tensor) -> Tensor:
        """Enlarge, continue and convolve, shape (b, c, h, w)."""
        if self.enlarge > 1:
            x = functional.interpolate(x, scale_factor=float(self.enlarge), mode="nearest")
        x = functional.pad(x, [self.border] * 4, mode="reflect")
        convolved: Tensor = self.conv(x)
        return convolved

    def length(self, length: int) -> int:
        """Return how many positions come out of so many."""
        return (length * self.enlarge - 1) // self.stride + 1


class TransformNetwork(nn.Module):
    """From a photograph and the code of a style to a painting.

    Args:
        layout: How it is built.
    Source:
        As for `Stage`.
    """

    def __init__(self, layout: Layout | None = None) -> None:
        super().__init__()
        self.layout = layout = layout or Layout()
        self.stages = nn.ModuleList(_stages(layout))
        widths = [own.conv.out_channels for own in self.chain if own.normalized]
        self.code_length = 2 * sum(widths)
        self._widths = widths

    @property
    def chain(self) -> Sequence[Stage]:
        """The stages in order."""
        return list(self.stages)  # type: ignore[arg-type]

    def parts(self, codes: Tensor) -> list[tuple[Tensor, Tensor]]:
        """Cut codes into the scales and the shifts of every normalization.

        Args:
            codes: Shape (n, code_length).
        Returns:
            For each normalization two tensors (n, c).
        Raises:
            ShapeError: If codes have another length.
        """
        if codes.ndim != 2 or codes.shape[1] != self.code_length:
            raise ShapeError(
                f"The codes of this network have shape (n, {self.code_length}), "
                f"not {tuple(codes.shape)}."
            )
        pieces = codes.split([width for own in self._widths for width in (own, own)], dim=1)
        return [(1 + scale, shift) for scale, shift in zip(pieces[::2], pieces[1::2], strict=True)]

    def forward(self, pictures: Tensor, codes: Tensor) -> Tensor:
        """Paint a batch.

        Args:
            pictures: Shape (b, 3, h, w), sRGB from 0 to 1, sides of at least LEAST_SIDE.
            codes: A code for each picture, shape (b, code_length).
        Returns:
            Shape (b, 3, h, w), float32, from 0 to 1.
        """
        parts = iter(self.parts(codes))
        height, width = pictures.shape[2:]
        x = before = pictures - 0.5
        kept = [x]
        for stage in self.chain:
            x = stage.convolve(x)
            if stage.normalized:
                scale, shift = next(parts)
                x = functional.instance_norm(x.float(), eps=EPSILON).to(x.dtype)
                x = x * scale[..., None, None].to(x) + shift[..., None, None].to(x)
            x = functional.relu(x) if stage.rectified else x
            if stage.adds:
                before = kept[-stage.adds]
                x = x + before
            kept = [*kept[-1:], x]
        return torch.sigmoid(x[..., :height, :width].float())


def _stages(layout: Layout) -> list[Stage]:
    widths, deepest = layout.widths, layout.widths[-1]
    block = (
        Stage(deepest, deepest),
        Stage(deepest, deepest, rectified=False, adds=2),
    )
    return [
        Stage(3, widths[0], layout.window),
        *(Stage(one, other, stride=2) for one, other in pairwise(widths)),
        *(
            Stage(deepest, deepest, rectified=own.rectified, adds=own.adds)
            for _ in range(layout.blocks)
            for own in block
        ),
        *(Stage(one, other, enlarge=2) for one, other in pairwise(widths[::-1])),
        Stage(widths[0], 3, layout.window, normalized=False, rectified=False),
    ]
