"""What all settings have in common: their limits are checked, and JSON can hold them.

The command line, the web page and the metadata of a result are derived from the classes of
settings. They do not need torch, so that `impasto --help` answers at once.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, ClassVar, Literal, NamedTuple, Self, get_args, get_origin, get_type_hints

from impasto.errors import UsageError, nearest


class Setting(NamedTuple):
    """What a field of the settings means, for people, and under which heading it stands."""

    help: str
    group: str


@dataclass(frozen=True)
class Settings:
    """Values that are checked when they are set.

    Attributes:
        lowest: The smallest value of each field that is a whole number.
    Raises:
        UsageError: If a value is out of its range.
    """

    lowest: ClassVar[Mapping[str, int]] = {}

    def __post_init__(self) -> None:
        kinds_of = _kinds(type(self))  # type: ignore[arg-type]  # mypy takes it for no class
        for name, kinds in kinds_of.items():
            value, words = getattr(self, name), _words(kinds)
            if value in words:
                continue
            if Path in kinds:
                object.__setattr__(self, name, Path(value))
            elif int in kinds and name in self.lowest:
                self._check_number(name, value)
            elif any(words):
                hint = nearest(str(value), filter(None, words))
                raise UsageError(f"{option(name)} cannot be {value!r}. {hint}")

    def _check_number(self, name: str, value: Any) -> None:
        lowest = self.lowest[name]
        if isinstance(value, bool) or not isinstance(value, int) or value < lowest:
            raise UsageError(f"{option(name)} must be a whole number from {lowest}, not {value!r}.")

    def changed(self, changes: Mapping[str, Any]) -> Self:
        """Return the settings with some values replaced.

        Raises:
            UsageError: If there is no setting of that name, or a value is out of range.
        """
        known = [field.name for field in dataclasses.fields(self)]
        for name in changes:
            if name not in known:
                raise UsageError(f"There is no setting {name!r}. {nearest(name, known)}")
        return dataclasses.replace(self, **changes)

    def to_json(self) -> dict[str, Any]:
        """Return plain values that JSON can hold."""
        values = dataclasses.asdict(self)
        return {name: str(v) if isinstance(v, Path) else v for name, v in values.items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Rebuild settings from plain values.

        Raises:
            UsageError: If a name is unknown or a value is out of range.
        """
        return cls().changed(values)


@cache
def _kinds(settings: type[Settings]) -> Mapping[str, tuple[Any, ...]]:
    """Return for each field its type, and the types that it is a union of."""
    hints = get_type_hints(settings)
    names = [field.name for field in dataclasses.fields(settings)]
    return {name: (hints[name], *get_args(hints[name])) for name in names}


def _words(kinds: tuple[Any, ...]) -> list[str | None]:
    """Return the values that a type lists, and None if that is one of them."""
    listed = [value for kind in kinds if get_origin(kind) is Literal for value in get_args(kind)]
    return [*listed, None] if NoneType in kinds else listed


def option(name: str) -> str:
    """Return the option of the command line that sets a field."""
    return f"-{name}" if len(name) == 1 else "--" + name.replace("_", "-")


def check_weight(name: str, value: float) -> None:
    """Raise UsageError unless a weight is a finite number from 0."""
    if not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        raise UsageError(f"{name} must be a finite number from 0, not {value}.")
