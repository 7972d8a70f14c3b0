"""`impasto stylize`: a picture or a folder of pictures in the style of another."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.batch import batch, batch_error
from impasto.cli.extras import Extras
from impasto.cli.job import Job, one, parse_style
from impasto.cli.settings import with_settings
from impasto.errors import UsageError
from impasto.settings import StylizeSettings

_FILES = "Files"


@with_settings(StylizeSettings)
def stylize(
    content: Annotated[
        list[str],
        typer.Argument(
            help="Picture, sound, series, volume or film, folder of them, name of a sample, or -."
        ),
    ],
    style: Annotated[
        list[str],
        typer.Option("--style", "-s", metavar="PICTURE[:WEIGHT]", help="Style; may be repeated."),
    ] = [],  # noqa: B006 - Typer's way
    mask: Annotated[
        list[str],  # of pairs: see PairedMasks
        typer.Option(
            metavar="CONTENT_MASK STYLE_MASK",
            help="Masks whose equal colors or labels pair up; once for each style.",
        ),
    ] = [],  # noqa: B006
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            help="Result, folder for several, or - for a PNG to stdout.",
            rich_help_panel=_FILES,
        ),
    ] = None,
    bits: Annotated[
        int, typer.Option(help="Bits a channel: 8, or 16 for PNG and TIFF.", rich_help_panel=_FILES)
    ] = 8,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the costs into this file.", rich_help_panel=_FILES)
    ] = None,
    sheet: Annotated[
        Path | None,
        typer.Option(help="Content, styles and result side by side.", rich_help_panel=_FILES),
    ] = None,
    film: Annotated[
        Path | None,
        typer.Option(help="The picture emerging, as .gif or .webp.", rich_help_panel=_FILES),
    ] = None,
    views: Annotated[
        Path | None,
        typer.Option(
            help="Slices of a volume before and after, as .png or .webp, or .html with a slider.",
            rich_help_panel=_FILES,
        ),
    ] = None,
    snapshots: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep pictures of the run.", rich_help_panel=_FILES),
    ] = None,
    every: Annotated[
        int, typer.Option(help="Steps between snapshots.", rich_help_panel=_FILES)
    ] = 10,
    trace: Annotated[
        Path | None,
        typer.Option(help="Write a line of JSON a step.", rich_help_panel=_FILES),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Keep the state here; the same command goes on from it.", rich_help_panel=_FILES
        ),
    ] = None,
    checkpoint_every: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Write it this often. (default: as often as costs 1 % of the time)",
            rich_help_panel=_FILES,
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT|auto|local",
            help="Share the work among the machines of a Ray cluster.",
            rich_help_panel="Machines",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object.", rich_help_panel=_FILES)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=_FILES)
    ] = False,
    *,
    settings: StylizeSettings,
) -> None:
    """Make a picture, or another signal, with the content of one and the style of another."""
    began = time.monotonic()
    if not style and settings.model is None:
        raise UsageError("There is no style: add --style PICTURE.")
    if settings.fast and not settings.refine and (plot or film or trace):
        raise UsageError(
            "A trained network paints at once: it has nothing for --plot, --film and --trace to "
            "show, unless you add --refine N."
        )
    if output == "-" and as_json:
        raise UsageError("-o - and --json both want stdout: choose one.")
    if output == "-" and sys.stdout.isatty():
        raise UsageError(
            "-o - writes a PNG, which is nothing for a terminal: send it to a program."
        )
    extras = Extras(trace, plot, sheet, snapshots, every, film, views)
    several = len(content) > 1 or os.path.isdir(content[0])
    if several and (extras.files or snapshots or mask or checkpoint or output == "-"):
        raise UsageError(
            "Several contents go with none of --mask, --plot, --sheet, --film, --views, "
            "--snapshots, --trace, --checkpoint and -o -."
        )
    styles = [parse_style(text) for text in style]
    masks = list(zip(mask[::2], mask[1::2], strict=True))
    job = Job(styles, masks, settings, bits, quiet, checkpoint_every, ray)
    if several:
        report = batch(job, content, output)
    else:
        report = one(job, content[0], output, extras, checkpoint, began=began)
    if as_json:
        print(json.dumps(report))
    if failures := report.get("failures"):
        raise batch_error(failures)
