"""Where the pixels of a frame were in the frame before, and where that cannot be known."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.media.color import luminance

Field = NDArray[np.float32]

CUT = 0.75  # share of pixels without a match from which a frame begins a new shot
_LEAST = 16  # pixels along a side below which DIS finds nothing


@dataclass(frozen=True, eq=False)
class Motion:
    """The motion from one frame to the next.

    Attributes:
        flow: For every pixel of the later frame where it was in the earlier one, relative to its
            place, shape (h, w, 2): to the right, then down, in pixels.
        trust: 1 where that can be trusted, 0 where something was uncovered or moves against what
            lies beside it, shape (h, w).
    """

    flow: Field
    trust: Tensor

    @property
    def is_cut(self) -> bool:
        """Whether the two frames hardly have anything in common."""
        return float(self.trust.mean()) < 1 - CUT

    def carry(self, before: Tensor) -> Tensor:
        """Move a picture of the earlier frame to where its pixels are in the later one.

        Args:
            before: Shape (channel, h, w), float32.
        Returns:
            The same shape; what comes from beyond the border is the border's.
        """
        height, width = self.flow.shape[:2]
        columns, rows = np.meshgrid(
            np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
        )
        moved = cv2.remap(
            before.movedim(0, -1).numpy(),
            columns + self.flow[..., 0],
            rows + self.flow[..., 1],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return torch.from_numpy(np.atleast_3d(moved)).movedim(-1, 0).contiguous()


def motion(before: Tensor, after: Tensor) -> Motion:
    """Find the motion between two frames by dense inverse search, there and back.

    Args:
        before: The earlier frame, shape (3, h, w), from 0 to 1.
        after: The later one.
    Source:
        Kroeger, Timofte, Dai, Van Gool, arXiv:1603.03590 (DIS); the checks of Sundaram, Brox,
        Keutzer, ECCV 2010, as in Ruder, Dosovitskiy, Brox, arXiv:1604.08610, eq. 5 and 6.
    """
    gray = [_gray(one) for one in (before, after)]
    back = _dis(gray[1], gray[0])
    forth = _dis(gray[0], gray[1])
    return Motion(back, torch.from_numpy(_trust(back, forth)))


def _gray(picture: Tensor) -> NDArray[np.uint8]:
    return (luminance(picture)[0].clamp(0, 1) * 255).round().byte().contiguous().numpy()


def _dis(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> Field:
    """Return where the pixels of the first are in the second."""
    if min(first.shape) < _LEAST:
        return np.zeros((*first.shape, 2), np.float32)
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow: Field = search.calc(first, second, None)  # type: ignore[call-overload]
    return flow


def _trust(back: Field, forth: Field) -> Field:
    """Return 0 where going back and forth does not lead home, or the flow has an edge."""
    height, width = back.shape[:2]
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    x, y = columns + back[..., 0], rows + back[..., 1]
    there = cv2.remap(forth, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    away, squared = back + there, np.square(back).sum(-1)
    lost = np.square(away).sum(-1) > 0.01 * (squared + np.square(there).sum(-1)) + 0.5
    slopes = sum(np.square(slope).sum(-1) for slope in np.gradient(back, axis=(0, 1)))
    edge = slopes > 0.01 * squared + 0.002
    outside = (x < 0) | (y < 0) | (x > width - 1) | (y > height - 1)
    trusted: Field = (~(lost | edge | outside)).astype(np.float32)
    return trusted
