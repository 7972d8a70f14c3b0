"""`impasto train`: a network that learns to paint in some styles, or in any."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.cli.progress import StageBar
from impasto.cli.settings import with_settings
from impasto.errors import InputError, UsageError
from impasto.settings import TrainSettings

if TYPE_CHECKING:
    from impasto.fast.training import Session, TrainStep

_FILES = "Files"


@with_settings(TrainSettings)
def train(
    style: Annotated[
        list[str],
        typer.Option("--style", "-s", metavar="PICTURE", help="Style; may be repeated."),
    ] = [],  # noqa: B006 - Typer's way
    styles: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Many styles, for a network that takes any painting as style."
        ),
    ] = None,
    photos: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Photographs: a folder, an archive or a list."),
    ] = None,
    start: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A model to begin with, to learn more, or other styles."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="The model, .safetensors.", rich_help_panel=_FILES),
    ] = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(
            help="Keep the state here; the same command goes on from it. "
            "(default: OUTPUT.checkpoint)",
            rich_help_panel=_FILES,
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Trace, cost curves and validation pictures. (default: OUTPUT.log)",
            rich_help_panel=_FILES,
        ),
    ] = None,
    tensorboard: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Costs for TensorBoard.", rich_help_panel=_FILES),
    ] = None,
    license_: Annotated[
        str, typer.Option("--license", help="License of the model.", rich_help_panel=_FILES)
    ] = "",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object.", rich_help_panel=_FILES)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=_FILES)
    ] = False,
    *,
    settings: TrainSettings,
) -> None:
    """Train a network that paints at once, from any photographs.

    On several graphics cards or machines: accelerate launch -m impasto train ...
    """
    if bool(style) == (styles is not None):
        raise UsageError("Name --style PICTURE, once or several times, or --styles FOLDER.")
    if photos is None:
        raise UsageError("There are no photographs to learn from: add --photos FOLDER.")
    if output is None or output.suffix != ".safetensors":
        raise UsageError("Name the file of the model: -o NAME.safetensors.")
    from impasto.fast.diary import Diary
    from impasto.media.files import check_writable

    state = checkpoint or output.with_suffix(".checkpoint")
    for path in (output, state):
        check_writable(path)
    diary = Diary(log or output.with_suffix(".log"), tensorboard=tensorboard)
    session = _session(style, styles, photos, settings, license_, start, quiet=quiet)
    step = _run(session, diary, state, quiet=quiet)
    if not session.is_main:
        return
    _save(step, output)
    state.unlink(missing_ok=True)
    report = {**step.record, "output": str(output), "settings": settings.to_json()}
    if as_json:
        print(json.dumps(report))
    _say(
        f"{output}: J {step.record['total']:.4g} after {step.number} batches and "
        f"{step.record['elapsed_seconds']:.0f} s",
        quiet,
    )


def _session(
    style: list[str],
    styles: Path | None,
    photos: Path,
    settings: TrainSettings,
    license_: str,
    start: Path | None,
    *,
    quiet: bool,
) -> Session:
    """Read photographs and styles; whatever of them cannot be read is told."""
    from impasto.fast.model import read_model
    from impasto.fast.photos import Photos
    from impasto.fast.shipped import find_model
    from impasto.fast.stock import VIEWS, Stock, read_folder
    from impasto.fast.training import Session
    from impasto.stylization.inputs import resolve

    if styles is None:
        paths = [Path(str(resolve(own))) for own in style]
        stock = Stock(paths)
    else:
        stock, wrong = read_folder(styles, views=VIEWS)
        for told in wrong:
            _say(f"impasto: {told}", quiet)
    learned = Photos(photos, longest=settings.size, crop=settings.crop)
    for told in learned.unread:
        _say(f"impasto: {told}", quiet)
    facts = {"photographs": len(learned), "license": license_}
    return Session(
        settings,
        learned,
        stock,
        any_style=styles is not None,
        facts=facts,
        start=None if start is None else read_model(find_model(start)),
    )


def _run(session: Session, diary: object, checkpoint: Path, *, quiet: bool) -> TrainStep:
    """Learn, and write down what happens."""
    from impasto.fast.diary import Diary

    assert isinstance(diary, Diary)
    step: TrainStep | None = None
    with StageBar(quiet=quiet or not session.is_main) as bar:
        for step in session.steps(checkpoint=checkpoint):
            if session.is_main:
                if step.wrong:
                    error = f"impasto: Batch {step.number}: {step.wrong} It was stepped back."
                    typer.echo(error, err=True)
                diary.take(step)
                bar.show("training", step.number, step.steps)
    if step is None:
        raise InputError(f"{checkpoint} is of a training that is done: remove it to begin afresh.")
    if session.is_main:
        diary.finish(step)
    return step


def _save(step: TrainStep, output: Path) -> None:
    from impasto.media import write_bytes
    from impasto.media.files import save_or_rescue

    content = step.model().packed()
    save_or_rescue(output, lambda path: write_bytes(path, content))


def _say(words: str, quiet: bool) -> None:
    if not quiet:
        typer.echo(words, err=True)
