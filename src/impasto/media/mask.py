"""Masks: where equal colors or labels say which region takes its style from which."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from impasto.errors import ShapeError, UsageError
from impasto.signal import Signal

MAX_REGIONS = 32

# Colors are the same if no channel differs by more; most of the noise of JPEG stays below.
_SAME = 16 / 255
# The rest of the noise lies along borders: colors near one that has several times their area.
_FRINGE = 24 / 255
_FRINGE_SHARE = 1 / 4
# A color with less of the area is an accident, not a region.
_LEAST_AREA = 0.005
_BINS = 32


def paired_regions(content_mask: Signal, style_mask: Signal) -> tuple[Tensor, Tensor]:
    """Pair regions of equal color, or of equal label, in two masks.

    Masks of one channel hold labels: each value that both have is a region. Of colors each position
    belongs to the nearest of its mask's colors, so that noise and soft borders make no regions of
    their own. They should be 25 of 255 levels apart in some channel, to be told from the noise of
    JPEG.

    Args:
        content_mask: Colors, samples of shape (3, *space), or labels, (1, *space).
        style_mask: The same, over a space of its own.
    Returns:
        For each mask, regions of shape (r, *space), float32: 1 inside and 0 outside. Region r
        has the same color in both, and the largest region of the content comes first.
    Raises:
        UsageError: If the masks have no color or label in common, or more than 32, or one has
            colors and the other labels.
    """
    channels = {len(mask.samples) for mask in (content_mask, style_mask)}
    if channels == {1}:
        return _paired_labels(content_mask.samples[0], style_mask.samples[0])
    if 1 in channels:
        raise UsageError("One of the masks has colors and the other labels: nothing pairs up.")
    content_colors, style_colors = (
        mask_colors(content_mask.samples),
        mask_colors(style_mask.samples),
    )
    pairs = _same_colors(content_colors, style_colors)
    if not pairs:
        raise UsageError(
            f"The masks have no color in common. The content's has {_names(content_colors)}; "
            f"the style's has {_names(style_colors)}."
        )
    if len(pairs) > MAX_REGIONS:
        raise UsageError(
            f"The masks have {len(pairs)} colors in common, more than {MAX_REGIONS}: "
            f"paint them with fewer, flat colors."
        )
    of_content, of_style = zip(*pairs, strict=True)
    return (
        _regions(content_mask.samples, content_colors, of_content),
        _regions(style_mask.samples, style_colors, of_style),
    )


def _paired_labels(content: Tensor, style: Tensor) -> tuple[Tensor, Tensor]:
    """Return the regions (r, *space) of the labels that two maps (*space) have in common."""
    labels, areas = content.unique(return_counts=True)
    there = torch.isin(labels, style.unique())
    common = labels[there][areas[there].argsort(descending=True, stable=True)]
    if not len(common):
        raise UsageError("The masks have no label in common.")
    if len(common) > MAX_REGIONS:
        raise UsageError(f"The masks have {len(common)} labels in common, more than {MAX_REGIONS}.")
    return tuple(  # type: ignore[return-value]
        torch.stack([whole == label for label in common]).float() for whole in (content, style)
    )


def mask_colors(samples: Tensor) -> Tensor:
    """Find the colors that a mask is painted in.

    Only positions count that have a neighbor of the same color along every axis, which leaves out
    soft borders and much of the ringing that JPEG puts beside hard ones. Where this finds a single
    color, the picture may be a map of labels 0, 1, 2, ..., and then each exact color counts.

    Args:
        samples: Shape (3, *space), sRGB from 0 to 1.
    Returns:
        Colors of shape (k, 3) with at least half a percent of the area each, the most frequent
        first; none if the picture has no flat areas.
    Raises:
        ShapeError: If there are not three channels.
    """
    if samples.ndim < 2 or samples.shape[0] != 3:
        raise ShapeError(f"A mask has samples of shape (3, *space), not {tuple(samples.shape)}.")
    colors, areas = _histogram(samples.flatten(1)[:, _is_flat(samples).flatten()])
    least = _LEAST_AREA * samples[0].numel()
    found: list[tuple[float, Tensor]] = []
    while areas.sum() >= least:
        same = (colors - colors[areas.argmax()]).abs().amax(1) <= _SAME
        area = areas[same].sum()
        if area >= least:
            found.append((area.item(), areas[same] @ colors[same] / area))
        colors, areas = colors[~same], areas[~same]
    if len(found) == 1 and len(labels := _labels(samples, least)) > 1:
        return labels
    return _without_fringes(sorted(found, key=lambda entry: entry[0], reverse=True))


def _labels(samples: Tensor, least: float) -> Tensor:
    """Return the exact colors of at least a certain area, shape (k, 3), the most frequent first."""
    colors, areas = samples.flatten(1).unique(dim=1, return_counts=True)
    order = areas.argsort(descending=True, stable=True)
    frequent: Tensor = colors.T[order][areas[order] >= least]
    return frequent[:MAX_REGIONS]


def _without_fringes(found: list[tuple[float, Tensor]]) -> Tensor:
    """Drop the colors that JPEG makes along the borders of a region.

    Args:
        found: Areas and colors (3,), the largest area first.
    Returns:
        The colors that are left, shape (k, 3).
    """
    kept: list[tuple[float, Tensor]] = []
    for area, color in found:
        near = (
            (color - other).abs().amax() <= _FRINGE for large, other in kept if area * 4 < large
        )
        if not any(near):
            kept.append((area, color))
    return torch.stack([color for _, color in kept]) if kept else torch.empty(0, 3)


def _is_flat(samples: Tensor) -> Tensor:
    """Tell where a position has a neighbor of the same color along every axis, shape (*space)."""
    flat = torch.ones(samples.shape[1:], dtype=torch.bool)
    for axis, length in enumerate(flat.shape):
        if length > 1:
            same = samples.diff(dim=axis + 1).abs().amax(0) <= _SAME
            beside = torch.zeros_like(flat)
            beside.narrow(axis, 0, length - 1).logical_or_(same)
            beside.narrow(axis, 1, length - 1).logical_or_(same)
            flat &= beside
    return flat


def _histogram(colors: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean color (m, 3) and the number (m,) of colors (3, n) in each bin in use."""
    red, green, blue = (colors * _BINS).long().clamp(0, _BINS - 1)
    bins = (red * _BINS + green) * _BINS + blue
    areas = torch.bincount(bins, minlength=_BINS**3).to(colors.dtype)
    sums = torch.stack([torch.bincount(bins, plane, _BINS**3) for plane in colors], 1)
    used = areas > 0
    return sums[used] / areas[used, None], areas[used]


