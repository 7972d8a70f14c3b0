"""A series in the style of another: when things happen, and what they look like."""

from __future__ import annotations

import torch
from torch import Tensor

import impasto
from impasto.signal import Signal

LENGTH, WIDTH = 1200, 24
ODD = (100, 260, 520, 640, 900, 1080)
EVEN = tuple(range(80, LENGTH - 80, 170))
RISING = torch.linspace(0, 1, WIDTH)  # sudden at its end
FALLING = RISING.flip(0)


def pulses(places: tuple[int, ...], shape: Tensor) -> Signal:
    samples = torch.zeros(1, LENGTH)
    for place in places:
        samples[0, place - WIDTH // 2 : place + WIDTH // 2] = shape
    return Signal(samples, "series", {"rate_hz": 100.0})


def likeness(result: Signal, places: tuple[int, ...], shape: Tensor) -> float:
    """Return the correlation with pulses of a shape at some places, WIDTH to and fro."""
    wanted = pulses(places, shape).samples[0]
    shifts = range(-WIDTH, WIDTH + 1)
    pairs = (torch.stack([result.samples[0].roll(shift), wanted]) for shift in shifts)
    return max(float(torch.corrcoef(pair)[0, 1]) for pair in pairs)


def test_the_result_has_the_rhythm_of_one_and_the_pulses_of_the_other() -> None:
    result = impasto.stylize(pulses(ODD, RISING), pulses(EVEN, FALLING), steps=60).signal
    assert result.meta["rate_hz"] == 100
    rhythm, pulse = likeness(result, ODD, FALLING), likeness(result, ODD, RISING)
    assert rhythm > 0.85
    assert rhythm > pulse + 0.1
    assert rhythm > likeness(result, EVEN, FALLING) + 0.4
