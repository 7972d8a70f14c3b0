"""What a training leaves behind as it goes: trace, cost curves, validation pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from impasto.errors import OutputError, UsageError
from impasto.fast.model import FastModel
from impasto.fast.painting import Brush, paint
from impasto.fast.styles import StylePredictor, StyleTable, read_style
from impasto.media import to_pil, write_bytes
from impasto.media.extra import need
from impasto.signal import Signal, fit, resample

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from PIL.Image import Image

    from impasto.fast.training import Record, TrainStep

TRACE, CURVES = "trace.jsonl", "costs.png"
SHOWN_STYLES = 6  # at most
SHOWN_LONGEST = 320  # pixels


class Diary:
    """A folder that tells how a training went.

    It holds the trace, a line of JSON every few batches; the cost curves; and every now and then
    the photographs that are never learned from, in the styles.

    Args:
        folder: Where to; it is made if it is not there.
        tensorboard: Folder for TensorBoard; None for none.
    Raises:
        UsageError: If the folder cannot be made, or TensorBoard is missing.
    """

    def __init__(self, folder: Path, *, tensorboard: Path | None = None) -> None:
        self.folder = folder
        try:
            folder.mkdir(exist_ok=True)
        except OSError as error:
            raise UsageError(f"{folder} cannot be made: {error.strerror}.") from None
        self.tensorboard = tensorboard
        self.board: Any = None
        if tensorboard is not None:
            try:
                need("tensorboard", extra="fast")
            except UsageError:
                raise UsageError(
                    "TensorBoard is missing: run pip install tensorboard, or leave out "
                    "--tensorboard: the costs are in the trace as well."
                ) from None
        self._written = 0

    def take(self, step: TrainStep) -> None:
        """Write what belongs to a batch.

        Raises:
            OutputError: If that is impossible.
        """
        try:
            if len(step.records) != self._written:
                self._write_trace(step.records)
            if step.is_due:
                self.show(step)
        except OSError as error:
            raise OutputError(f"{self.folder} cannot be written: {error.strerror}.") from error

    def finish(self, step: TrainStep) -> None:
        """Draw the curves once more, and close what is open."""
        self._write_trace(step.records)
        _save(draw_curves(step.records), self.folder / CURVES)
        if self.board is not None:
            self.board.close()

    def show(self, step: TrainStep) -> None:
        """Draw the curves, and paint the photographs that are never learned from."""
        _save(draw_curves(step.records), self.folder / CURVES)
        session, model = step.session, step.model()
        count = min(len(session.stock), SHOWN_STYLES)
        styles = [session.stock.view(own) for own in range(count)]
        encoder = session.teacher.encoder
        sheet = paint_sheet(model, session.validation(), styles, encoder)
        buffer = BytesIO()
        sheet.save(buffer, "JPEG", quality=90)
        write_bytes(self.folder / f"{step.number:06}.jpg", buffer.getvalue())

    def _write_trace(self, records: Sequence[Record]) -> None:
        path = self.folder / TRACE
        fresh = records[self._written :]
        with path.open("a" if self._written else "w", encoding="utf-8") as file:
            file.writelines(json.dumps(dict(own)) + "\n" for own in fresh)
        if self.tensorboard is not None:
            if self.board is None:  # of several processes only one writes
                from torch.utils.tensorboard import SummaryWriter

                self.board = SummaryWriter(str(self.tensorboard))
            for own in fresh:
                for name, value in own.items():
                    if name != "step":
                        self.board.add_scalar(name, value, own["step"])
        self._written = len(records)


def draw_curves(records: Sequence[Record]) -> Figure:
    """Draw J, its content and its style against batches, each with its running mean."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    numbers = [own["step"] for own in records]
    for kind, color in (("total", "black"), ("content", "C0"), ("style", "C3")):
        values = [
            sum(v for name, v in own.items() if name.partition(":")[0] == kind) for own in records
        ]
        axes.plot(numbers, values, color=color, lw=0.8, alpha=0.3)
        axes.plot(
            numbers, _smooth(values), color=color, lw=1.8, label="J" if kind == "total" else kind
        )
    axes.set(xlabel="batches", ylabel="weighted cost")
    if all(own["total"] > 0 for own in records):
        axes.set_yscale("log")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


def _smooth(values: Sequence[float], keep: float = 0.9) -> list[float]:
    smooth: list[float] = []
    for number, value in enumerate(values):
        own = min(keep, number / (number + 1))
        smooth.append(value if not smooth else own * smooth[-1] + (1 - own) * value)
    return smooth


def _save(figure: Figure, path: Path) -> None:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    write_bytes(path, buffer.getvalue())


@torch.no_grad()
def paint_sheet(
    model: FastModel, photos: Sequence[Tensor], styles: Sequence[Tensor], encoder: Any
) -> Image:
    """Paint each photograph in each style: a row for each photograph, behind it as it is.

    Args:
        model: Who paints.
        photos: Shape (3, h, w) each.
        styles: Pictures of the first styles of a table, or of any, for a network that looks.
        encoder: Network that looks at them.
    """
    from PIL import Image

    if isinstance(model.styles, StyleTable):
        codes = model.styles.rows[: len(styles)]
    else:
        assert isinstance(model.styles, StylePredictor)
        size = model.styles.size
        codes = model.styles(torch.cat([read_style(encoder, own, size=size) for own in styles]))
    codes = torch.cat([model.styles.plain[None], codes])
    rows = []
    for photo in photos:
        space = fit(tuple(photo.shape[1:]), SHOWN_LONGEST)
        small = resample(photo[None], space)[0].clamp(0, 1)
        painted = [paint(model.network, small, Brush(own[None])) for own in codes]
        rows.append(torch.cat([small, *painted], 2))
    widest = max(own.shape[2] for own in rows)
    whole = Image.new("RGB", (widest, sum(own.shape[1] for own in rows)), "white")
    top = 0
    for own in rows:
        whole.paste(to_pil(Signal(own)), (0, top))
        top += own.shape[1]
    return whole
