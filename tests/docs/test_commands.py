"""Every command in the pages is one that there is, with options and values that it takes."""

from __future__ import annotations

import dataclasses
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import typer.main
from book import ROOT, blocks, names, pages

from impasto.cli.job import parse_style
from impasto.cli.main import app
from impasto.settings import Settings, StylizeSettings, TrainSettings, UnitsSettings

SETTINGS: dict[str, type[Settings]] = {
    "stylize": StylizeSettings,
    "synthesize": StylizeSettings,
    "train": TrainSettings,
    "report": UnitsSettings,
}
ELSEWHERE = {
    "accelerate",
    "cat",
    "cd",
    "git",
    "python3",
    "ray",
    "source",
}  # programs that are not ours
OPERATORS = {"|", "&&", ";"}


def commands(code: str) -> Iterator[list[str]]:
    """Yield the words of each command of a shell, without comments and redirections."""
    for line in code.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        command: list[str] = []
        words = iter([*lexer, ";"])
        for word in words:
            if word in OPERATORS:
                if command:
                    yield command
                command = []
            elif word in ("<", ">"):
                next(words)
            else:
                command.append(word)


def program() -> Any:
    """Return the command line, each command of which does nothing but check its settings."""
    root = typer.main.get_command(app)
    _disarm(root)
    return root


def _disarm(command: Any) -> None:
    for name, own in command.commands.items():
        if hasattr(own, "commands"):
            _disarm(own)
        else:
            own.callback = _checks(SETTINGS.get(name))


def _checks(kind: type[Settings] | None) -> Any:
    def check(**values: Any) -> None:
        for style in values.get("style") or () if kind is StylizeSettings else ():
            parse_style(style)
        if kind is not None:
            known = {field.name for field in dataclasses.fields(kind)}
            kind(**{name: value for name, value in values.items() if name in known})

    return check


def check(words: Sequence[str]) -> None:
    """Raise an error unless a command can be given."""
    name, *rest = words
    if name == "impasto":
        program()(rest, standalone_mode=False, prog_name="impasto")
    elif name == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert rest[0] in targets, words
    elif name == "pip":
        package = next(word for word in rest[1:] if not word.startswith("-"))
        extras = re.findall(r"\w+", package.partition("[")[2])
        known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        assert set(extras) <= set(known["project"]["optional-dependencies"]), words
    else:
        assert name in ELSEWHERE, words


@pytest.mark.parametrize("page", pages(), ids=names)
def test_commands_can_be_given(page: Path) -> None:
    for block in blocks(page):
        if block.language == "sh" and block.reason is None:
            for words in commands(block.code):
                check(words)


def test_commands_are_found() -> None:
    code = "cat a.jpg | impasto stylize - \\\n  -o - > b.png  # one\nmake demo && impasto samples\n"
    assert list(commands(code)) == [
        ["cat", "a.jpg"],
        ["impasto", "stylize", "-", "-o", "-"],
        ["make", "demo"],
        ["impasto", "samples"],
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "impasto stylize a.jpg --style b.jpg --sice 512",
        "impasto stylize a.jpg --style b.jpg --steps 0",
        "impasto stylize a.jpg --style b.jpg:-1",
        "impasto stylize a.jpg --style b.jpg --mask c.png",
        "impasto units show report/",
        "impasto paint a.jpg",
        "make supper",
        "pip install 'impasto[taste]'",
        "impasta samples",
    ],
)
def test_what_is_wrong_is_noticed(wrong: str) -> None:
    with pytest.raises(Exception, match=r"\w"):
        check(next(commands(wrong)))


def test_only_python_and_commands_need_a_reason_not_to_run() -> None:
    reasons = [block for page in pages() for block in blocks(page) if block.reason is not None]
    assert reasons
    assert {block.language for block in reasons} <= {"python", "sh"}
