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
from impasto.settings import StylizeSettings, option, parse_bytes, parse_layers


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


def _size(given: str | int) -> int | str:
    return int(given) if str(given).lstrip("+-").isdecimal() else given


_WRITTEN: Mapping[str, Mapping[str, Any]] = {
    "size": {"parser": _size, "metavar": "PIXELS|original"},
    "content_layers": _LAYERS,
    "style_layers": _LAYERS,
    "init": {"metavar": "content|noise|style|PATH"},
    "weights": {"metavar": "FILE"},
    "memory": {"parser": parse_bytes, "metavar": "BYTES|MB|GB"},
}


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one option for each field of StylizeSettings.

    The command takes them together as its argument `settings`.
    """

    def run(**values: Any) -> None:
        given = {name: values.pop(name) for name in fields}
        command(**values, settings=StylizeSettings(**given))

    hints = typing.get_type_hints(StylizeSettings, include_extras=True)
    fields = {field.name: field for field in dataclasses.fields(StylizeSettings)}
    added = [_parameter(field, hints[name]) for name, field in fields.items()]
    own = inspect.signature(command, eval_str=True).parameters.values()
    parameters = [parameter for parameter in own if parameter.name != "settings"] + added
    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def _parameter(field: dataclasses.Field[Any], hint: Any) -> inspect.Parameter:
    kind, setting = typing.get_args(hint)
    written = _WRITTEN.get(field.name, {})
    if "parser" in written:
        kind = str  # Typer wants some type; the parser decides
    described = typer.Option(
        option(field.name),
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
