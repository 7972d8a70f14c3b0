"""The page of the command line, written from the program's own help while the book is built."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import typer.main
from sphinx.application import Sphinx

PAGE = "reference/command_line"
ARGUMENTS = "Arguments"


def setup(app: Sphinx) -> dict[str, Any]:
    """Append the commands to the page when it is read."""
    app.connect("source-read", _append)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _append(_: Sphinx, page: str, source: list[str]) -> None:
    if page == PAGE:
        source[0] += "\n" + reference()


def reference() -> str:
    """Return all commands with their arguments and options, in Markdown."""
    from impasto.cli.main import app

    program: Any = typer.main.get_command(app)
    context = program.make_context("impasto", ["samples"])
    return "\n".join(line for name in program.commands for line in _command(program, name, context))


def _command(group: Any, name: str, parent: Any) -> Iterator[str]:
    command = group.commands[name]
    context = type(parent)(command, info_name=name, parent=parent)
    pieces = " ".join(command.collect_usage_pieces(context))
    yield from (f"## {context.command_path}", "", command.help or "", "")
    yield from ("```text", f"{context.command_path} {pieces}", "```", "")
    yield from _parameters(command, context)
    for own in getattr(command, "commands", ()):
        yield from _command(command, own, context)


def _parameters(command: Any, context: Any) -> Iterator[str]:
    """Yield a list for each heading of the help, in its order."""
    told_of = [own for own in command.params if own.get_help_record(context)]
    order = list(dict.fromkeys(map(_heading, told_of)))
    told_of.sort(key=lambda own: order.index(_heading(own)))
    for heading, own in groupby(told_of, _heading):
        yield from (f"**{heading}**", "")
        for names, told in (parameter.get_help_record(context) for parameter in own):
            shown = names.partition(" <")[0] if heading == ARGUMENTS else names
            yield from (f"`{shown}`", f": {_text(told)}", "")


def _heading(parameter: Any) -> str:
    given = getattr(parameter, "rich_help_panel", None)
    return given or (ARGUMENTS if parameter.param_type_name == "argument" else "Options")


def _text(text: str) -> str:
    for mark in r"\`*_|<>[]$":
        text = text.replace(mark, "\\" + mark)
    return text
