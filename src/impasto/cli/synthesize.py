"""`impasto synthesize`: a texture from a style alone."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Annotated

import typer

from impasto.cli.extras import Extras
from impasto.cli.job import Job, one, parse_style, stem
from impasto.cli.settings import with_settings
from impasto.settings import StylizeSettings

_FILES = "Files"


@with_settings(StylizeSettings)
def synthesize(
    style: Annotated[
        str, typer.Argument(help="Picture, sound, series, volume, film or name of a sample.")
    ],
    axes: Annotated[
        int | None,
        typer.Option(
            help="3 makes a solid texture of a picture. (default: as many as the style has)",
        ),
    ] = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", help="Result, or folder for it.", rich_help_panel=_FILES),
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="Draw the costs into this file.", rich_help_panel=_FILES)
    ] = None,
    views: Annotated[
        Path | None,
        typer.Option(
            help="Slices of a solid texture, as .png, or .html with a slider.",
            rich_help_panel=_FILES,
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
    """Make a texture: something new in the style of another, with no content."""
    began = time.monotonic()
    from impasto import media
    from impasto.stylization import encoder_for
    from impasto.stylization.inputs import resolve
    from impasto.stylization.synthesis import MEDIA_OVER, synthesize_steps

    own = media.medium_of(resolve(style))
    medium = own if axes is None or own == "video" else MEDIA_OVER.get(axes, own)
    output = output or "."
    if os.path.isdir(output):
        name = f"{stem(style)}_texture{media.default_suffix(medium, style)}"
        output = os.path.normpath(os.path.join(output, name))
    job = Job([parse_style(style)], [], settings, 8, quiet)
    job.encoder = encoder_for(settings, medium=medium)
    steps = synthesize_steps(style, axes=axes, settings=settings, encoder=job.encoder, began=began)
    extras = Extras(plot=plot, views=views)
    report = one(job, style, output, extras, None, began=began, steps=steps, medium=medium)
    if as_json:
        print(json.dumps(report))
