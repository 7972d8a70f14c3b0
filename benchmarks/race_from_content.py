"""How soon impasto has the cost of 500 plain steps from the content."""

from __future__ import annotations

from collections.abc import Iterator

from race import Race, run
from report import Options, Row


def rows(options: Options) -> Iterator[Row]:
    """Run the races."""
    race = Race(size=256, steps=500, noise=False, pairs=2, target=4, device=options.device)
    small = Race(size=256, steps=100, noise=False, pairs=1, target=4, device=options.device)
    return run(small if options.quick else race)
