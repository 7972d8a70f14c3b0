"""The live bar on stderr: level, step, J and its parts, speed, time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

if TYPE_CHECKING:
    from impasto.engine.blocks import Blocks
    from impasto.stylization import StylizeStep


class _BarAboveNews(Progress):
    """A bar, and below it a line of its own for what would not fit beside it.

    It is drawn several times a second by a thread of its own, which looks how many blocks of the
    evaluation in progress are done.
    """

    blocks: Blocks | None = None
    step_share = 0.0  # of the whole work

    def get_renderables(self) -> Iterable[RenderableType]:
        done, total = (self.blocks.done, self.blocks.total) if self.blocks else (0, 0)
        for task in self.tasks:
            if self.blocks and total:
                reached = task.fields["reached"] + self.step_share * self.blocks.share
                task.completed = max(task.completed, reached)
        yield from super().get_renderables()
        for task in self.tasks:
            block = f"block {done + 1}/{total}" if done < total else ""
            news = "  ".join(filter(None, (task.fields["place"], block, task.fields["costs"])))
            yield Text(news, no_wrap=True, overflow="ellipsis")


class Bar:
    """A progress bar where stderr is a terminal that can show it, and nothing elsewhere.

    Args:
        label: Name of the content.
        quiet: Whether to show nothing at all.
    """

    def __init__(self, label: str, *, quiet: bool) -> None:
        console = Console(stderr=True)
        name = Column(no_wrap=True, max_width=30)
        self.progress = _BarAboveNews(
            TextColumn("{task.description}", markup=False, table_column=name),
            BarColumn(bar_width=20),
            TextColumn("{task.percentage:>3.0f}%"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            disable=quiet or not _can_show(console),
            transient=True,
        )
        self.task = self.progress.add_task(
            label, total=1.0, place="loading", costs="", left="", reached=0.0
        )
        self._watching = ExitStack()
        self.began: tuple[float, int] | None = None

    def __enter__(self) -> Bar:
        if not self.progress.disable:
            from impasto.engine.blocks import watched_blocks

            self.progress.blocks = self._watching.enter_context(watched_blocks())
        self.progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.progress.stop()
        self._watching.close()

    def show(self, step: StylizeStep) -> None:
        """Show where a step stands."""
        if self.progress.disable:
            return
        now, work = time.monotonic(), step.position_steps
        self.began = self.began or (now, work)
        seconds, done = now - self.began[0], work - self.began[1]
        speed = done / seconds if done and seconds else 0.0
        left = work * (1 - step.done) / step.done / speed if speed and step.done else None
        parts = "  ".join(f"{kind} {cost:.3g}" for kind, cost in step.costs.kinds.items())
        costs = f"J {step.costs.total:.4g}  {parts}"
        remaining = "" if left is None else f"{speed / 1e6:.2f} MP-steps/s, {_clock(left)} left"
        self.progress.step_share = step.share
        self.progress.update(
            self.task,
            completed=step.done,
            reached=step.done,
            place=step.place,
            costs=costs,
            left=remaining,
        )


class StageBar:
    """A bar for each stage of some work, where stderr is a terminal that can show it.

    Args:
        quiet: Whether to show nothing at all.
    """

    def __init__(self, *, quiet: bool) -> None:
        console = Console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description:12}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=quiet or not _can_show(console),
        )
        self.tasks: dict[str, TaskID] = {}

    def __enter__(self) -> StageBar:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def show(self, stage: str, done: int, total: int | None) -> None:
        """Show how far a stage is."""
        if stage not in self.tasks:
            self.tasks[stage] = self.progress.add_task(stage, total=total)
        self.progress.update(self.tasks[stage], completed=done, total=total)


def _can_show(console: Console) -> bool:
    """Tell whether stderr is a terminal on which a bar can move."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    return terminal and not console.is_dumb_terminal


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"
