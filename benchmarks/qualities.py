"""The time of the whole command at each quality, at 512 pixels with the default objective."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from pictures import PAIRS
from report import Options, Row

LIMITS = {"draft": 15.0, "standard": 60.0, "fine": None}


def rows(options: Options) -> Iterator[Row]:
    """Run the command once for each quality."""
    content, style = PAIRS[0]
    for quality, limit in LIMITS.items():
        if options.quick and limit is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            command = [
                str(Path(sys.executable).parent / "impasto"),
                *("stylize", content, "--style", style, "--quality", quality),
                *("--device", options.device, "-o", str(Path(folder) / "result.png")),
            ]
            began = time.monotonic()
            subprocess.run(command, check=True, capture_output=True)
            seconds = time.monotonic() - began
        yield Row(
            f"`--quality {quality}` at 512 px, the whole command",
            f"{seconds:.0f} s",
            f"≤ {limit:g} s" if limit else "",
            None if limit is None else seconds <= limit,
        )
