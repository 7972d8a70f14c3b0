"""Training: a network learns to make, at once, what descending would make step by step."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from impasto.encoders.catalog import load_encoder
from impasto.encoders.encoder import Encoder
from impasto.engine.placement import place
from impasto.engine.precision import pick_precision
from impasto.errors import DivergedError, UsageError
from impasto.fast.beginning import begin
from impasto.fast.lesson import Target, Teacher
from impasto.fast.model import FastModel, new_model
from impasto.fast.network import Layout
from impasto.fast.notebook import Done, Notebook
from impasto.fast.photos import Photos
from impasto.fast.pupil import Pupil
from impasto.fast.recent import Recent
from impasto.fast.stock import Stock
from impasto.media.extra import need
from impasto.objectives.conventions import Convention, convention
from impasto.objectives.objective import Costs
from impasto.settings import TrainSettings

Record = Mapping[str, Any]

HELD_OUT = 4  # photographs that are never learned from, at most
PATIENCE = 5  # batches in a row that may go wrong
CLIP = 10.0  # times the usual length of gradients is the longest that is followed
SQUARES_TURN = 64  # batches for which squares of photographs are in use
SQUARES_OF_A_BATCH = 16  # times its size are in use, so that each is drawn four times in the mean
_SQUARES_BYTES = 2**30  # that they may take with their features
_BYTES_A_PIXEL = 44  # of a square, and of 512 channels at an eighth of its side
_KEEP_EVERY = 50  # batches between states that can be stepped back to


@dataclass(frozen=True, eq=False)
class TrainStep:
    """A batch that has been learned from.

    Attributes:
        number: Of the batch, from 1.
        steps: How many there will be.
        record: Number, seconds, J and its terms, the rate of learning, as JSON can hold it; of the
            last batch whose costs were finite, and empty where there is none yet.
        records: Those that the trace has, up to now.
        session: What trains.
        wrong: What went wrong with the batch, in a sentence; empty if nothing did.
    """

    number: int
    steps: int
    record: Record
    records: Sequence[Record]
    session: Session
    wrong: str = ""

    @property
    def is_due(self) -> bool:
        """Whether validation pictures should be shown."""
        every = self.session.settings.show_every
        return self.number % every == 0 or self.number == self.steps

    def model(self) -> FastModel:
        """Return the network as it is now: the running mean of its weights."""
        return self.session.model(self.record)


class Session:
    """One training, which can be interrupted.

    Every batch is drawn by a generator of its own, seeded by its number, so that a session that
    goes on from a checkpoint sees what it would have seen.

    Args:
        settings: How to train.
        photos: What to learn from.
        stock: The styles.
        any_style: Whether the network shall look at styles, and not only know these.
        encoder: Network that sees; None for the default one.
        facts: What the model's file shall tell besides.
        start: A model to begin with, of the same layout; None for random weights.
    Raises:
        UsageError: If Accelerate is missing, or the model to begin with is another kind of network.
    """

    def __init__(
        self,
        settings: TrainSettings,
        photos: Photos,
        stock: Stock,
        *,
        any_style: bool = False,
        encoder: Encoder | None = None,
        facts: Mapping[str, Any] | None = None,
        start: FastModel | None = None,
    ) -> None:
        self.settings, self.photos, self.stock = settings, photos, stock
        self.facts = dict(facts or {})
        accelerate = need("accelerate", extra="fast")
        half = pick_precision(settings.precision, _device_of(settings)) == torch.bfloat16
        self.accelerator = accelerate.Accelerator(
            mixed_precision="bf16" if half else "no", cpu=settings.device == "cpu"
        )
        own = _convention(settings)
        self.squares = Recent[Tensor](_squares_in_use(settings.batch, settings.crop))
        if encoder is None:
            encoder = place(load_encoder(pooling=own.pooling), precision=settings.precision)
        self.teacher = Teacher(
            encoder.to(self.accelerator.device),
            own,
            size=settings.size,
            reads=any_style,
            contents=self.squares.most,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            layout = Layout(widths=settings.channels, blocks=settings.blocks)
            self.fresh = new_model(layout, stock.facts, any_style=any_style, size=settings.size)
        begin(self.fresh, start, stock, self.teacher, seed=settings.seed)
        self.started = "" if start is None else start.sha256
        self.held_out = min(HELD_OUT, max(1, len(photos) // 10))
        pupil = Pupil(self.fresh.network, self.fresh.styles).to(self.accelerator.device)
        optimizer = torch.optim.Adam(
            [
                {"params": pupil.network.parameters(), "pace": 1.0},
                {"params": pupil.styles.parameters(), "pace": pupil.styles.pace},
            ],
            lr=settings.learning_rate,
        )
        self.notebook = Notebook(pupil, optimizer)
        self.pupil, self.optimizer = self.accelerator.prepare(pupil, optimizer)

    @property
    def is_main(self) -> bool:
        """Whether this process is the one that writes."""
        return bool(self.accelerator.is_main_process)

    def steps(
        self, *, checkpoint: Path | None = None, checkpoint_every: float | None = None
    ) -> Iterator[TrainStep]:
        """Learn batch by batch.

        Args:
            checkpoint: File that keeps the state, and from which training goes on.
            checkpoint_every: Seconds between writing it; None for as often as costs little.
        Raises:
            DivergedError: If costs are not finite, and stepping back does not help.
            InputError: If the checkpoint is damaged.
            UsageError: If it belongs to another training, or some processes do not find it.
        """
        settings, notebook = self.settings, self.notebook
        keeper = notebook.keeper(checkpoint, self._identity(), every=checkpoint_every)
        done = keeper.load()
        self._check_together(done.number)
        records = [*done.records]
        record = done.record
        began, slower, failures = time.monotonic() - done.seconds, done.slower, done.failures
        if done.number == 0:
            notebook.remember(0)
        for number in range(done.number + 1, settings.steps + 1):
            rate = settings.learning_rate * slower * schedule(number, settings.steps)
            costs, fine = self._learn(number, rate)
            wrong = "" if fine else "The cost of a batch is not finite."
            if wrong:
                failures, slower = failures + 1, slower / 2
                notebook.step_back()
                if failures >= PATIENCE:
                    raise DivergedError(
                        f"{wrong} Stepping back {PATIENCE} times did not help: try a smaller "
                        "--learning-rate, or --precision float32."
                    )
            else:
                failures = 0
                notebook.mean()
                if number - notebook.remembered >= _KEEP_EVERY:
                    notebook.remember(number)
            seconds = time.monotonic() - began
            if not wrong:
                record = _record(number, seconds, rate, costs)
                if number % settings.report_every == 0 or number in (1, settings.steps):
                    records = [*records, record]
            if self.is_main:
                keeper.keep(Done(number, seconds, slower, failures, records, record))
            yield TrainStep(number, settings.steps, record, records, self, wrong)
            # clocks differ: no device may go on while another one ends
            if settings.minutes is not None and not self._agreed(seconds <= 60 * settings.minutes):
                break
        if not record and done.number < settings.steps:
            raise DivergedError("No batch had a finite cost: try --precision float32.")

    def _learn(self, number: int, rate: float) -> tuple[Costs, bool]:
        """Learn from a batch; return its costs, and whether they were finite."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["pace"]
        keys, contents, rows, targets, plain = self._draw(number)
        self.optimizer.zero_grad()
        with self.accelerator.autocast():
            asked = self._asked(rows, targets)
            paintings = self.pupil(contents, asked, plain.to(contents.device))
        shown = [None if one else own for one, own in zip(plain.tolist(), targets, strict=True)]
        costs, gradient = self.teacher.correct(paintings, contents, shown, keys=keys)
        finite = bool(costs.values.isfinite().all()) and bool(gradient.isfinite().all())
        # every device takes its gradient back, even then: the others wait for it
        usable = gradient if finite else torch.zeros_like(gradient)
        self.accelerator.backward((paintings * usable).sum())
        usual = self.notebook.usual_length
        most = CLIP * usual if usual else float("inf")
        length = float(self.accelerator.clip_grad_norm_(self.pupil.parameters(), most))
        fine = self._agreed(finite and length < float("inf"))
        if fine:
            self.optimizer.step()
            self.notebook.note_length(length)
        return costs, fine

    def _check_together(self, number: int) -> None:
        """Refuse to go on from different batches: processes would wait for each other forever.

        Raises:
            UsageError: If some processes have not found the checkpoint.
        """
        told = torch.tensor([number], device=self.accelerator.device)
        if len(self.accelerator.gather(told).unique()) > 1:
            raise UsageError(
                "Some processes do not find the checkpoint: put it where every machine reads it."
            )

    def _agreed(self, fine: bool) -> bool:
        """Tell whether all is well on every device."""
        told = torch.tensor([float(fine)], device=self.accelerator.device)
        return bool(self.accelerator.reduce(told, reduction="mean").item() == 1)

    def _draw(self, number: int) -> tuple[list[int], Tensor, list[int], list[Target], Tensor]:
        """Choose what a batch is made of: squares, styles, and which are to be left as they are.

        To look at a photograph is a third of the work. So some squares are in use for some batches,
        each with several styles, and then others.
        """
        settings = self.settings
        noise = self._noise(number)
        count = self.squares.most
        first = (number // SQUARES_TURN) * count
        picks = torch.randint(count, (settings.batch,), generator=noise).tolist()
        keys = [first + own for own in picks]
        contents = torch.stack([self.squares.get(own, partial(self._cut, own)) for own in keys])
        active = self.stock.active(number, settings.seed)
        drawn = torch.randint(len(active), (settings.batch,), generator=noise).tolist()
        chosen = [active[own] for own in drawn]
        targets = [self.teacher.target(own) for own in chosen]
        plain = torch.rand(settings.batch, generator=noise) < settings.plain
        return keys, contents, [own.key[0] for own in chosen], targets, plain

    def _noise(self, number: int) -> torch.Generator:
        """Return the generator of a batch, another one on each device."""
        process, count = self.accelerator.process_index, self.accelerator.num_processes
        seed = (self.settings.seed * 2**20 + number) * count + process
        return torch.Generator().manual_seed(seed)

    def _cut(self, key: int) -> Tensor:
        """Cut a square of a photograph to learn from."""
        noise = self._noise(2**40 + key)
        number = torch.randint(len(self.photos) - self.held_out, (), generator=noise)
        return self.photos.cut(int(number), noise).to(self.accelerator.device)

    def _asked(self, rows: Sequence[int], targets: Sequence[Target]) -> Tensor:
        """Return what the pupil is told of the styles: shares of a table, or statistics."""
        if self.fresh.is_any:
            return torch.cat([own.statistics for own in targets]).to(self.accelerator.device)
        shares = nn.functional.one_hot(torch.tensor(rows), len(self.stock))
        return shares.float().to(self.accelerator.device)

    def model(self, record: Mapping[str, Any]) -> FastModel:
        """Return a model with the running mean of the weights."""
        pupil = self.notebook.meant()
        facts = {**self.facts, "training": {**self.settings.to_json(), "end": dict(record)}}
        return replace(self.fresh, network=pupil.network, styles=pupil.styles, facts=facts)

    def validation(self) -> list[Tensor]:
        """Return the photographs that are never learned from, shape (3, h, w) each."""
        total = len(self.photos)
        return [self.photos.whole(own) for own in range(total - self.held_out, total)]

    def _identity(self) -> dict[str, Any]:
        known = [vars(own) for own in self.stock.facts]
        ends = dict.fromkeys(("minutes", "report_every", "show_every"))
        told = {**self.settings.to_json(), **ends, "any": self.fresh.is_any}
        photos = [*self.photos.shapes[:100], len(self.photos)]
        drawing = [self.accelerator.num_processes, self.squares.most]
        return {
            "settings": told,
            "styles": known,
            "photos": photos,
            "start": self.started,
            "drawing": drawing,
        }


def schedule(number: int, steps: int) -> float:
    """Return the rate of learning as a share of the highest: it rises, stays, and falls.

    Args:
        number: Of a batch, from 1.
        steps: How many there will be.
    """
    warm = min(1.0, number / min(100, max(1, steps // 10)))
    left = (steps - number) / max(1, steps)
    return warm * min(1.0, 0.02 + 0.98 * left / 0.4)


def _squares_in_use(batch: int, crop: int) -> int:
    """Return how many squares are in use at a time."""
    fitting = _SQUARES_BYTES // (_BYTES_A_PIXEL * crop**2)
    return max(batch, min(SQUARES_OF_A_BATCH * batch, fitting))


def _convention(settings: TrainSettings) -> Convention:
    names = ("content_weight", "style_weight", "tv_weight")
    given = {name: getattr(settings, name) for name in names}
    return replace(
        convention(settings.objective),
        **{name: value for name, value in given.items() if value is not None},
    )


def _device_of(settings: TrainSettings) -> torch.device:
    there = torch.cuda.is_available() and settings.device != "cpu"
    return torch.device("cuda" if there else "cpu")


def _record(number: int, seconds: float, rate: float, costs: Costs) -> Record:
    count = max(1, costs.values.shape[1])
    return {
        "step": number,
        "elapsed_seconds": round(seconds, 3),
        "rate": rate,
        "total": costs.total / count,
        **{name: value / count for name, value in costs.terms.items()},
    }
