"""How much memory a run will take, said before it begins."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import psutil
import torch
from torch import nn

from impasto.encoders.encoder import Chain, Encoder
from impasto.errors import OutOfMemoryError
from impasto.signal import Space, fit

_CGROUP = Path("/sys/fs/cgroup")
FIXED = 400 * 2**20  # libraries and weights
VECTORS = 50  # signal-sized float32 arrays: corrections of L-BFGS, spectra, copies


def available_bytes() -> int:
    """Return the memory that is free, within the limits of a container."""
    free = int(psutil.virtual_memory().available)
    try:
        limit = int((_CGROUP / "memory.max").read_text())
        used = int((_CGROUP / "memory.current").read_text())
    except (OSError, ValueError):  # no such limit
        return free
    return min(free, limit - used + _droppable_bytes())


def _droppable_bytes() -> int:
    """Return what a container has in memory of files it read, which makes room when needed."""
    try:
        lines = (_CGROUP / "memory.stat").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))
    except (OSError, StopIteration, ValueError):
        return 0


def peak_bytes(encoder: Chain, layers: Iterable[str], space: Space, precision: torch.dtype) -> int:
    """Estimate the peak memory of one evaluation on the whole signal.

    Counted are the features that the gradient needs, those that costs read in float32, the
    largest gradients in flight, and the vectors of the optimizer.

    Args:
        encoder: The network.
        layers: Layers that the costs read.
        space: Samples along each axis.
        precision: Numbers inside the network.
    """
    wanted = encoder.check(layers)
    width = torch.finfo(precision).bits // 8
    kept, largest, read = 0, 0, 0
    for name, module in encoder.chain.items():
        layer = encoder.table[name]
        size = layer.channels * math.prod(math.ceil(s / layer.stride) for s in space)
        largest = max(largest, size)
        if not isinstance(module, nn.ReLU):  # which works in place
            kept += size * width
        if name in wanted:
            read += size * 4  # as float32: a copy, or the gradient
        if wanted and name == wanted[-1]:
            break
    samples = math.prod(space) * 3 * 4
    return FIXED + kept + read + 3 * largest * width + VECTORS * samples


def check_memory(
    encoder: Encoder, layers: Iterable[str], space: Space, precision: torch.dtype
) -> None:
    """Make sure that a run fits into the memory that is free.

    Of a network that is not a chain of known modules nothing can be said.

    Raises:
        OutOfMemoryError: If it does not; the largest size that would is named.
    """
    if not isinstance(encoder, Chain):
        return
    free, layers = available_bytes(), list(layers)
    needed = peak_bytes(encoder, layers, space, precision)
    if needed <= free:
        return
    small, large = 0, max(space)
    while large - small > 1:
        middle = (small + large) // 2
        fits = peak_bytes(encoder, layers, fit(space, middle), precision) <= free
        small, large = (middle, large) if fits else (small, middle)
    advice = f"The largest size that fits is --size {small}." if small else "Free some memory."
    raise OutOfMemoryError(
        f"A longest side of {max(space)} needs about {needed / 2**30:.1f} GB of memory, and "
        f"{free / 2**30:.1f} GB is free. {advice}"
    )
