"""`impasto rerun`: make a picture again from what its file tells."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from impasto.cli.extras import Extras
from impasto.cli.job import Job, one
from impasto.errors import InputError
from impasto.settings import StylizeSettings


def rerun(
    picture: Annotated[Path, typer.Argument(help="A picture made by impasto.")],
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Result. [default: PICTURE.rerun.SUFFIX]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Make a picture again, with the inputs and the settings that its file tells."""
    began = time.monotonic()
    import torch

    from impasto.media.image import read_note

    told = _parsed(picture, read_note(picture))
    inputs = told["inputs"]
    for entry in [inputs["content"], *inputs["styles"], *sum(inputs["masks"], [])]:
        _check_unchanged(picture, entry)
    torch.set_num_threads(told["threads"])
    job = Job(
        [(style["path"], style["weight"]) for style in inputs["styles"]],
        [(pair[0]["path"], pair[1]["path"]) for pair in inputs["masks"]],
        StylizeSettings.from_json(told["settings"]),
        told["bits"],
        quiet,
    )
    target = output or str(picture.with_name(f"{picture.stem}.rerun{picture.suffix}"))
    report = one(job, inputs["content"]["path"], target, Extras(), None, began=began)
    if as_json:
        print(json.dumps(report))
    elif told["versions"] != report["versions"] and not quiet:
        print("It was first made with other versions, so it may differ.", file=sys.stderr)


def _parsed(picture: Path, note: str | None) -> dict[str, Any]:
    try:
        told = json.loads(note or "")
        if told["program"] == "impasto" and told["inputs"] and told["settings"]:
            return dict(told)
    except (ValueError, KeyError, TypeError):
        pass
    raise InputError(
        f"{picture} does not tell how it was made: it is not impasto's, or was edited."
    )


def _check_unchanged(picture: Path, entry: dict[str, Any]) -> None:
    from impasto.stylization.inputs import identity

    if entry["path"] is None:
        raise InputError(f"{picture} was made from pictures in memory, which no file can repeat.")
    if identity(entry["path"])["sha256"] != entry["sha256"]:
        raise InputError(f"{entry['path']} has changed since {picture} was made from it.")