def _same_colors(one: Tensor, other: Tensor) -> list[tuple[int, int]]:
    """Return which rows of two palettes (k, 3) are each other's nearest, and near enough."""
    if not len(one) or not len(other):
        return []
    distances = (one[:, None] - other).abs().amax(-1)
    nearest, back = distances.argmin(1).tolist(), distances.argmin(0).tolist()
    return [(i, j) for i, j in enumerate(nearest) if back[j] == i and distances[i, j] <= _SAME]


def _regions(samples: Tensor, palette: Tensor, chosen: Sequence[int]) -> Tensor:
    """Give each position to its nearest color; return the regions (r, *space) of those chosen."""
    nearest = torch.zeros(samples.shape[1:], dtype=torch.long)
    least = torch.full(samples.shape[1:], torch.inf)
    for index, color in enumerate(palette):  # one at a time: all distances at once may not fit
        distance = (samples.movedim(0, -1) - color).square().sum(-1)
        closer = distance < least
        nearest[closer] = index
        least = torch.where(closer, distance, least)
    return torch.stack([nearest == index for index in chosen]).float()


def _names(palette: Tensor) -> str:
    """List a palette (k, 3) the way paint programs write colors."""
    rows = (palette * 255).round().int().tolist()
    return ", ".join(f"#{r:02x}{g:02x}{b:02x}" for r, g, b in rows) or "no flat areas of color"
