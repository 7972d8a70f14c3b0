"""Reading settings that the command line writes in a way of its own."""

from __future__ import annotations

import re

from impasto.errors import UsageError


def parse_bytes(text: str) -> int:
    """Read an amount of memory: '2GB', '512 MB' or a number of bytes. A GB is 2**30 bytes.

    Raises:
        UsageError: If it is not one.
    """
    units = {"": 1, "B": 1, "KB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}
    words = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?B?)\s*", text.upper().replace("IB", "B"))
    unit = words and words[2] + ("B" if len(words[2]) == 1 and words[2] != "B" else "")
    if not words or unit not in units:
        raise UsageError(f"{text!r} is not an amount of memory, such as 2GB or 512MB.")
    return int(float(words[1]) * units[unit])


def parse_layers(text: str) -> dict[str, float]:
    """Read layers with weights: 'relu1_1:0.5,relu2_1' gives {"relu1_1": 0.5, "relu2_1": 1.0}.

    Raises:
        UsageError: If a weight is not a number, or no layer is named.
    """
    layers: dict[str, float] = {}
    for part in text.replace(" ", ",").split(","):
        if part:
            name, _, weight = part.partition(":")
            try:
                layers[name] = float(weight) if weight else 1.0
            except ValueError:
                raise UsageError(f"{weight!r} in {part!r} is not a weight.") from None
    if not layers:
        raise UsageError("No layer is named.")
    return layers
