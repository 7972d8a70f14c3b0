"""Pairs of bundled pictures that the benchmarks share."""

from __future__ import annotations

from torch import Tensor

from impasto.media import read
from impasto.samples import find
from impasto.signal import fit, resample

PAIRS = (
    ("neuschwanstein_castle", "starry_night"),
    ("red_panda", "harvest"),
    ("kingfisher", "cafe_terrace_at_night"),
    ("machu_picchu", "church_at_auvers"),
    ("horses", "night_cafe"),
)


def picture(name: str, size: int) -> Tensor:
    """Read a sample at a size, shape (1, 3, h, w), no larger than it is."""
    samples = read(find(name) or name).samples[None]
    space = (samples.shape[2], samples.shape[3])
    return resample(samples, fit(space, min(size, max(space))))
