"""A job of the page: from what was brought to steps that can be shown, and files to take away."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import SimpleQueue
from threading import Event, Thread
from typing import Any

from PIL import Image, ImageOps

from impasto import media
from impasto.samples import samples
from impasto.settings import StylizeSettings
from impasto.studio.command import command_line
from impasto.studio.visits import Visit
from impasto.stylization import Stylization, StylizeStep, stylize_steps
from impasto.stylization.drawing import Film, plot_costs, save_sheet
from impasto.stylization.trace import Record, lines_of

EVERY = 0.5  # seconds between pictures that are shown
LONGEST = 1024  # pixels of what is shown while it emerges


@dataclass(frozen=True)
class Order:
    """What a visitor asks for.

    Attributes:
        content: Its file.
        styles: Files, with their weights.
        settings: How to stylize.
        masks: For each style a mask of the content and one of the style.
        bits: Bits a channel of the result.
    """

    content: str
    styles: Sequence[tuple[str, float]]
    settings: StylizeSettings
    masks: Sequence[tuple[str, str]] = ()
    bits: int = 8

    def command(self, output: str) -> str:
        """Return the command line that does the same, with names of files without their folders.

        The limits of this machine are not those of another.
        """
        usual = StylizeSettings().max_pixels
        return command_line(
            _name(self.content),
            [(_name(path), weight) for path, weight in self.styles],
            self.settings.changed({"max_pixels": usual}),
            masks=[(_name(one), _name(other)) for one, other in self.masks],
            bits=self.bits,
            output=output,
        )


@dataclass(frozen=True, eq=False)
class Shown:
    """How far a job is.

    Attributes:
        place: Level and step, in words.
        seconds: Since it began.
        trace: J and its terms, a record a step.
        picture: The picture so far; None of what is no picture.
    """

    place: str
    seconds: float
    trace: Sequence[Record]
    picture: Image.Image | None


@dataclass(frozen=True, eq=False)
class Made:
    """What a job leaves.

    Attributes:
        result: The result.
        output: Its file.
        before: The content, for comparing, of a picture.
        after: The result, for comparing, of a picture.
        files: All files to take away.
        command: The command line that does the same.
        stopped: Whether it was stopped before its end.
    """

    result: Stylization
    output: Path
    before: Path | None
    after: Path | None
    files: Sequence[Path]
    command: str
    stopped: bool


@dataclass
class Job:
    """Work for a visitor.

    Args:
        order: What to do.
        visit: Whose files, and who may stop it.
    """

    order: Order
    visit: Visit
    made: Made | None = field(default=None, init=False)

    def run(self) -> Iterator[Shown]:
        """Do it, and yield how far it is now and then; `made` then holds what it leaves.

        The work has a thread of its own, so that it does not wait while pictures are sent. Who
        leaves the loop ends it.

        Raises:
            ImpastoError: As `stylize_steps` does.
        """
        news: SimpleQueue[Shown | Exception | None] = SimpleQueue()
        with self.visit.job() as stopped:
            worker = Thread(target=self._work, args=(news, stopped), daemon=True)
            worker.start()
            try:
                while True:
                    fresh = [news.get()]
                    while not news.empty():
                        fresh.append(news.get())
                    shown = [own for own in fresh if isinstance(own, Shown)]
                    if shown:
                        yield shown[-1]
                    if isinstance(fresh[-1], Exception):
                        raise fresh[-1]
                    if fresh[-1] is None:
                        return
            finally:
                stopped.set()
                worker.join()

    def _work(self, news: SimpleQueue[Shown | Exception | None], stopped: Event) -> None:
        try:
            self._descend(news, stopped)
        except Exception as error:
            news.put(error)
        else:
            news.put(None)

    def _descend(self, news: SimpleQueue[Shown | Exception | None], stopped: Event) -> None:
        order, film = self.order, Film()
        step: StylizeStep | None = None
        shown = -EVERY
        for step in stylize_steps(
            order.content, list(order.styles), masks=order.masks, settings=order.settings
        ):
            if step.problem.domain.medium == "image":
                film.add(step)
            if time.monotonic() - shown >= EVERY:
                news.put(_shown(step))
                shown = time.monotonic()
            if stopped.is_set():
                break
        assert step is not None
        if self.visit.left:  # nobody is there who could take anything away
            return
        self.made = self._finish(step, film, is_stopped=stopped.is_set())
        news.put(_shown(step))

    def _finish(self, step: StylizeStep, film: Film, *, is_stopped: bool) -> Made:
        folder, result = self.visit.new_folder(), step.finish()
        result = replace(result, origin=_without_folders(result.origin))
        medium = step.problem.domain.medium
        stem = f"{Path(self.order.content).stem}_stylized"
        output = folder / (stem + media.default_suffix(medium, self.order.content))
        result.write(output, bits=self.order.bits)
        settings = folder / "settings.json"
        settings.write_text(json.dumps(result.note(), indent=2), encoding="utf-8")
        files, before, after = [output, settings], None, None
        files += [Path(mask) for pair in self.order.masks for mask in pair]
        if medium == "image":
            before, after = folder / "before.webp", folder / "after.webp"
            _compared(step, before, after)
            sheet = folder / "sheet.jpg"
            save_sheet([*step.brought, result.signal], sheet)
            files.append(sheet)
        if result.terms:
            costs, trace = folder / "costs.png", folder / "trace.jsonl"
            plot_costs(result.trace, costs)
            trace.write_text("".join(lines_of(result.trace)), encoding="utf-8")
            files += [costs, trace]
        if len(film.frames) > 1:
            moving = folder / "film.webp"
            film.save(moving, result.signal)
            files.append(moving)
        command = self.order.command(output.name)
        return Made(result, output, before, after, files, command, is_stopped)


def _shown(step: StylizeStep) -> Shown:
    picture = None
    if step.problem.domain.medium == "image":
        picture = media.to_pil(step.signal)
        size = step.problem.settings.size
        longest = size if isinstance(size, int) else max(step.problem.original.space)
        side = min(LONGEST, longest)  # also while it is small, so that the page stays as it is
        picture = ImageOps.contain(picture, (side, side), Image.Resampling.BICUBIC)
    return Shown(step.place, step.seconds, step.records, picture)


def _compared(step: StylizeStep, before: Path, after: Path) -> None:
    """Write content and result in one size."""
    result = media.to_pil(step.signal)
    content = media.to_pil(step.problem.original).resize(result.size, Image.Resampling.LANCZOS)
    for picture, path in ((content, before), (result, after)):
        picture.thumbnail((2 * LONGEST, 2 * LONGEST))
        picture.convert("RGB").save(path, quality=90)


def _without_folders(origin: Any) -> Any:
    """Return what a result tells of its inputs, without the folders of this machine."""
    if isinstance(origin, Mapping):
        return {
            key: _name(own) if key == "path" and own else _without_folders(own)
            for key, own in origin.items()
        }
    return [_without_folders(own) for own in origin] if isinstance(origin, list) else origin


def _name(source: str) -> str:
    """Return what the command line calls a file: its name, or that of the sample."""
    sample = next((own.name for own in samples() if str(own.path) == source), None)
    return sample or Path(source).name
