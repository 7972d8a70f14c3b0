"""Doing what `impasto stylize` was asked for with one content."""

from __future__ import annotations

import io
import math
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.cli.extras import Extras
from impasto.cli.progress import Bar
from impasto.errors import UsageError
from impasto.settings import StylizeSettings

if TYPE_CHECKING:
    from impasto.encoders import Encoder
    from impasto.stylization import Stylization, StylizeStep

Report = dict[str, Any]
STREAM = "-"


class _Stdin(io.BytesIO):
    """What stdin holds, with a name for messages."""

    name = "stdin"


@dataclass
class Job:
    """What all contents of one command have in common.

    Attributes:
        styles: Paths or names of the styles and their weights.
        masks: Paths of the masks, a pair for each style, or none.
        settings: How to stylize.
        bits: Bits a channel of the result.
        quiet: Whether to say nothing but errors.
        checkpoint_every: Seconds between checkpoints; None for as often as costs little.
        ray: Address of a Ray cluster, or None to work here.
        encoder: The network, once it is loaded.
    """

    styles: list[tuple[str, float]]
    masks: list[tuple[str, str]]
    settings: StylizeSettings
    bits: int
    quiet: bool
    checkpoint_every: float | None = None
    ray: str | None = None
    encoder: Encoder | None = None

    def read_from(self, contents: Sequence[str]) -> list[str]:
        """Return the paths of all that is read."""
        masks = [mask for pair in self.masks for mask in pair]
        weights = [str(self.settings.weights)] if self.settings.weights else []
        weights += [str(self.settings.model)] if self.settings.model else []
        styles = [path for path, _ in self.styles]
        return [*contents, *styles, *masks, self.settings.init, *weights]

    def say(self, words: str) -> None:
        """Say something on stderr, unless told to be quiet."""
        if not self.quiet:
            print(words, file=sys.stderr)


def parse_style(text: str) -> tuple[str, float]:
    """Split 'picture.jpg:0.7' into path and weight; a file of the whole name comes first.

    Raises:
        UsageError: If the weight is not a finite number from 0.
    """
    from impasto.settings import check_weight

    path, colon, weight = text.rpartition(":")
    if not colon or os.path.exists(text):
        return text, 1.0
    try:
        number = float(weight)
    except ValueError:  # a colon that belongs to the name
        return text, 1.0
    check_weight(f"The weight of --style {path}", number)
    return path, number


def one(
    job: Job,
    content: str,
    output: str | None,
    extras: Extras,
    checkpoint: Path | None,
    *,
    began: float,
    until: Mapping[str, int] | None = None,
    steps: Iterator[StylizeStep] | None = None,
    medium: str | None = None,
) -> Report:
    """Stylize one content and write all that was asked for.

    Args:
        job: What is done.
        content: Path, name of a sample, or "-" for stdin.
        output: Path, folder, or "-" for stdout; None to name it after content and style.
        extras: What to write besides.
        checkpoint: File that keeps the state of the run.
        began: Reading of time.monotonic() at the start of the work.
        until: Where to stop, as `Stylization.note` tells its end; None to go on to the end.
        steps: What is done; None to stylize the content.
        medium: That of the result; None for that of the content.
    Returns:
        What --json prints.
    Raises:
        BaseException: Whatever stops it, after the picture so far has been saved and named.
    """
    from impasto.stylization.keeper import discard
    from impasto.stylization.trace import place_of

    output = _place(output, content, job)
    check_outputs(output, content, job, extras, checkpoint, medium=medium)
    step: StylizeStep | None = None
    try:
        with Bar(stem(content), quiet=job.quiet) as bar:
            for step in steps or _steps(job, content, checkpoint, began):
                if len(step.records) == 1:
                    for remark in step.remarks:
                        job.say(f"impasto: {remark}")
                extras.take(step)
                bar.show(step)
                if until is not None and until == place_of(step.records[-1]):
                    break
    except BaseException:
        if step is not None:
            _keep_partial(step, output, job.bits)
        raise
    finally:
        extras.close()
    assert step is not None
    result = step.finish()
    save(result, output, job.bits)
    extras.finish(result, step.brought)
    if checkpoint is not None:
        discard(checkpoint)
    return told(result, output, job)


