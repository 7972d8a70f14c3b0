"""What a run has measured, a record a step."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from impasto.engine.run import Step

Record = dict[str, Any]
SIDES = {1: ("length",), 2: ("width", "height"), 3: ("width", "height", "depth")}

PLACE = ("part", "level", "step")  # what in a record says where a run stood


def record(step: Step) -> Record:
    """Return what a step measured: time, place, size, J and every term, as JSON can hold it."""
    sides = dict(zip(SIDES[len(step.space)], reversed(step.space), strict=True))
    return {
        "elapsed_seconds": round(step.seconds, 3),
        "level": step.level,
        "step": step.index,
        **sides,
        "total": step.costs.total,
        **step.costs.terms,
    }


def terms_of(record: Record) -> dict[str, float]:
    """Return the terms of a record, without J and the rest."""
    known = (*PLACE, "elapsed_seconds", "length", *SIDES[3], "total")
    return {name: value for name, value in record.items() if name not in known}


def lines_of(trace: Iterable[Record]) -> Iterator[str]:
    """Yield a line of JSON for each record."""
    for entry in trace:
        yield json.dumps(entry) + "\n"


def place_of(record: Record) -> dict[str, int]:
    """Return where a run stood: piece, if there are several, level and step.

    Raises:
        ValueError: If one of them is no number.
        KeyError: If level or step is missing.
    """
    there = {name: int(record[name]) for name in PLACE if name in record}
    return {**there, "level": there["level"], "step": there["step"]}
