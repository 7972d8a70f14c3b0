"""How loud a sound is, and making another as loud."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.errors import InputError

PEAK = 10 ** (-1 / 20)  # 1 dB below full scale
SILENCE = 1e-5  # root mean square; less than the last of 16 bits


@dataclass(frozen=True, eq=False)
class Level:
    """What the samples of a sound are as a whole.

    Attributes:
        mean: Of each channel, shape (channel, 1).
        loudness: Root mean square over channels and time, without the means.
        peak: The largest absolute sample, without the means.
    """

    mean: Tensor
    loudness: float
    peak: float

    def check(self, label: str) -> None:
        """Refuse silence.

        Raises:
            InputError: If there is nothing to hear; the label names the sound.
        """
        if self.loudness < SILENCE:
            raise InputError(f"{label} is silent: there is nothing to hear in it.")


def measured(stretches: Iterable[Tensor]) -> Level:
    """Measure a sound.

    Args:
        stretches: Its stretches, shapes (channel, t), at least one.
    """
    count = 0
    parts: list[Tensor] = []
    for stretch in stretches:
        wide = stretch.double()
        count += wide.shape[1]
        parts.append(torch.stack([wide.sum(1), wide.square().sum(1), wide.amax(1), wide.amin(1)]))
    totals, squares, highs, lows = torch.stack(parts).unbind(1)
    mean = totals.sum(0) / count
    power = float((squares.sum(0) / count - mean.square()).clamp(min=0).mean())
    peak = float((highs.amax(0) - mean).maximum(mean - lows.amin(0)).max())
    return Level(mean.float()[:, None], power**0.5, peak)


def leveled(samples: Tensor, own: Level, wanted: Level) -> Tensor:
    """Make a sound as loud as another, or as far as it does not clip, without DC.

    Args:
        samples: Of the sound, or of a stretch of it, shape (channel, t).
        own: The level of the whole sound.
        wanted: That of the other.
    """
    gain = wanted.loudness / max(own.loudness, SILENCE)
    return (samples - own.mean) * min(gain, PEAK / max(own.peak, 1e-12))
