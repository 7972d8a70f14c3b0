"""How much memory a run takes, said before it begins, and what is done to stay within it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psutil

from impasto.encoders.encoder import Chain, Encoder
from impasto.encoders.winograd import kernel_bytes
from impasto.engine.optimizers import CORRECTION_BYTES, corrections
from impasto.engine.slices import CHUNK_SAMPLES
from impasto.engine.tiling import stages
from impasto.errors import OutOfMemoryError
from impasto.signal import Space, fit

_CGROUP = Path("/sys/fs/cgroup")
FIXED = 450 * 2**20  # libraries and weights
VECTORS = 8  # signal-sized float32 arrays besides corrections: canvas, gradients, spectra, inputs
TILES = tuple(n * 2**20 for n in (128, 64, 32, 16))  # features of a tile: larger see less twice
TILE_OVERHEAD = 4.0  # gradients and workspace of a tile, as a multiple of its features
WHOLE_OVERHEAD = 1.45  # the same where the features of the whole are in memory, and indices


@dataclass(frozen=True)
class Plan:
    """What a run does to stay within its memory.

    Attributes:
        tile_bytes: Memory for the features of a tile; None for no tiles.
        correction_bytes: Memory for the corrections of L-BFGS.
        chunk_samples: Positions of the slices of a volume that are seen at once.
    """

    tile_bytes: int | None = None
    correction_bytes: int = CORRECTION_BYTES
    chunk_samples: int = CHUNK_SAMPLES


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


def peak_bytes(
    encoder: Chain, layers: Iterable[str], space: Space, plan: Plan, *, channels: int = 3
) -> int:
    """Estimate the peak memory of a run on a signal.

    Args:
        encoder: The network.
        layers: Layers that the costs read.
        space: Samples along each axis.
        plan: Whether there are tiles.
        channels: Channels of the signal.
    """
    width = encoder.precision.itemsize
    wanted = encoder.check(layers)
    parts = stages(encoder, wanted, space)
    samples = channels * math.prod(space)
    vectors = 4 * samples * (VECTORS + 2 * corrections(samples, plan.correction_bytes))
    spaces = [part.space for part in parts]
    loads = [math.prod(own) * part.load * width for own, part in zip(spaces, parts, strict=True)]
    fixed = FIXED + kernel_bytes(encoder.chain[name] for part in parts for name in part.names)
    if plan.tile_bytes is None:
        return fixed + vectors + int(WHOLE_OVERHEAD * sum(loads))
    between = [
        encoder.table[part.names[-1]].channels * math.prod(part.space_of(part.names[-1])) * width
        for part in parts[:-1]
    ]
    # all that is kept between stages, the gradient of the largest, and content targets at most
    # as large as that
    kept = sum(between) + 2 * max(between, default=0)
    tile = min(plan.tile_bytes, max(loads, default=0))
    return int(fixed + vectors + kept + TILE_OVERHEAD * tile)


def make_plan(
    encoder: Encoder,
    layers: Iterable[str],
    space: Space,
    *,
    memory: int | None = None,
    channels: int = 3,
) -> Plan:
    """Choose tiles where the whole signal does not fit, and as many corrections as do.

    Of a network that is not a chain of known modules nothing can be said, nor can it be cut.

    Args:
        encoder: The network.
        layers: Layers that the costs read.
        space: Samples along each axis.
        memory: Bytes that the program may take in all; None for what is free.
        channels: Channels of the signal.
    Raises:
        OutOfMemoryError: If nothing fits; the largest size that would is named.
    """
    if not isinstance(encoder, Chain):
        return Plan()
    limit = available_bytes() if memory is None else memory
    plans = _plans(limit) if encoder.local else [Plan(None, min(CORRECTION_BYTES, limit // 8))]
    layers = list(layers)

    def fitting(size: Space) -> Plan | None:
        return next(
            (p for p in plans if peak_bytes(encoder, layers, size, p, channels=channels) <= limit),
            None,
        )

    needed = peak_bytes(encoder, layers, space, plans[-1], channels=channels)
    return fitting(space) or _refuse(space, fitting, needed, memory, limit)


def _refuse(
    space: Space,
    fitting: Callable[[Space], Plan | None],
    needed: int,
    memory: int | None,
    limit: int,
) -> NoReturn:
    """Say that nothing fits, and the largest size that would."""
    small, large = 0, max(space)
    while large - small > 1:
        middle = (small + large) // 2
        small, large = (middle, large) if fitting(fit(space, middle)) else (small, middle)
    advice = f"The largest size that fits is --size {small}." if small else "Free some memory."
    given = "is free" if memory is None else "is allowed by --memory"
    raise OutOfMemoryError(
        f"A longest side of {max(space)} needs about {needed / 2**30:.1f} GB of memory, and "
        f"{limit / 2**30:.1f} GB {given}. {advice}"
    )


def slices_peak_bytes(
    encoder: Chain,
    layers: Iterable[str],
    space: Space,
    plan: Plan,
    *,
    kept: Iterable[str] = (),
    channels: int = 1,
    axes: int = 3,
) -> int:
    """Estimate the peak memory of a run on the slices of a volume.

    Args:
        encoder: Network that sees the slices.
        layers: Layers that the costs read.
        space: Voxels along each axis of the volume.
        plan: How many slices are seen at once.
        kept: Layers whose features of every slice are kept, to be compared with.
        channels: Channels of the volume.
        axes: Along how many axes it is sliced.
    """
    width, voxels = encoder.precision.itemsize, math.prod(space)
    samples = channels * voxels
    vectors = 4 * samples * (VECTORS + 2 * corrections(samples, plan.correction_bytes))
    largest = tuple(sorted(space)[1:])
    parts = stages(encoder, encoder.check(layers), largest)
    slice_bytes = sum(math.prod(part.space) * part.load * width for part in parts)
    count = max(1.0, plan.chunk_samples / math.prod(largest))
    table = [encoder.table[layer] for layer in kept]
    targets = sum(layer.channels * width * voxels / layer.stride**2 for layer in table) * axes
    fixed = FIXED + kernel_bytes(encoder.chain[name] for part in parts for name in part.names)
    return int(fixed + vectors + 1.2 * targets + WHOLE_OVERHEAD * count * slice_bytes)


def make_slice_plan(
    encoder: Encoder,
    layers: Iterable[str],
    space: Space,
    *,
    memory: int | None = None,
    kept: Iterable[str] = (),
    channels: int = 1,
) -> Plan:
    """Choose how many slices of a volume are seen at once; see `make_plan`.

    Raises:
        OutOfMemoryError: If not even one slice fits; the largest size that would is named.
    """
    if not isinstance(encoder, Chain):
        return Plan()
    chain, wanted, whole = encoder, list(layers), list(kept)
    limit = available_bytes() if memory is None else memory
    few = min(CORRECTION_BYTES, limit // 8)
    plans = [Plan(None, few, CHUNK_SAMPLES >> halved) for halved in range(5)] + [Plan(None, 0, 1)]

    def needed(size: Space, plan: Plan) -> int:
        return slices_peak_bytes(chain, wanted, size, plan, kept=whole, channels=channels)

    def fitting(size: Space) -> Plan | None:
        return next((plan for plan in plans if needed(size, plan) <= limit), None)

    return fitting(space) or _refuse(space, fitting, needed(space, plans[-1]), memory, limit)


def _plans(limit: int) -> list[Plan]:
    """List what may be done, from fast to frugal."""
    few = min(CORRECTION_BYTES, limit // 8)
    return [
        Plan(None, few),
        *(Plan(tile_bytes, few) for tile_bytes in TILES),
        Plan(TILES[-1], 0),
    ]
