"""Pictures of what one unit sees in one signal."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image

from impasto.errors import UsageError
from impasto.signal import Signal
from impasto.units.occlusion import Occlusion
from impasto.units.portraits import Portrait
from impasto.units.single import Strongest

_HEIGHT = 4.0  # inches of a panel
_SIDE = 400  # pixels of a patch
_LONGEST = 1000  # pixels of a whole signal
_FRAME = "#e8503a"


def draw_projection(signal: Signal, found: Strongest, portrait: Portrait) -> Image.Image:
    """Draw a signal with what a unit sees of it framed, the patch, and its projection.

    Args:
        signal: The signal, as the network sees it.
        found: What excites the unit most in it.
        portrait: How signals of its medium are drawn.
    """
    figure, (whole, patch, projected) = _panels(signal, portrait, 3)
    _draw_whole(whole, signal, portrait)
    box = [(axis.start, axis.stop) for axis in found.box]
    for top, bottom, left, right in portrait.frames(box, signal.space):
        corner, size = (left, top), (right - left, bottom - top)
        frame = Rectangle(corner, *size, fill=False, edgecolor=_FRAME, linewidth=2)
        whole.add_patch(frame)
    samples = signal.samples[(slice(None), *found.box)]
    patch.imshow(portrait.patch(samples, _SIDE).clip(0, 1))
    projected.imshow(portrait.projection(found.projection, _SIDE).clip(0, 1))
    patch.set_title(f"activation {found.activation:.3g}", fontsize=10)
    projected.set_title("projection", fontsize=10)
    return _drawn(figure)


def check_map(portrait: Portrait) -> None:
    """Refuse media whose maps cannot be drawn, before any work is done.

    Raises:
        UsageError: If there are three axes.
    """
    if portrait.axes > 2:
        raise UsageError(
            f"What a unit answers over {portrait.axes} axes is not drawn: occlusion is for sounds, "
            "series and pictures here. impasto.units.occlude computes it for all."
        )


def draw_occlusion(signal: Signal, occlusion: Occlusion, portrait: Portrait) -> Image.Image:
    """Draw a signal beside what a unit answers with a square in each place: a curve or a map.

    Args:
        signal: The signal, as the network sees it.
        occlusion: What the unit answers.
        portrait: How signals of its medium are drawn.
    """
    figure, (whole, answers) = _panels(signal, portrait, 2)
    _draw_whole(whole, signal, portrait)
    answers.set_title(f"without the square: {occlusion.unoccluded:.3g}", fontsize=10)
    if len(signal.space) == 1:
        answers.set_axis_on()
        answers.plot(occlusion.centers[0].numpy(), occlusion.activations.numpy(), color=_FRAME)
        answers.axhline(occlusion.unoccluded, color="#999999", linewidth=1)
        answers.set_xlim(0, signal.space[0])
        answers.set_xlabel(portrait.unit)
        return _drawn(figure)
    height, width = signal.space
    rows, columns = occlusion.borders
    drawn = answers.imshow(
        occlusion.activations.numpy(), extent=(*columns, *rows[::-1]), cmap="viridis"
    )
    answers.set_xlim(0, width)
    answers.set_ylim(height, 0)
    figure.colorbar(drawn, ax=answers, fraction=0.04, pad=0.02)
    return _drawn(figure)


def _draw_whole(panel: Any, signal: Signal, portrait: Portrait) -> None:
    height, width = portrait.extent(signal.space)
    image = np.asarray(portrait.whole(signal.samples, longest=_LONGEST))
    panel.imshow(image, extent=(0, width, height, 0))


def _panels(signal: Signal, portrait: Portrait, count: int) -> tuple[Figure, list[Any]]:
    height, width = portrait.extent(signal.space)
    size = (count * _HEIGHT * max(0.5, min(2, width / height)), _HEIGHT)
    figure = Figure(figsize=size, layout="compressed")  # which sees titles that come later
    axes = list(figure.subplots(1, count))
    for one in axes:
        one.set_axis_off()
    return figure, axes


def _drawn(figure: Figure) -> Image.Image:
    stream = io.BytesIO()
    figure.savefig(stream, format="png", bbox_inches="tight", pad_inches=0.05)
    return Image.open(stream)
