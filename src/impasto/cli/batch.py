"""Doing what `impasto stylize` was asked for with one content after another."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from impasto.cli.extras import Extras
from impasto.cli.job import (
    Job,
    Report,
    check_apart,
    check_outputs,
    medium_in,
    one,
    save,
    stem,
    told,
)
from impasto.errors import ImpastoError, InputError, UsageError

Outcome = tuple[int, Report | ImpastoError]  # with the number of a picture


def batch(job: Job, contents: list[str], output: str | None) -> Report:
    """Stylize several contents into a folder; one that fails does not stop the others.

    Raises:
        UsageError: If no folder is named, or it cannot be made or written.
        InputError: If a folder holds no pictures.
    """
    from impasto import media
    from impasto.stylization import encoder_for
    from impasto.stylization.inputs import resolve

    folder = _checked_folder(output)
    pictures = _expanded(contents)
    targets = [folder / name for name in name_results(pictures)]
    check_apart(job.read_from(pictures), targets)
    job.encoder = encoder_for(job.settings, medium=medium_in(pictures[0]), ray=job.ray)
    for style, _ in job.styles:  # what is wrong with a style is wrong for all
        media.read(resolve(style), max_pixels=job.settings.max_pixels)
    folder.mkdir(exist_ok=True)
    reports: dict[int, Report] = {}
    failures: dict[int, Report] = {}
    for number, outcome in (_on_cluster if job.ray else _one_by_one)(job, pictures, targets):
        if isinstance(outcome, ImpastoError):
            job.say(f"impasto: {outcome}")
            failures[number] = {
                "content": pictures[number],
                "error": str(outcome),
                "code": outcome.exit_code,
            }
        else:
            reports[number] = outcome
    return {"results": _in_order(reports), "failures": _in_order(failures)}


def _one_by_one(job: Job, pictures: list[str], targets: list[Path]) -> Iterator[Outcome]:
    for number, (picture, target) in enumerate(zip(pictures, targets, strict=True)):
        try:
            began = time.monotonic()
            yield number, one(job, picture, str(target), Extras(), None, began=began)
        except UsageError:  # as above
            raise
        except ImpastoError as error:
            yield number, error


def _on_cluster(job: Job, pictures: list[str], targets: list[Path]) -> Iterator[Outcome]:
    """Let each worker stylize a picture; they are read and written here."""
    from impasto.stylization.folder import stylize_each
    from impasto.stylization.inputs import Inputs, read_inputs

    assert job.ray is not None
    assert job.encoder is not None
    check_outputs(str(targets[0]), pictures[0], job, Extras(), None)
    sent: list[int] = []
    unread: list[Outcome] = []
    styles: list[Any] = list(job.styles)

    def read() -> Iterator[Inputs]:
        for number, picture in enumerate(pictures):
            try:
                inputs = read_inputs(
                    picture, styles, init=job.settings.init, max_pixels=job.settings.max_pixels
                )
            except UsageError:
                raise
            except ImpastoError as error:
                unread.append((number, error))
            else:
                sent.append(number)
                yield inputs

    for position, result in stylize_each(read(), job.settings, job.encoder, ray=job.ray):
        number = sent[position]
        if isinstance(result, UsageError):
            raise result
        if isinstance(result, ImpastoError):
            yield number, result
        else:
            output = str(targets[number])
            save(result, output, job.bits)
            yield number, told(result, output, job)
    yield from unread


def _in_order(told: dict[int, Report]) -> list[Report]:
    return [told[number] for number in sorted(told)]


def batch_error(failures: list[Report]) -> ImpastoError:
    """Return the error at the end of a batch in which some contents failed."""
    listed = "\n".join(f"  {_named(failure)}" for failure in failures)
    error = ImpastoError(
        f"{len(failures)} of the pictures could not be stylized; the others are done.\n{listed}"
    )
    codes = {failure["code"] for failure in failures}
    error.exit_code = InputError.exit_code if InputError.exit_code in codes else min(codes)
    return error


def _named(failure: Report) -> str:
    """Return what went wrong with a content, which most errors name themselves."""
    content, error = str(failure["content"]), str(failure["error"])
    return error if content in error else f"{content}: {error}"


def name_results(pictures: list[str]) -> list[str]:
    """Name a PNG after each picture; pictures of one stem keep their suffixes in the name."""
    stems = [stem(picture) for picture in pictures]
    names: list[str] = []
    for picture, short in zip(pictures, stems, strict=True):
        name = short if stems.count(short) == 1 else Path(picture).name.replace(".", "_")
        numbered = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
        names.append(next(f"{free}.png" for free in numbered if f"{free}.png" not in names))
    return names


def _checked_folder(output: str | None) -> Path:
    """Find out before the work whether results can be written into a folder."""
    from impasto.media.files import check_writable

    if output is None:
        raise UsageError("Several contents need a folder for their results: add -o FOLDER.")
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is not a folder, and there are several contents.")
    check_writable((folder if folder.exists() else folder.absolute().parent) / ".impasto")
    return folder


def _expanded(contents: list[str]) -> list[str]:
    """Replace folders by the pictures in them."""
    from impasto.media.image import pictures_in

    lists = ([*pictures_in(Path(c))] if os.path.isdir(c) else [c] for c in contents)
    return [str(picture) for picture in itertools.chain(*lists)]
