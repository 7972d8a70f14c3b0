"""What checkpoints cost: the same run with and without."""

from __future__ import annotations

import tempfile
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from pictures import PAIRS
from report import Options, Row

from impasto import stylize_steps
from impasto.settings import StylizeSettings
from impasto.stylization import encoder_for


def rows(options: Options) -> Iterator[Row]:
    """Measure how much longer a run takes that keeps its state, at 512 pixels."""
    settings = StylizeSettings(size=512, steps=20 if options.quick else 60, device=options.device)
    encoder = encoder_for(settings)

    def seconds(checkpoint: Path | None) -> float:
        began = time.monotonic()
        steps = stylize_steps(*PAIRS[0], settings=settings, encoder=encoder, checkpoint=checkpoint)
        deque(steps, maxlen=0)
        return time.monotonic() - began

    with tempfile.TemporaryDirectory() as folder:
        seconds(None)  # to warm up
        pairs = [(seconds(None), seconds(Path(folder) / f"state{number}")) for number in range(2)]
    share = min(kept / plain for plain, kept in pairs) - 1
    yield Row(
        "time that `--checkpoint` adds, of two runs the better",
        f"{100 * share:.1f} %",
        "≤ 2 %",
        share <= 0.02,
    )
