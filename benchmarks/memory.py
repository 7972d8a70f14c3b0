"""Peak memory of the whole command at large sizes, and its time for each megapixel."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pictures import PAIRS
from report import Options, Row

from impasto.encoders import Chain
from impasto.engine.memory import TILES, Plan, peak_bytes
from impasto.objectives.conventions import CONVENTIONS
from impasto.settings import StylizeSettings
from impasto.stylization import encoder_for
from impasto.stylization.trace import SIDES


@dataclass(frozen=True)
class Seen:
    """What a command took.

    Attributes:
        gigabytes: Peak of its resident memory, 2**30 bytes each.
        seconds: From one step to the next.
        megapixels: Size of the result, in millions of pixels or voxels.
    """

    gigabytes: float
    seconds: float
    megapixels: float


def measure(size: int, device: str, *, memory: str | None = None, steps: int = 2) -> Seen:
    """Run a few steps at one level on a picture."""
    content, style = PAIRS[0]
    limit = ("--memory", memory) if memory else ()
    return watch(content, style, "--size", str(size), "--device", device, *limit, steps=steps)


def watch(content: str, style: str, *options: str, steps: int, suffix: str = ".png") -> Seen:
    """Run a few steps of the command at one level, and watch what it takes."""
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.jsonl"
        command = [
            str(Path(sys.executable).parent / "impasto"),
            *("stylize", content, "--style", style, "--levels", "1", "--steps", str(steps)),
            *("--trace", str(trace), "-o", str(Path(folder) / f"result{suffix}"), *options),
        ]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise RuntimeError(f"{' '.join(command)} ended with {status}.")
        records = [json.loads(line) for line in trace.read_text().splitlines()]
    times = [record["elapsed_seconds"] for record in records]
    sides = (records[-1].get(side, 1) for side in SIDES[3])
    least = min(after - before for before, after in itertools.pairwise(times))
    return Seen(usage.ru_maxrss / 2**20, least, math.prod(sides) / 1e6)


def rows(options: Options) -> Iterator[Row]:
    """Measure from a megapixel, whole, to a poster in tiles."""
    base = measure(1225, options.device, steps=5)
    small = base.seconds / base.megapixels
    yield Row(
        f"1 megapixel whole: {base.seconds:.1f} s a step, {small:.2f} s a megapixel",
        f"{base.gigabytes:.2f} GB",
    )
    for size, memory, limit in ((2048, "2.5GB", 2.5), (6000, "5GB", 5.0)):
        if options.quick and size > 4000:
            continue
        seen = measure(size, options.device, memory=memory)
        yield Row(
            f"peak memory at {size} px ({seen.megapixels:.1f} megapixels), `--memory {memory}`",
            f"{seen.gigabytes:.2f} GB",
            f"≤ {limit:g} GB",
            seen.gigabytes <= limit,
        )
        ratio = seen.seconds / seen.megapixels / small
        target = size == 6000
        yield Row(
            f"time for each megapixel at {size} px ({seen.seconds:.0f} s a step)",
            f"{ratio:.2f} × that at 1 megapixel",
            "≤ 1.7 ×" if target else "",
            ratio <= 1.7 if target else None,
        )
        if target:  # a poster: 15 steps on top, and those of its pyramid, by the area of each
            poster = 100 / seen.megapixels * seen.seconds
            hours = poster * (5 + 100 * (4096 / 12247) ** 2 / 8) / 3600
            yield Row(
                "a poster of 100 megapixels, `--quality standard`, extrapolated: time from the "
                "line above by area, memory as the program estimates it",
                f"{hours:.1f} hours, {poster_bytes() / 2**30:.0f} GB",
            )


def poster_bytes() -> int:
    """Estimate the memory of 100 megapixels in the smallest tiles."""
    settings = StylizeSettings()
    encoder = encoder_for(settings)
    assert isinstance(encoder, Chain)
    chosen = CONVENTIONS[settings.objective]
    layers = {*chosen.content_layers, *chosen.style_layers}
    return peak_bytes(encoder, layers, (8165, 12247), Plan(TILES[-1], 0))
