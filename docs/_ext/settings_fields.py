"""The fields of a class of settings, which have their help where others have a docstring."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

from sphinx.application import Sphinx

from impasto.settings.base import Setting, Settings


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the fields to docstrings, before these are prepared."""
    app.connect("autodoc-process-docstring", _add, priority=300)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def attributes(settings: type[Settings]) -> Iterator[str]:
    """Yield a section of a docstring: for each field its default and its help."""
    hints = get_type_hints(settings, include_extras=True)
    yield from ("", "Attributes:")
    for field in dataclasses.fields(settings):
        told = next((own for own in get_args(hints[field.name]) if isinstance(own, Setting)), None)
        if told is not None:
            yield f"    {field.name} ({_default(field.default)}): {told.help}"


def _default(value: Any) -> str:
    return str(value) if isinstance(value, Path) else repr(value)


def _add(*event: Any) -> None:
    own, lines = event[3], event[-1]
    if isinstance(own, type) and issubclass(own, Settings) and own is not Settings:
        lines += attributes(own)
