"""Names that others chose, of layers and pictures, made safe for files and for reading."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST = 80
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)


def file_stems(names: Iterable[str]) -> dict[str, str]:
    """Return for each name one that any file system takes, and no two that any confuses.

    Args:
        names: Such as "relu4_1", which stays as it is, or "blocks/0:conv".
    """
    stems: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        stem = first = _stem(name)
        count = 1
        while stem.lower() in taken:  # Windows and macOS do not tell case apart
            count += 1
            stem = f"{first}-{count}"
        taken.add(stem.lower())
        stems[name] = stem
    return stems


def _stem(name: str) -> str:
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:_LONGEST].lstrip(".-") or "layer"
    return f"_{stem}" if _DEVICES.match(stem) else stem


def readable(name: str) -> str:
    r"""Return a name in which whatever cannot be printed is spelled out, such as \n or \udcff."""
    spelled = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)
    return "".join(spelled)


def storable(name: str) -> str:
    r"""Return a name as valid Unicode: bytes that were none are spelled out, such as \udcff."""
    return name.encode("utf-8", "backslashreplace").decode()
