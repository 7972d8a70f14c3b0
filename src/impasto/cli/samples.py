"""`impasto samples`: the pictures and sounds that come with the program."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def samples(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON list.")] = False,
) -> None:
    """List the bundled pictures and sounds; their names work wherever a path does."""
    from impasto.samples import samples as bundled

    if as_json:
        print(json.dumps([{**vars(s), "path": str(s.path)} for s in bundled()], indent=2))
        return
    for sample in bundled():
        print(f"{sample.name:24}  {sample.kind:9}  {sample.author}, {sample.license}")
