"""What a run looks like: the cost curve, the side-by-side sheet, the film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from itertools import accumulate
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont, ImageOps

from impasto import media
from impasto.media.files import save_or_rescue
from impasto.signal import Signal
from impasto.stylization.result import StylizeStep
from impasto.stylization.trace import SIDES, Record, terms_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FILM_SUFFIXES = (".gif", ".webp")
PLOT_SUFFIXES = (".pdf", ".png", ".svg")
SHEET_FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP"}

_LETTERS = 1 / 48  # height of the titles of a sheet, as a share of its width
NEGLIGIBLE = 1e-3  # of J: what a term contributes below that is not drawn


def draw_costs(trace: Sequence[Record]) -> Figure:
    """Draw J and its kinds of terms against the steps, level by level.

    Args:
        trace: Records of a run.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    numbers = range(len(trace))
    axes.plot(numbers, [entry["total"] for entry in trace], color="black", lw=2, label="J")
    kinds = [_kinds(entry) for entry in trace]
    for kind in dict.fromkeys(kind for entry in kinds for kind in entry):
        values = [entry.get(kind, 0.0) or float("nan") for entry in kinds]  # no zero on a log axis
        axes.plot(numbers, values, lw=1.2, label=f"J {kind}")
    shown = ""
    for number, entry in enumerate(trace):
        size = "×".join(str(entry[side]) for side in ("length", *SIDES[3]) if side in entry)
        if entry["step"] == 0 and size != shown:  # not at every frame of a film
            shown = size
            axes.axvline(number, color="0.8", lw=1, zorder=0)
            axes.annotate(
                f" {size}", (number, 1), xycoords=("data", "axes fraction"), va="top", color="0.4"
            )
    axes.set(xlabel="steps", ylabel="weighted cost")
    least = min(entry["total"] for entry in trace) * NEGLIGIBLE
    if least > 0:  # no logarithm otherwise
        axes.set_yscale("log")
        axes.set_ylim(bottom=max(least, axes.get_ylim()[0]))
    axes.set_title(f"{trace[-1]['elapsed_seconds']:.0f} seconds", loc="right", color="0.4")
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure


def plot_costs(trace: Sequence[Record], path: Path) -> None:
    """Draw the costs into a PNG, SVG or PDF file.

    Raises:
        OutputError: If it cannot be written there; it says where it was kept.
    """
    figure, buffer = draw_costs(trace), BytesIO()
    kind = path.suffix[1:].lower()
    figure.savefig(buffer, format=kind, dpi=120, metadata={"Date": None} if kind == "svg" else {})
    _write(buffer, path)


def sheet(
    *rows: Sequence[Signal] | Mapping[str, Signal], height: int = 384, gap: int = 8
) -> Image.Image:
    """Set pictures side by side, row under row; all rows are as wide as the first.

    Args:
        *rows: The pictures of each row, or pictures by the titles that stand above them.
        height: Of the first row's pictures, in pixels.
        gap: Between pictures, in pixels.
    """
    shapes = _aspects(rows[0])
    width = round(sum(shapes) * height) + gap * (len(shapes) - 1)
    lines = [_row(row, width, gap) for row in rows]
    tops = list(accumulate((line.height + gap for line in lines), initial=0))
    whole = Image.new("RGB", (width, tops[-1] - gap), "white")
    for line, top in zip(lines, tops, strict=False):
        whole.paste(line, (0, top))
    return whole


def _row(row: Sequence[Signal] | Mapping[str, Signal], width: int, gap: int) -> Image.Image:
    shapes = _aspects(row)
    room = width - gap * (len(shapes) - 1)
    height = max(1, round(room / sum(shapes)))
    edges = [round(room * edge / sum(shapes)) for edge in accumulate(shapes, initial=0.0)]
    titles = list(row) if isinstance(row, Mapping) else []
    size = width * _LETTERS
    head = round(1.6 * size) if titles else 0
    whole = Image.new("RGB", (width, head + height), "white")
    for number, picture in enumerate(_pictures(row)):
        left, right = (edge + gap * number for edge in edges[number : number + 2])
        image = _over_white(picture)
        shape = max(1, right - left), height
        whole.paste(image.resize(shape, Image.Resampling.LANCZOS), (left, head))
        if titles:
            place, font = (left, head - 0.4 * size), ImageFont.load_default(size)
            ImageDraw.Draw(whole).text(place, titles[number], "black", font, anchor="ls")
    return whole


def _pictures(row: Sequence[Signal] | Mapping[str, Signal]) -> list[Signal]:
    return list(row.values() if isinstance(row, Mapping) else row)


def _aspects(row: Sequence[Signal] | Mapping[str, Signal]) -> list[float]:
    """Return how many times wider than high each picture is."""
    return [picture.space[1] / picture.space[0] for picture in _pictures(row)]


def save_sheet(pictures: Sequence[Signal], path: Path) -> None:
    """Write pictures side by side into a JPEG, PNG or WebP file.

    Raises:
        OutputError: If it cannot be written there; it says where it was kept.
    """
    buffer = BytesIO()
    sheet(pictures).save(buffer, format=SHEET_FORMATS[path.suffix.lower()], quality=92)
    _write(buffer, path)


class Film:
    """Collects frames while a picture emerges; more of them early, when most happens.

    Args:
        frames: How many at most.
        longest: Longest side in pixels.
    """

    def __init__(self, *, frames: int = 60, longest: int = 480) -> None:
        self.count, self.longest = frames, longest
        self.frames: list[Image.Image] = []
        self.next = 0.0

    def add(self, step: StylizeStep) -> None:
        """Take the picture of a step if it is time for a frame."""
        planned = [level.steps for level in step.levels]
        place = (sum(planned[: step.level]) + step.index) / sum(planned)
        if place < self.next:
            return
        last = len(self.frames) + 1
        self.next = (last / self.count) ** 2
        self.frames.append(self._frame(step.signal))

    def save(self, path: Path, last: Signal) -> None:
        """Write the film, which stays on its last picture for two seconds.

        Raises:
            OutputError: If it cannot be written there; it says where it was kept.
        """
        final = self._frame(last)
        frames = [frame.resize(final.size, Image.Resampling.BICUBIC) for frame in self.frames] + [
            final
        ]
        durations = [66] * (len(frames) - 1) + [2000]
        buffer = BytesIO()
        frames[0].save(
            buffer,
            format=path.suffix[1:].upper(),
            save_all=True,
            append_images=frames[1:],
            duration=durations,
            loop=0,
        )
        _write(buffer, path)

    def _frame(self, signal: Signal) -> Image.Image:
        image = _over_white(signal)
        if max(image.size) <= self.longest:
            return image
        return ImageOps.contain(image, (self.longest, self.longest), Image.Resampling.LANCZOS)


def _over_white(signal: Signal) -> Image.Image:
    """Return a picture without its alpha channel: its samples are what a white page shows."""
    return media.to_pil(Signal(signal.samples))


def _write(buffer: BytesIO, path: Path) -> None:
    save_or_rescue(path, lambda to: media.write_bytes(to, buffer.getvalue()))


def _kinds(entry: Record) -> dict[str, float]:
    sums: dict[str, float] = {}
    for name, value in terms_of(entry).items():
        kind = name.partition(":")[0]
        sums[kind] = sums.get(kind, 0.0) + value
    return sums
