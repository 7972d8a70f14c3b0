"""Doing what `impasto stylize` was asked for with one content after another."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from impasto.encoders import Encoder

STREAMED = ("audio", "video")  # which go piece by piece, each from the one before
Outcome = tuple[int, Report | ImpastoError]  # with the number of a content


@dataclass(frozen=True)
class Work:
    """One of several contents.

    Attributes:
        content: Its path, name or "-".
        medium: What it is.
        target: Where its result goes.
    """

    content: str
    medium: str
    target: Path


def batch(job: Job, contents: list[str], output: str | None) -> Report:
    """Stylize several contents into a folder; one that fails does not stop the others.

    Raises:
        UsageError: If no folder is named, or it cannot be made or written, or a style does not go
            with a content.
        InputError: If a folder holds nothing that the styles go with.
    """
    folder = _checked_folder(output)
    works = _planned(job, contents, folder)
    check_apart(job.read_from([work.content for work in works]), [work.target for work in works])
    encoders = _encoders(job, works)
    folder.mkdir(exist_ok=True)
    reports: dict[int, Report] = {}
    failures: dict[int, Report] = {}
    for number, outcome in (_on_cluster if job.ray else _one_by_one)(job, works, encoders):
        if isinstance(outcome, ImpastoError):
            job.say(f"impasto: {outcome}")
            failures[number] = {
                "content": works[number].content,
                "error": str(outcome),
                "code": outcome.exit_code,
            }
        else:
            reports[number] = outcome
    return {"results": _in_order(reports), "failures": _in_order(failures)}


def _planned(job: Job, contents: list[str], folder: Path) -> list[Work]:
    """Say what is done, after a look at the styles: what is wrong with one is wrong for all."""
    from impasto import media
    from impasto.stylization.domains import check_style, contents_for
    from impasto.stylization.feedforward import PAINTED
    from impasto.stylization.inputs import resolve

    # a trained network knows styles by their names, and says itself which
    styles = {
        style: media.read(resolve(style), max_pixels=job.settings.max_pixels).medium
        for style, _ in ([] if job.settings.fast else job.styles)
    }
    found = _expanded(contents, PAINTED if job.settings.fast else contents_for([*styles.values()]))
    kinds = [_medium(content) for content in found]
    for medium, (style, own) in itertools.product(dict.fromkeys(kinds), styles.items()):
        check_style(medium, own, style)
        if job.ray and medium in STREAMED:
            noun = media.MEDIA[medium].noun
            raise UsageError(
                f"--ray shares pictures, series and volumes: leave it out for a {noun}."
            )
    ends = [media.default_suffix(*one) for one in zip(kinds, found, strict=True)]
    targets = [folder / name for name in name_results(found, ends)]
    return [Work(*one) for one in zip(found, kinds, targets, strict=True)]


def _medium(content: str) -> str:
    """Return the medium of a content; what cannot be found has that of its name."""
    from impasto import media

    try:
        return medium_in(content)
    except InputError:  # which is said when its turn comes
        return media.medium_of(content)


def _encoders(job: Job, works: list[Work]) -> dict[str, Encoder]:
    """Load a network for each medium; media with the same one share it."""
    from impasto.stylization import encoder_for
    from impasto.stylization.domains import DOMAINS

    if job.settings.fast and job.settings.model is not None and not job.settings.refine:
        from impasto.stylization.feedforward import painter_for

        if not painter_for(job.settings).is_any:
            return {}
    networks: dict[str, Encoder] = {}
    encoders: dict[str, Encoder] = {}
    for medium in dict.fromkeys(work.medium for work in works):
        name = job.settings.encoder or DOMAINS[medium].encoder
        if name not in networks:
            networks[name] = encoder_for(job.settings, medium=medium, ray=job.ray)
        encoders[medium] = networks[name]
    return encoders


def _one_by_one(job: Job, works: list[Work], encoders: dict[str, Encoder]) -> Iterator[Outcome]:
    for number, work in enumerate(works):
        own = replace(job, encoder=encoders.get(work.medium))
        try:
            began = time.monotonic()
            yield number, one(own, work.content, str(work.target), Extras(), None, began=began)
        except UsageError:  # as above
            raise
        except ImpastoError as error:
            yield number, error


def _on_cluster(job: Job, works: list[Work], encoders: dict[str, Encoder]) -> Iterator[Outcome]:
    """Let each worker stylize a content; they are read and written here, one medium at a time."""
    for medium, encoder in encoders.items():
        numbers = [number for number, work in enumerate(works) if work.medium == medium]
        yield from _shared(job, works, numbers, encoder)


def _shared(job: Job, works: list[Work], numbers: list[int], encoder: Encoder) -> Iterator[Outcome]:
    from impasto.stylization.folder import stylize_each
    from impasto.stylization.inputs import Inputs, read_inputs

    assert job.ray is not None
    settings, first = job.settings, works[numbers[0]]
    check_outputs(str(first.target), first.content, job, Extras(), None, medium=first.medium)
    sent: list[int] = []
    unread: list[Outcome] = []
    styles: list[Any] = list(job.styles)

    def read() -> Iterator[Inputs]:
        for number in numbers:
            try:
                inputs = read_inputs(
                    works[number].content,
                    styles,
                    init=settings.init,
                    max_pixels=settings.max_pixels,
                    frame=settings.frame,
                )
            except UsageError:
                raise
            except ImpastoError as error:
                unread.append((number, error))
            else:
                sent.append(number)
                yield inputs

    for position, result in stylize_each(read(), settings, encoder, ray=job.ray):
        number = sent[position]
        if isinstance(result, UsageError):
            raise result
        if isinstance(result, ImpastoError):
            yield number, result
        else:
            output = str(works[number].target)
            save(result, output, job.bits)
            yield number, told(result, output, job)
    yield from unread


def _in_order(told: dict[int, Report]) -> list[Report]:
    return [told[number] for number in sorted(told)]


def batch_error(failures: list[Report]) -> ImpastoError:
    """Return the error at the end of a batch in which some contents failed."""
    listed = "\n".join(f"  {_named(failure)}" for failure in failures)
    error = ImpastoError(
        f"{len(failures)} of the contents could not be stylized; the others are done.\n{listed}"
    )
    codes = {failure["code"] for failure in failures}
    error.exit_code = InputError.exit_code if InputError.exit_code in codes else min(codes)
    return error


def _named(failure: Report) -> str:
    """Return what went wrong with a content, which most errors name themselves."""
    content, error = str(failure["content"]), str(failure["error"])
    return error if content in error else f"{content}: {error}"


def name_results(contents: Sequence[str], suffixes: Sequence[str]) -> list[str]:
    """Name a result after each content; those of one stem keep their suffixes in the name.

    Args:
        contents: Paths and names.
        suffixes: Of the results.
    """
    stems = [stem(content) for content in contents]
    names: list[str] = []
    for content, short, end in zip(contents, stems, suffixes, strict=True):
        name = short if stems.count(short) == 1 else Path(content).name.replace(".", "_")
        numbered = itertools.chain([name], (f"{name}_{number}" for number in itertools.count(2)))
        names.append(next(f"{free}{end}" for free in numbered if f"{free}{end}" not in names))
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


def _expanded(contents: list[str], wanted: Sequence[str]) -> list[str]:
    """Replace folders by the files in them that are of some media."""
    from impasto.media.folder import signals_in

    lists = ([*signals_in(Path(c), wanted)] if os.path.isdir(c) else [c] for c in contents)
    return [str(content) for content in itertools.chain(*lists)]
