"""Flicker: how much less than frame by frame, at the same number of steps for each frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

import torch
from clips import Motions, bunny, flight, warping_error
from report import Options, Row

from impasto import StylizeSettings, stylize_steps
from impasto.encoders import load_encoder
from impasto.engine.placement import place
from impasto.signal import Signal

STYLE = "starry_night"
TARGET = 0.5


def rows(options: Options) -> Iterator[Row]:
    """Stylize two clips both ways and compare their warping errors."""
    count, longest = (5, 128) if options.quick else (8, 192)
    settings = StylizeSettings(size=longest, steps=20, device=options.device)
    clips = {
        "a flight over machu_picchu, true motion": flight(
            "machu_picchu", (longest * 9 // 16 // 2 * 2, longest), count
        ),
        "Big Buck Bunny, DIS flow": bunny(longest, 60, count),
    }
    for name, (film, between) in clips.items():
        yield from compare(name, film, between, settings)


def compare(name: str, film: Signal, between: Motions, settings: StylizeSettings) -> Iterator[Row]:
    """Stylize a clip frame by frame, and as a film, at one level."""
    encoder = place(load_encoder(), device=settings.device, precision=settings.precision)
    settings = replace(settings, levels=1)

    def made(content: Signal, own: StylizeSettings) -> tuple[Signal, float]:
        steps = stylize_steps(content, STYLE, settings=own, encoder=encoder)
        result = deque(steps, maxlen=1).pop().finish()
        parts = result.costs
        return result.signal, sum(v for k, v in parts.items() if k.startswith(("content", "style")))

    alone = [made(Signal(frame), settings) for frame in film.samples.unbind(1)]
    single = torch.stack([one.samples.clamp(0, 1) for one, _ in alone], 1)
    flicker = warping_error(single, between)
    own = warping_error(film.samples, between)
    for weight in (0.0, settings.temporal_weight):
        together, cost = made(film, replace(settings, temporal_weight=weight))
        error = warping_error(together.samples, between)
        held = f"temporal weight {weight:g}" if weight else "begun from the frame before only"
        yield Row(
            f"warping error, {name}: {len(alone)} frames of {film.space[2]}×{film.space[1]}, "
            f"{settings.steps} steps each, {held} (frame by frame {flicker:.4f}, film {error:.4f}, "
            f"the clip itself {own:.4f}; content and style cost of the last frame "
            f"{alone[-1][1]:.3g} and {cost:.3g})",
            f"{error / flicker:.2f} × frame by frame",
            f"≤ {TARGET:g} ×" if weight else "",
            error / flicker <= TARGET if weight else None,
        )
