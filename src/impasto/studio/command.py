"""The command line that does what the page did."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from impasto.settings import StylizeSettings, option


def command_line(
    content: str,
    styles: Iterable[tuple[str, float]],
    settings: StylizeSettings,
    *,
    masks: Iterable[tuple[str, str]] = (),
    bits: int = 8,
    output: str = "result.png",
) -> str:
    """Return a command, as a shell takes it.

    Args:
        content: Name of the content.
        styles: Names of the styles, with their weights.
        settings: Those that are not the default are written.
        masks: For each style the names of a mask of the content and of one of the style.
        bits: Bits a channel of the result.
        output: Name of the result.
    """
    words = ["impasto", "stylize", _argument(content)]
    for name, weight in styles:
        words += [
            "--style",
            _argument(name) if weight == 1 else f"{_argument(name)}:{_number(weight)}",
        ]
    for pair in masks:
        words += ["--mask", *map(_argument, pair)]
    for field in dataclasses.fields(settings):
        value = getattr(settings, field.name)
        if value != field.default:
            words += _written(option(field.name), value)
    if bits != 8:
        words += ["--bits", str(bits)]
    return shlex.join([*words, "-o", _argument(output)])


def _written(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [name] if value else [f"--no-{name[2:]}"]
    if isinstance(value, Mapping):
        return [name, ",".join(f"{layer}:{_number(weight)}" for layer, weight in value.items())]
    if isinstance(value, tuple):
        return [name, *(_number(one) for one in value)]
    return [name, _number(value) if isinstance(value, float) else str(value)]


def _number(value: float) -> str:
    """Write a number so that it is read as the same."""
    return repr(float(value)).removesuffix(".0")


def _argument(name: str) -> str:
    """Write the name of a file so that it is not taken for an option."""
    return f"./{name}" if name.startswith("-") else name
