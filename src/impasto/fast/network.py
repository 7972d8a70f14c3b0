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


@dataclass(frozen=True)
class Layout:
    """How a network is built.

    Attributes:
        fold: Side of the squares of pixels that are one position of the first stage: with 2, no
            stage works at the resolution of the picture, where most of the time would go.
        widths: Channels at the resolution of the first stage, at half of that, and so on.
        blocks: Residual blocks at the coarsest resolution.
        window: Length of the first and of the last kernel.
    """

    fold: int = 2
    widths: tuple[int, ...] = (24, 48, 96)
    blocks: int = 5
    window: int = 5

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Layout:
        """Rebuild a layout from plain values.

        Raises:
            ValueError: If it makes no network.
        """
        fold, widths = values["fold"], tuple(values["widths"])
        layout = cls(fold, widths, values["blocks"], values["window"])
        numbers = (fold, *widths, layout.blocks + 1, layout.window)
        if not all(isinstance(own, int) and 0 < own <= 1024 for own in numbers):
            raise ValueError(f"{values} is no layout.")
        if len(layout.widths) < 2 or layout.window % 2 == 0:
            raise ValueError(f"{values} is no layout.")
        return layout


class Stage(nn.Module):
    """A convolution and what belongs to it.

    The picture is enlarged, continued beyond its borders, and convolved. Then every channel is
    normalized over the picture, scaled and shifted as the style has it, and rectified.

    Args:
        wide_in: Channels that come in.
        wide_out: Channels that go out.
        window: Length of the kernel, odd; 3 where the picture is enlarged.
        stride: Step of the kernel.
        enlarged: Whether every position is repeated first, which makes squares of two by two.
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
        enlarged: bool = False,
        normalized: bool = True,
        rectified: bool = True,
        adds: int = 0,
    ) -> None:
        super().__init__()
        # the shift of the style makes a bias of its own superfluous
        self.conv = nn.Conv2d(wide_in, wide_out, window, stride, bias=not normalized)
        self.stride, self.enlarged, self.adds = stride, enlarged, adds
        self.normalized, self.rectified = normalized, rectified
        self.border = window // 2

    @property
    def continues(self) -> str:
        """How the picture goes on beyond its borders, in the words of functional.pad.

        As in a mirror; and the mirror of an enlarged picture repeats the outermost position.
        """
        return "replicate" if self.enlarged else "reflect"

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge, continue and convolve, shape (b, c, h, w)."""
        return self.convolve(functional.pad(x, [self.border] * 4, mode=self.continues))

    def convolve(self, continued: Tensor) -> Tensor:
        """Enlarge and convolve what has been continued by `border` on all sides."""
        if not self.enlarged:
            convolved: Tensor = self.conv(continued)
            return convolved
        kernel = self.conv.weight
        repeats = kernel.new_tensor(_REPEATS)
        four = torch.einsum("pai,qbj,ocij->opqcab", repeats, repeats, kernel)
        return functional.pixel_shuffle(functional.conv2d(continued, four.flatten(0, 2)), 2)

    def length(self, length: int) -> int:
        """Return how many positions come out of so many."""
        return 2 * length if self.enlarged else (length - 1) // self.stride + 1


# Convolving an enlarged picture with three taps is convolving the picture itself, once for the
# first and once for the second position of every pair: _REPEATS[p, a, i] tells whether tap i falls
# on neighbor a. That saves making the enlarged picture, which is the largest thing of all.
_REPEATS = (((1, 0, 0), (0, 1, 1), (0, 0, 0)), ((0, 0, 0), (1, 1, 0), (0, 0, 1)))


class TransformNetwork(nn.Module):
    """From a photograph and the code of a style to a painting.

    Args:
        layout: How it is built.
    Source:
        As for `Stage`; at first the pixels of a square are alike, which keeps a grid from showing:
        Aitken, Ledig, Theis, Caballero, Wang, Shi, arXiv:1707.02937.
    """

    def __init__(self, layout: Layout | None = None) -> None:
        super().__init__()
        self.layout = layout = layout or Layout()
        self.stages = nn.ModuleList(_stages(layout))
        with torch.no_grad():
            last = self.chain[-1].conv
            last.weight.copy_(last.weight[:3].repeat_interleave(layout.fold**2, 0))
            last.bias.zero_()  # type: ignore[union-attr]
        self._widths = [own.conv.out_channels for own in self.chain if own.normalized]
        self.code_length = 2 * sum(self._widths)

    @property
    def chain(self) -> Sequence[Stage]:
        """The stages in order."""
        return list(self.stages)  # type: ignore[arg-type]

    @property
    def factor(self) -> int:
        """Pixels between neighboring positions where they are farthest apart."""
        return int(self.layout.fold * 2 ** (len(self.layout.widths) - 1))

    @property
    def least(self) -> int:
        """Shortest side that can be continued as in a mirror at every stage."""
        return max(2 * self.factor, self.layout.fold * (self.layout.window // 2 + 1))

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

    def begin(self, pictures: Tensor) -> Tensor:
        """Return what the first stage reads: of whole squares, and large enough to be continued.

        Args:
            pictures: Shape (b, 3, h, w), sRGB from 0 to 1.
        """
        fold, (height, width) = self.layout.fold, pictures.shape[2:]
        more = [
            max(0, self.least - own) + (-max(self.least, own)) % fold for own in (height, width)
        ]
        whole = functional.pad(pictures - 0.5, [0, more[1], 0, more[0]], mode="replicate")
        return functional.pixel_unshuffle(whole, fold)

    def end(self, x: Tensor, height: int, width: int) -> Tensor:
        """Return the paintings (b, 3, h, w) from 0 to 1, float32, from what the last stage says."""
        unfolded = functional.pixel_shuffle(x.float(), self.layout.fold)
        return torch.sigmoid(unfolded[..., :height, :width])

    def forward(self, pictures: Tensor, codes: Tensor) -> Tensor:
        """Paint a batch.

        Args:
            pictures: Shape (b, 3, h, w), sRGB from 0 to 1.
            codes: A code for each picture, shape (b, code_length).
        Returns:
            Shape (b, 3, h, w), float32, from 0 to 1.
        """
        parts = iter(self.parts(codes))
        x = self.begin(pictures)
        kept = [x]
        for stage in self.chain:
            x = stage(x)
            if stage.normalized:
                scale, shift = next(parts)
                x = functional.instance_norm(x.float(), eps=EPSILON).to(x.dtype)
                x = x * scale[..., None, None].to(x) + shift[..., None, None].to(x)
            x = functional.relu(x) if stage.rectified else x
            x = x + kept[-stage.adds] if stage.adds else x
            kept = [*kept[-1:], x]
        return self.end(x, *pictures.shape[2:])


def _stages(layout: Layout) -> list[Stage]:
    widths, deepest, pixels = layout.widths, layout.widths[-1], 3 * layout.fold**2
    blocks = (
        (Stage(deepest, deepest), Stage(deepest, deepest, rectified=False, adds=2))
        for _ in range(layout.blocks)
    )
    return [
        Stage(pixels, widths[0], layout.window),
        *(Stage(one, other, stride=2) for one, other in pairwise(widths)),
        *(stage for block in blocks for stage in block),
        *(Stage(one, other, enlarged=True) for one, other in pairwise(widths[::-1])),
        Stage(widths[0], pixels, layout.window, normalized=False, rectified=False),
    ]
