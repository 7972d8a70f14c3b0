"""Pictures of what one unit sees in one picture."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from impasto.signal import Signal
from impasto.units.contrast import contrasted
from impasto.units.occlusion import Occlusion
from impasto.units.single import Strongest

_HEIGHT = 4.0  # inches of a panel


def draw_projection(signal: Signal, found: Strongest) -> Image.Image:
    """Draw a picture with what a unit sees of it framed, the patch, and its projection.

    Args:
        signal: The picture, samples of shape (3, h, w).
        found: What excites the unit most in it.
    """
    rows, columns = found.box
    figure, (whole, patch, projected) = _panels(signal, 3)
    frame = Rectangle(
        (columns.start - 0.5, rows.start - 0.5),
        columns.stop - columns.start,
        rows.stop - rows.start,
        fill=False,
        edgecolor="#e8503a",
        linewidth=2,
    )
    whole.imshow(_colors(signal.samples))
    whole.add_patch(frame)
    patch.imshow(_colors(signal.samples[:, rows, columns]), interpolation="nearest")
    colors = contrasted(found.projection.float().movedim(0, -1).numpy())
    projected.imshow(colors, interpolation="nearest")
    patch.set_title(f"activation {found.activation:.3g}", fontsize=10)
    projected.set_title("projection", fontsize=10)
    return _drawn(figure)


def draw_occlusion(signal: Signal, occlusion: Occlusion) -> Image.Image:
    """Draw a picture beside the map of what a unit answers with a square in each place.

    Args:
        signal: The picture, samples of shape (3, h, w).
        occlusion: The map.
    """
    figure, (whole, mapped) = _panels(signal, 2)
    whole.imshow(_colors(signal.samples))
    height, width = signal.space
    rows, columns = (_edges(centers, size) for centers, size in _axes(occlusion))
    drawn = mapped.imshow(
        occlusion.activations.numpy(), extent=(*columns, *rows[::-1]), cmap="viridis"
    )
    mapped.set_xlim(0, width)
    mapped.set_ylim(height, 0)
    mapped.set_title(f"without the square: {occlusion.unoccluded:.3g}", fontsize=10)
    figure.colorbar(drawn, ax=mapped, fraction=0.04, pad=0.02)
    return _drawn(figure)


def _axes(occlusion: Occlusion) -> list[tuple[Tensor, int]]:
    return list(zip(occlusion.centers, occlusion.size, strict=True))


def _edges(centers: Tensor, size: int) -> tuple[float, float]:
    """Return where the outer cells of a map begin and end along one axis."""
    half = float(centers[1] - centers[0]) / 2 if len(centers) > 1 else size / 2
    return float(centers[0]) - half, float(centers[-1]) + half


def _panels(signal: Signal, count: int) -> tuple[Figure, list]:  # type: ignore[type-arg]
    height, width = signal.space
    figure = Figure(figsize=(count * _HEIGHT * max(0.5, min(2, width / height)), _HEIGHT))
    axes = list(figure.subplots(1, count))
    for one in axes:
        one.set_axis_off()
    figure.tight_layout()
    return figure, axes


def _colors(samples: Tensor) -> NDArray[np.float32]:
    return samples.clamp(0, 1).movedim(0, -1).numpy()


def _drawn(figure: Figure) -> Image.Image:
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return Image.open(stream)
