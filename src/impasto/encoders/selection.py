"""Layers by name or by pattern."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

from impasto.encoders.encoder import Encoder
from impasto.errors import UsageError, nearest

ALL = "all"


def select_layers(encoder: Encoder, patterns: str | Iterable[str]) -> list[str]:
    """Return the layers that patterns name, from shallow to deep, each once.

    Args:
        encoder: The network.
        patterns: Names of layers; or patterns as of file names, where * stands for anything, as in
            "relu*_1" or "features.*"; or "all". A string has commas between them.
    Raises:
        UsageError: If a pattern names no layer; the nearest names are offered.
    """
    wanted: set[str] = set()
    listed = patterns.replace(" ", "").split(",") if isinstance(patterns, str) else patterns
    for pattern in listed:
        found = [name for name in encoder.table if fnmatchcase(name, pattern)]
        if pattern == ALL and not found:
            found = list(encoder.table)
        if not found:
            hint = nearest(pattern, encoder.table)
            raise UsageError(f"{encoder.name} has no layer {pattern!r}. {hint}")
        wanted.update(found)
    return encoder.check(wanted)
