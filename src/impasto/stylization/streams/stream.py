"""Contents too long to be in memory: one piece after another, each beginning where one ended."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
from torch import Tensor

from impasto.engine.memory import Plan
from impasto.engine.pyramid import Level
from impasto.engine.run import Step, run
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.inputs import Inputs
from impasto.stylization.problem import Grams, StyleTransfer
from impasto.stylization.result import Problem, Stylization, StylizeStep
from impasto.stylization.streams.keeper import StreamKeeper
from impasto.stylization.streams.spool import Spool
from impasto.stylization.trace import Record, record

Piece = TypeVar("Piece")


@dataclass(frozen=True, eq=False)
class Part:
    """What is done with one piece.

    Attributes:
        piece: What is read of the content.
        problem: What is solved.
        levels: Through which sizes, with how many steps.
    """

    piece: Any
    problem: Problem
    levels: Sequence[Level]


class Stream(ABC, Generic[Piece]):
    """A content that is read, stylized and written in pieces.

    Attributes:
        noun: What a piece is called.
        dtype: Of the numbers that are kept of a result until it is written.
        count: How many pieces there are, as far as can be told.
        remarks: What was done to the inputs that people should know.

    Args:
        inputs: The styles, where the first piece begins, and where all come from; the content is
            the first piece.
        settings: How to stylize.
        weights_hash: Hash of the network's weights.
    """

    noun: ClassVar[str]
    dtype: ClassVar[type[np.generic]]
    count: int

    def __init__(self, inputs: Inputs, settings: StylizeSettings, weights_hash: str) -> None:
        self.inputs, self.settings, self.weights_hash = inputs, settings, weights_hash
        self._plan: Plan | None = None  # that of the first piece
        self.grams: Grams = {}  # the styles are seen once
        self.remarks: list[str] = []

    @abstractmethod
    def pieces(self) -> Iterator[Piece]:
        """Read the content; what the pieces are depends on nothing but the content."""

    @abstractmethod
    def part(self, piece: Piece, last: Tensor | None, records: Sequence[Record]) -> Part:
        """Say what is done with a piece.

        Args:
            piece: The piece.
            last: What became of the one before, shape (channel, *space); None of the first.
            records: The trace so far.
        """

    def steps(self, part: Part, began: float) -> Iterator[Step]:
        """Do what a piece needs: descend.

        Args:
            part: The piece, and what is done with it.
            began: Reading of time.monotonic() from which seconds are counted.
        """
        problem = part.problem
        assert isinstance(problem, StyleTransfer)
        self._plan = self._plan or problem.plan()
        yield from run(
            partial(problem.evaluator, tile_bytes=self._plan.tile_bytes),
            part.levels,
            problem.start(part.levels[0].space),
            optimizer=self.settings.optimizer,
            canvas=self.settings.canvas or problem.domain.canvas,
            correction_bytes=self._plan.correction_bytes,
            began=began,
        )

    @abstractmethod
    def kept(self, part: Part, samples: Tensor, last: Tensor | None, *, ends: bool) -> Tensor:
        """Return what of a piece's result goes into the whole.

        Args:
            part: The piece, and what was done with it.
            samples: What became of it, shape (channel, *space).
            last: As for `part`.
            ends: Whether nothing follows.
        """

    @abstractmethod
    def signal(self, kept: Iterable[Tensor]) -> Signal:
        """Put together in memory what was kept."""

    @abstractmethod
    def write(self, kept: Iterable[Tensor], path: Path, note: str) -> None:
        """Write what was kept to a file, whole or not at all.

        Args:
            kept: What was kept; it may be gone through more than once.
            path: Where to.
            note: Text to put inside.
        Raises:
            OSError: If the file cannot be written.
        """


@dataclass(frozen=True, eq=False)
class Kept:
    """What was kept of the first pieces, and what becomes of the next.

    Attributes:
        spool: Where the pieces are.
        count: How many of them.
        tail: The next.
    """

    spool: Spool
    count: int
    tail: Tensor

    def __iter__(self) -> Iterator[Tensor]:
        yield from self.spool.pieces(self.count)
        yield self.tail


@dataclass(frozen=True, eq=False)
class StreamedStylization(Stylization):
    """A film or a long sound made by `stylize`, which is on disk until it is saved.

    Attributes:
        stream: What it was made from.
        kept: Its pieces.
    """

    stream: Stream[Any] = field(repr=False)
    kept: Kept = field(repr=False)

    @cached_property
    def signal(self) -> Signal:
        """The whole in memory."""
        return self.stream.signal(self.kept)

    def write(self, path: Path, *, bits: int = 8) -> None:
        """See Stylization.write."""
        self.stream.write(self.kept, path, self._note(bits))


@dataclass(frozen=True, eq=False)
class StreamStep(StylizeStep):
    """A step within a piece of a stream.

    Attributes:
        number: Of the piece, from 0.
        part: The piece, and what is done with it.
        stream: What is stylized.
        spool: What is done.
        last: What became of the piece before.
    """

    number: int
    part: Part
    stream: Stream[Any]
    spool: Spool
    last: Tensor | None

    @property
    def planned(self) -> int:
        """All the work, in positions times steps, as if every piece took as much."""
        return max(self.stream.count, self.number + 1) * super().planned

    @property
    def position_steps(self) -> int:
        """Work done so far, in positions times steps, counted likewise."""
        return self.number * super().planned + super().position_steps

    @property
    def brief_place(self) -> str:
        """Where the step stands, in few words."""
        return f"{self.stream.noun} {self.number + 1}, step {self.index}"

    @property
    def place(self) -> str:
        """Where the step stands, in words."""
        return f"{self.stream.noun} {self.number + 1}/{self.stream.count}  {super().place}"

    @property
    def remarks(self) -> Sequence[str]:
        """What was done to the inputs that people should know."""
        return self.stream.remarks

    def finish(self) -> StreamedStylization:
        """Return what has been made so far as a result."""
        tail = self.stream.kept(self.part, self.samples, self.last, ends=True)
        return StreamedStylization(
            trace=self.records,
            settings=self.stream.settings,
            origin=self.stream.inputs.origin,
            weights_hash=self.stream.weights_hash,
            stream=self.stream,
            kept=Kept(self.spool, self.number, tail),
        )


def stream_steps(
    stream: Stream[Any],
    *,
    checkpoint: str | Path | None = None,
    checkpoint_every: float | None = None,
    began: float,
) -> Iterator[StreamStep]:
    """Stylize piece after piece.

    Args:
        stream: What is stylized.
        checkpoint: File that keeps what is done, a piece at a time.
        checkpoint_every: Seconds between writing it; None for as often as costs little.
        began: Reading of time.monotonic() from which seconds are counted.
    Raises:
        ImpastoError: As for `stylize`.
    """
    settings = stream.settings
    keeper = StreamKeeper(
        checkpoint,
        settings,
        stream.inputs.origin,
        stream.weights_hash,
        every=checkpoint_every,
    )
    done = keeper.load()
    records: list[Record] = [dict(own) for own in done.records]
    last = done.last
    spool = Spool(stream.dtype, path=keeper.spool, shapes=done.shapes)
    began -= done.seconds
    step: StreamStep | None = None
    for number, piece in enumerate(stream.pieces()):
        if number < len(done.shapes):
            continue
        if step is not None:  # which was the last of the piece before
            spool.append(stream.kept(step.part, step.samples, last, ends=False))
            last = step.samples
            keeper.keep_pieces(spool, last, records, seconds=step.seconds)
        part = stream.part(piece, last, records)
        place = {"number": number, "part": part, "stream": stream, "spool": spool, "last": last}
        for own in stream.steps(part, began):
            records = [*records, {"part": number, **record(own)}]
            step = StreamStep.of(own, part.problem, records, **place)
            yield step
