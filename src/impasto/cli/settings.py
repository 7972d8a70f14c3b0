"""Options of the command line, derived from the fields of the settings."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from impasto.errors import UsageError
from impasto.settings import Settings, option, parse_bytes, parse_layers


class PairedMasks(TyperCommand):
    """A command whose option --mask takes two words, and may be repeated: Typer has no such type.

    So it reads `--mask A B` as if it were `--mask A --mask B`.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words after the command's name."""
        words, doubled = iter(args), []
        for word in words:
            name, equals, first = word.partition("=")
            if name != "--mask":
                doubled.append(word)
                continue
            pair = [first] if equals else []
            pair += itertools.islice(words, 2 - len(pair))
            if len(pair) < 2 or any(mask.startswith("-") for mask in pair):
                raise UsageError("--mask takes two pictures: CONTENT_MASK STYLE_MASK.")
            doubled += [name, pair[0], name, pair[1]]
        return super().parse_args(ctx, doubled)


# How the command line writes what is no plain text, number or choice.
_LAYERS = {"parser": parse_layers, "metavar": "LAYER[:WEIGHT],..."}


def _size(given: str | int | None) -> int | str | None:
    return given if given is None else int(given) if str(given).lstrip("+-").isdecimal() else given


_WRITTEN: Mapping[str, Mapping[str, Any]] = {
    "size": {"parser": _size, "metavar": "PIXELS|original"},
    "content_layers": _LAYERS,
    "style_layers": _LAYERS,
    "init": {"metavar": "content|noise|style|PATH"},
    "weights": {"metavar": "FILE"},
    "window": {"metavar": "LOW HIGH"},
    "memory": {"parser": parse_bytes, "metavar": "BYTES|MB|GB"},
}


def with_settings(kind: type[Settings]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one option for each field of a class of settings.

    The command takes them together as its argument `settings`.
    """
    hints = typing.get_type_hints(kind, include_extras=True)
    own = [*kind.__annotations__]  # before those that all commands have
    ordered = sorted(dataclasses.fields(kind), key=lambda field: field.name not in own)
    fields = {field.name: field for field in ordered}

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        def run(**values: Any) -> None:
            given = {name: values.pop(name) for name in fields}
            command(**values, settings=kind(**given))

        added = [_parameter(field, hints[name]) for name, field in fields.items()]
        arguments = inspect.signature(command, eval_str=True).parameters.values()
        parameters = [parameter for parameter in arguments if parameter.name != "settings"] + added
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return run

    return decorate


def _parameter(field: dataclasses.Field[Any], hint: Any) -> inspect.Parameter:
    kind, setting = typing.get_args(hint)
    written = _WRITTEN.get(field.name, {})
    if "parser" in written:
        kind = str  # Typer wants some type; the parser decides
    switch = f"/--no-{option(field.name)[2:]}" if kind is bool else ""
    described = typer.Option(
        option(field.name) + switch,
        help=setting.help,
        rich_help_panel=setting.group,
        show_default=field.default is not None,
        **written,
    )
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=field.default,
        annotation=Annotated[kind, described],
    )
