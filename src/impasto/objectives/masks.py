"""From masks over the signal to guides over the positions of a layer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor
from torch.nn import functional

from impasto.errors import ShapeError
from impasto.signal import Space

_AVERAGE: Mapping[int, Callable[[Tensor, Any], Tensor]] = {
    1: functional.adaptive_avg_pool1d,
    2: functional.adaptive_avg_pool2d,
    3: functional.adaptive_avg_pool3d,
}


def guides(regions: Tensor, space: Space) -> Tensor:
    """Average the regions over the positions of a layer and normalize them.

    Args:
        regions: How much each sample belongs to each region, shape (r, *space), from 0 to 1.
        space: Number of positions of the layer along each axis.
    Returns:
        Shape (r, *space of the layer); the squares of each region sum to 1, so that a guided Gram
        matrix is a mean over its region.
    Raises:
        ShapeError: If a region is empty.
    Source:
        Gatys, Ecker, Bethge, Hertzmann, Shechtman, arXiv:1611.07865, section 4.1.
    """
    averaged = _AVERAGE[len(space)](regions[None], space)[0]
    norms = averaged.flatten(1).norm(dim=1)
    if not bool((norms > 0).all()):
        raise ShapeError("A region of the masks is empty.")
    unit: Tensor = averaged / norms.view(-1, *[1] * len(space))
    return unit


def shares(regions: Tensor) -> Tensor:
    """Return which fraction of the signal each region (r, *space) covers, shape (r,)."""
    return regions.flatten(1).mean(1)
