"""`impasto rerun`: make a picture again from what its file tells."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from impasto.cli.extras import Extras
from impasto.cli.job import Job, medium_in, one
from impasto.errors import InputError, UsageError, WeightsError
from impasto.settings import StylizeSettings


def rerun(
    picture: Annotated[Path, typer.Argument(help="A picture made by impasto.")],
    output: Annotated[
        str | None, typer.Option("--output", "-o", help="Result. (default: PICTURE.rerun.SUFFIX)")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Make a picture again, with the inputs and the settings that its file tells."""
    began = time.monotonic()
    import torch

    from impasto.encoders.encoder import UNKNOWN
    from impasto.stylization import encoder_for

    told = _told(picture)
    if told.weights_sha256 == UNKNOWN:
        raise InputError(f"{picture} was made with a network of the caller's, not of impasto's.")
    for entry in told.inputs:
        if entry.get("named"):  # a style that a trained network knows
            continue
        _check_unchanged(picture, entry)
    job = Job(told.styles, told.masks, told.settings, told.bits, quiet)
    if told.settings.fast:
        from impasto.stylization.feedforward import painter_for

        fresh, made_with = painter_for(told.settings, list(told.styles)).sha256, told.model_sha256
    else:
        job.encoder = encoder_for(told.settings, medium=medium_in(told.content))
        fresh, made_with = job.encoder.weights_hash, told.weights_sha256
    if fresh != made_with:
        raise WeightsError(f"The weights are not those that {picture} was made with.")
    torch.set_num_threads(told.threads)
    target = output or str(picture.with_name(f"{picture.stem}.rerun{picture.suffix}"))
    report = one(job, told.content, target, Extras(), None, began=began, until=told.end)
    if as_json:
        print(json.dumps(report))
    if told.versions != report["versions"]:
        job.say("It was first made with other versions, so it may differ.")


@dataclass
class Told:
    """What a picture tells about how it was made."""

    content: str
    styles: list[tuple[str, float]]
    masks: list[tuple[str, str]]
    inputs: list[dict[str, Any]]
    settings: StylizeSettings
    bits: int
    end: dict[str, int]
    threads: int
    weights_sha256: str
    model_sha256: str | None
    versions: dict[str, str]


def _told(picture: Path) -> Told:
    from impasto.media import read_note
    from impasto.stylization.trace import place_of

    note = read_note(picture)
    try:
        told = json.loads(note or "")
        inputs = told["inputs"]
        content, styles, masks, init = (inputs[k] for k in ("content", "styles", "masks", "init"))
        return Told(
            content["path"],
            [(style["path"], float(style["weight"])) for style in styles],
            [(one["path"], other["path"]) for one, other in masks],
            [content, *styles, *itertools.chain(*masks), *([init] if init else [])],
            StylizeSettings.from_json(told["settings"]),
            told["bits"],
            place_of(told["end"]),
            int(told["threads"]),
            told["weights_sha256"],
            inputs.get("model", {}).get("sha256"),
            told["versions"],
        )
    except (ValueError, KeyError, TypeError, UsageError):
        raise InputError(
            f"{picture} does not tell how it was made: it is not impasto's, or was edited."
        ) from None


def _check_unchanged(picture: Path, entry: dict[str, Any]) -> None:
    """Make sure that an input is still what it was."""
    from impasto.stylization.inputs import identity

    path = entry.get("path")
    if path is None:
        raise InputError(f"{picture} was made from pictures in memory, which no file can repeat.")
    try:
        changed = identity(path)["sha256"] != entry.get("sha256")
    except InputError as error:
        raise InputError(f"{error} Go to the folder in which {picture} was made.") from None
    if changed:
        raise InputError(f"{path} has changed since {picture} was made from it.")