def check_apart(inputs: Sequence[str], outputs: Sequence[Path]) -> None:
    """Refuse to write a file over another, or over what it is made from.

    Raises:
        UsageError: If an output is named twice, or is an input, too.
    """
    taken = {os.path.realpath(path): path for path in inputs}
    for output in outputs:
        place = os.path.realpath(output)
        if place in taken:
            raise UsageError(f"{output} would be written over {taken[place]}: choose another name.")
        taken[place] = str(output)


def _place(output: str | None, content: str, job: Job) -> str:
    """Name the result after content and style where no file is named, but a folder or nothing."""
    output = output or "."
    if not os.path.isdir(output):
        return output
    from impasto import media

    suffix = media.default_suffix(medium_in(content), content)
    style = job.styles[0][0] if job.styles else str(job.settings.model)
    name = f"{stem(content)}_{stem(style)}{suffix}"
    return os.path.normpath(os.path.join(output, name))


def medium_in(content: str) -> str:
    """Return the medium of a content by the name of its file; stdin holds a picture."""
    from impasto import media
    from impasto.stylization.inputs import resolve

    return "image" if content == STREAM else media.medium_of(resolve(content))


def check_outputs(
    output: str,
    content: str,
    job: Job,
    extras: Extras,
    checkpoint: Path | None,
    *,
    medium: str | None = None,
) -> None:
    """Find out before the work whether all that is wanted can be written."""
    from impasto import media
    from impasto.media.files import check_writable

    medium = medium or medium_in(content)
    extras.check_medium(medium)
    if output == STREAM and medium != "image":
        noun = media.MEDIA[medium].noun
        raise UsageError(f"-o - writes a picture, and this is a {noun}: name a file.")
    media.check_output(medium, ".png" if output == STREAM else output, bits=job.bits)
    extras.check()
    files = [] if output == STREAM else [Path(output)]
    files += [checkpoint] if checkpoint else []
    for path in files:
        check_writable(path)
    check_apart(job.read_from([content]), [*files, *extras.files])


def _steps(job: Job, content: str, checkpoint: Path | None, began: float) -> Iterator[StylizeStep]:
    """Load the network, unless that has been done, and begin to stylize."""
    from impasto.stylization import encoder_for, stylize_steps

    if not job.settings.fast:  # a trained network may not need it
        medium = medium_in(content)
        job.encoder = job.encoder or encoder_for(job.settings, medium=medium, ray=job.ray)
    return stylize_steps(
        _Stdin(sys.stdin.buffer.read()) if content == STREAM else content,
        list(job.styles),
        masks=job.masks,
        settings=job.settings,
        checkpoint=checkpoint,
        checkpoint_every=job.checkpoint_every,
        encoder=job.encoder,
        ray=job.ray,
        began=began,
    )


def save(result: Stylization, output: str, bits: int) -> None:
    """Write a result to a file, or to stdout."""
    from impasto.media.files import save_or_rescue

    if output != STREAM:
        result.save(output, bits=bits)
        return
    data, stdout = result.encoded(".png", bits=bits), Path("stdout.png")

    def write(path: Path) -> None:
        if path != stdout:
            path.write_bytes(data)
            return
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    save_or_rescue(stdout, write)


def _keep_partial(step: StylizeStep, output: str, bits: int) -> None:
    """Save what has been made under a name of its own, and say so."""
    from impasto.media import MEDIA

    path = Path("partial.png" if output == STREAM else output)
    if output != STREAM:
        suffix = path.name.removeprefix(stem(output))
        path = path.with_name(f"{stem(output)}.partial{suffix}")
    step.finish().save(path, bits=bits)
    noun = MEDIA[step.problem.domain.medium].noun
    print(f"impasto: The {noun} so far ({step.brief_place}) is in {path}.", file=sys.stderr)


def told(result: Stylization, output: str, job: Job) -> Report:
    """Say that a result is done, and return what --json prints."""
    place = "stdout" if output == STREAM else output
    total = result.costs["total"] if result.terms else math.nan  # a painting has no costs
    cost = f"J {total:.4g} after" if result.terms else "painted in"
    job.say(f"{place}: {cost} {result.seconds:.1f} s")
    return {
        "output": None if output == STREAM else output,
        "total": total if math.isfinite(total) else None,
        "terms": result.terms,
        "seconds": result.seconds,
        "settings": result.settings.to_json(),
        "versions": result.note()["versions"],
    }


def stem(name: str) -> str:
    """Return what results are named after: the name of a file without folder and suffix."""
    whole = Path(name)
    short = whole.name.removesuffix(".gz")
    return "stdin" if name == STREAM else Path(short).stem
