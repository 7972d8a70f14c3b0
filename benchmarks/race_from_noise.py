"""How soon impasto has the cost of 1,000 plain steps from noise, as neural-style-pt makes them."""

from __future__ import annotations

from collections.abc import Iterator

from race import Race, run
from report import Options, Row


def rows(options: Options) -> Iterator[Row]:
    """Run the races."""
    race = Race(size=512, steps=1000, noise=True, pairs=5, target=10, device=options.device)
    small = Race(size=256, steps=200, noise=True, pairs=1, target=10, device=options.device)
    return run(small if options.quick else race)
