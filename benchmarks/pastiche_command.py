"""The command pastiche with its default objective against impasto with the same one.

pastiche measures content by 0.01 times the mean squared error and style by 10/C² times that of the
Gram matrices divided by positions: `--objective neural-style --content-weight 0.01
--style-weight 10 --tv-weight 0`. Each program would make its own reduction of a photograph, which
changes the costs, so both are given pictures of 512 pixels.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pictures import PAIRS, picture
from report import Options, Row

from impasto.media import write
from impasto.signal import Signal

SAME = ("--objective", "neural-style", "--content-weight", "0.01", "--style-weight", "10",
        "--tv-weight", "0")  # fmt: skip


def reduced(name: str, folder: Path) -> str:
    """Write one of the pictures at 512 pixels and return the path."""
    path = folder / f"{name}.png"
    write(Signal(picture(name, 512)[0]), path)
    return str(path)


def run_pastiche(content: str, style: str, steps: int, folder: Path) -> tuple[float, float]:
    """Return the cost at the end and the seconds of the command."""
    command = [
        str(Path(sys.executable).parent / "pastiche"),
        *("--content", content, "--styles", style),
        *("--size", "512", "--style-size", "512", "--num-steps", str(steps)),
        *("--info-step", str(steps), "--output", str(folder / "pastiche.png")),
    ]
    began = time.monotonic()
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return float(output.split()[-1]), time.monotonic() - began


def run_impasto(
    content: str, style: str, target: float, steps: int, device: str, folder: Path
) -> tuple[float | None, int]:
    """Return the seconds of the command until a cost is reached, and the steps.

    The command is run to its end; what it takes after the cost is reached does not count, what it
    takes before its own clock begins does.
    """
    trace = folder / "trace.jsonl"
    command = [
        str(Path(sys.executable).parent / "impasto"),
        *("stylize", content, "--style", style, *SAME, "--size", "512", "--steps", str(steps)),
        *("--levels", "1", "--device", device, "--trace", str(trace)),
        *("-o", str(folder / "impasto.png")),
    ]
    began = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    records = [json.loads(line) for line in trace.read_text().splitlines()]
    before = time.monotonic() - began - records[-1]["elapsed_seconds"]
    for number, record in enumerate(records):
        if record["total"] <= target:
            return record["elapsed_seconds"] + before, number
    return None, len(records)


def rows(options: Options) -> Iterator[Row]:
    """Compare at 512 pixels."""
    steps = 50 if options.quick else 500
    for content, style in PAIRS[:1]:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            pair = reduced(content, folder), reduced(style, folder)
            target, seconds = run_pastiche(*pair, steps, folder)
            own, taken = run_impasto(*pair, target, steps, options.device, folder)
        ratio = seconds / own if own else 0.0
        reached = f"{taken} steps in {own:.0f} s" if own else f"not in {steps} steps"
        yield Row(
            f"pastiche's command, {content} + {style}, {steps} steps at 512 px to J "
            f"{target:.4g} in {seconds:.0f} s; impasto {reached}",
            f"{ratio:.1f} × sooner",
            "≥ 12 ×",
            ratio >= 12,
        )
