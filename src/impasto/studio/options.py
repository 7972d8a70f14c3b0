"""Elements of the page for the settings, derived from their fields."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import gradio as gr

from impasto.encoders.catalog import ARCHITECTURES
from impasto.encoders.vgg import DEPTHS
from impasto.errors import UsageError
from impasto.settings import StylizeSettings, option, parse_layers
from impasto.studio.texts import SETTINGS, say

# Files and code of the machine are not the visitors', nor is how much of it they take: so the page
# does not have --weights, --model FILE, --device, --memory, networks of one's own, and the like.
FOLDED = tuple(SETTINGS)
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "encoder": (*DEPTHS, *ARCHITECTURES),
    "init": ("content", "noise", "style"),
}


def element(name: str) -> Any:
    """Return what sets a field of StylizeSettings; empty for its default."""
    field = next(own for own in dataclasses.fields(StylizeSettings) if own.name == name)
    default: Any = field.default
    kind = get_type_hints(StylizeSettings)[name]
    shown: dict[str, Any] = {"label": option(name), "info": say(f"help_{name}")}
    kinds = [own for own in (kind, *get_args(kind)) if own is not NoneType]
    choices = _CHOICES.get(name) or next(
        (get_args(own) for own in kinds if get_origin(own) is Literal), ()
    )
    if choices:
        value = "" if default is None else default
        return gr.Dropdown(["", *choices] if value == "" else [*choices], value=value, **shown)
    if default is not None and (int in kinds or float in kinds):
        return gr.Number(value=default, precision=0 if int in kinds else None, **shown)
    # an empty gr.Number becomes 0 once it is shown, and nothing is not 0
    return gr.Textbox(value=default or "", max_lines=1, **shown)


def settings_from(values: Mapping[str, Any]) -> StylizeSettings:
    """Return the settings that the elements of the page say.

    Args:
        values: By the names of the fields; None and "" stand for the default.
    Raises:
        UsageError: If a value is out of its range, or not one that a page may set.
    """
    given: dict[str, Any] = {}
    hints = get_type_hints(StylizeSettings)
    for name, value in values.items():
        if value in (None, ""):
            continue
        allowed = _CHOICES.get(name)
        if allowed and value not in allowed:
            raise UsageError(f"{option(name)} cannot be {value!r} here.")
        if name in ("content_layers", "style_layers"):
            value = parse_layers(value)
        elif isinstance(value, str) and {int, float} & {*get_args(hints[name])}:
            value = _number(name, value)
        given[name] = value
    return StylizeSettings().changed(given)


def _number(name: str, text: str) -> int | float:
    """Read a number.

    Raises:
        UsageError: If it is none.
    """
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    raise UsageError(f"{option(name)} takes a number, not {text!r}.")
