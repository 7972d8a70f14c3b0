"""Styles that nobody painted: hundreds of patterns, each drawn by a generator from its number.

Few paintings are free and at hand, and a network that shall take any style must have seen many.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from impasto.media import write
from impasto.signal import Signal

SIDE = 384
Draw = Callable[[torch.Generator], Tensor]


def draw(number: int, side: int = SIDE) -> Tensor:
    """Draw a pattern, shape (3, side, side), from 0 to 1."""
    noise = torch.Generator().manual_seed(number)
    kinds = (clouds, strokes, stripes, mosaic, dots)
    field = kinds[number % len(kinds)](noise, side)
    if uniform(noise) < 0.4:
        other = kinds[choice(noise, len(kinds))](noise, side)
        field = field + uniform(noise) * other
    return colored(field, noise)


def uniform(noise: torch.Generator, low: float = 0.0, high: float = 1.0) -> float:
    """Draw a number."""
    return low + (high - low) * float(torch.rand((), generator=noise))


def choice(noise: torch.Generator, count: int) -> int:
    """Draw a whole number below another."""
    return int(torch.randint(count, (), generator=noise))


def grid(side: int) -> tuple[Tensor, Tensor]:
    """Return rows and columns from 0 to 1."""
    lines = torch.linspace(0, 1, side)
    return lines[:, None].expand(side, side), lines[None].expand(side, side)


def clouds(noise: torch.Generator, side: int) -> Tensor:
    """Noise whose spectrum falls with the frequency, more or less steeply, and along an axis."""
    rows, columns = torch.fft.fftfreq(side)[:, None], torch.fft.rfftfreq(side)[None]
    angle, stretch = uniform(noise, 0, math.pi), uniform(noise, 1, 6)
    u = math.cos(angle) * rows + math.sin(angle) * columns
    v = math.cos(angle) * columns - math.sin(angle) * rows
    radius = (u.square() + (stretch * v).square()).sqrt().clamp(min=1 / side)
    white = torch.fft.rfft2(torch.randn(side, side, generator=noise))
    steepness = uniform(noise, 0.6, 2.2)
    field: Tensor = torch.fft.irfft2(white * radius**-steepness, s=(side, side))
    return field


def strokes(noise: torch.Generator, side: int) -> Tensor:
    """Short strokes along a field of directions that turns slowly: white noise smeared along it."""
    angle = math.pi * functional.interpolate(
        torch.randn(1, 1, 5, 5, generator=noise), size=(side, side), mode="bicubic"
    )
    dots_ = torch.randn(1, 1, side, side, generator=noise)
    coarse = functional.avg_pool2d(dots_, 2 * choice(noise, 4) + 1, 1, 0)
    dots_ = functional.interpolate(coarse, size=(side, side), mode="bilinear")
    rows, columns = grid(side)
    total, length = torch.zeros(1, 1, side, side), uniform(noise, 0.02, 0.12)
    for step in torch.linspace(-1, 1, 15).tolist():
        there = torch.stack(
            [
                2 * columns - 1 + step * length * angle[0, 0].cos(),
                2 * rows - 1 + step * length * angle[0, 0].sin(),
            ],
            -1,
        )
        total += functional.grid_sample(
            dots_, there[None], padding_mode="reflection", align_corners=False
        )
    return total[0, 0]


def stripes(noise: torch.Generator, side: int) -> Tensor:
    """Waves of some directions, bent by clouds."""
    rows, columns = grid(side)
    bend = 0.06 * uniform(noise) * standard(clouds(noise, side))
    field = torch.zeros(side, side)
    for _ in range(1 + choice(noise, 3)):
        angle, count = uniform(noise, 0, math.pi), uniform(noise, 5, 50)
        across = math.cos(angle) * rows + math.sin(angle) * columns + bend
        wave = (2 * math.pi * count * across).sin()
        field += wave.sign() if uniform(noise) < 0.3 else wave
    return field


def mosaic(noise: torch.Generator, side: int) -> Tensor:
    """Cells around points, flat or shaded, with or without joints."""
    count = 20 + choice(noise, 400)
    points, values = torch.rand(count, 2, generator=noise), torch.randn(count, generator=noise)
    rows, columns = grid(side)
    places = torch.stack([rows, columns], -1).reshape(-1, 2)
    distances = torch.cdist(places, points)
    near, which = distances.topk(2, dim=1, largest=False)
    field = values[which[:, 0]]
    if uniform(noise) < 0.5:
        field = field - 3 * (near[:, 1] - near[:, 0] < 0.006).float()
    if uniform(noise) < 0.5:
        field = field + near[:, 0] * count**0.5
    return field.view(side, side)


def dots(noise: torch.Generator, side: int) -> Tensor:
    """Round dots of some sizes, one over another."""
    field = torch.zeros(side, side)
    rows, columns = grid(side)
    largest = uniform(noise, 0.01, 0.06)
    for _ in range(60 + choice(noise, 300)):
        y, x, radius = uniform(noise), uniform(noise), uniform(noise, 0.3, 1) * largest
        inside = (rows - y).square() + (columns - x).square() < radius**2
        field[inside] = uniform(noise, -2, 2)
    return field


def standard(field: Tensor) -> Tensor:
    """Return a field with mean 0 and spread 1."""
    return (field - field.mean()) / field.std().clamp(min=1e-6)


def colored(field: Tensor, noise: torch.Generator) -> Tensor:
    """Give a field colors of a palette of three to seven, hard or soft, and a little grain."""
    count = 3 + choice(noise, 5)
    palette = torch.rand(count, 3, generator=noise)
    palette = palette.mean() + uniform(noise, 0.5, 1.3) * (palette - palette.mean())
    ranks = field.flatten().argsort().argsort().view_as(field) / field.numel()
    place = ranks * (count - 1)
    low = place.floor().long().clamp(max=count - 2)
    between = place - low
    if uniform(noise) < 0.4:
        between = between.round()
    samples = torch.lerp(palette[low], palette[low + 1], between[..., None]).movedim(-1, 0)
    grain = torch.randn(1, *field.shape, generator=noise)
    return (samples + uniform(noise, 0, 0.05) * grain).clamp(0, 1)


def write_patterns(folder: Path, count: int) -> None:
    """Draw patterns into a folder, those that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)

    def add(number: int) -> None:
        path = folder / f"pattern{number:04}.jpg"
        if not path.exists():
            write(Signal(draw(number)), path)

    with ThreadPoolExecutor() as pool:
        list(pool.map(add, range(count)))
