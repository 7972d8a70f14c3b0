"""How far an evaluation is: tiles and slices are counted, for whoever wants to watch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass
class Blocks:
    """The parts that an evaluation is cut into. Another thread may read them meanwhile.

    Attributes:
        done: How many have been computed.
        total: How many there are; 0 where nothing is computed in parts.
        begin: Share of the evaluation before them, from 0 to 1.
        end: Share of the evaluation up to the last of them.
    """

    done: int = 0
    total: int = 0
    begin: float = 0.0
    end: float = 1.0

    @property
    def share(self) -> float:
        """How much of the evaluation is done, from 0 to 1."""
        total = self.total  # it may become 0 at any time
        return self.begin + (self.end - self.begin) * self.done / total if total else 0.0


_watched: ContextVar[Blocks | None] = ContextVar("blocks", default=None)


@contextmanager
def watched_blocks() -> Iterator[Blocks]:
    """Let evaluations within tell how far they are.

    Yields:
        What they keep up to date.
    """
    blocks = Blocks()
    token = _watched.set(blocks)
    try:
        yield blocks
    finally:
        _watched.reset(token)


@contextmanager
def counting(total: int, *, begin: float = 0.0, end: float = 1.0) -> Iterator[Callable[[], None]]:
    """Count the parts of an evaluation. Parts of parts do not count.

    Args:
        total: How many there are.
        begin: Share of the evaluation that came before.
        end: Share of it that will be done after the last.
    Yields:
        What to call when another one is done.
    """
    blocks = _watched.get()
    if blocks is None or blocks.total:
        yield lambda: None
        return

    def tick() -> None:
        blocks.done += 1

    blocks.done, blocks.begin, blocks.end, blocks.total = 0, begin, end, total
    try:
        yield tick
    finally:
        blocks.total = 0
