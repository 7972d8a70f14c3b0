"""Everything that a stylization leaves behind besides the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from impasto.errors import OutputError, UsageError

if TYPE_CHECKING:
    from impasto.signal import Signal
    from impasto.stylization import Stylization, StylizeStep
    from impasto.stylization.drawing import Film


@dataclass
class Extras:
    """Trace, plot, sheet, snapshots and film: those whose paths are given.

    Attributes:
        trace: JSON Lines file, a line a step, written as the run goes on.
        plot: Picture of the cost curve.
        sheet: Content, styles and result side by side.
        snapshots: Folder for a picture every few steps.
        every: How many steps lie between snapshots.
        film: Animated picture of the run.
        views: Slices of a volume before and after.
    """

    trace: Path | None = None
    plot: Path | None = None
    sheet: Path | None = None
    snapshots: Path | None = None
    every: int = 10
    film: Path | None = None
    views: Path | None = None
    _film: Film | None = field(default=None, init=False)
    _lines: TextIO | None = field(default=None, init=False)

    @property
    def files(self) -> list[Path]:
        """The files that are wanted."""
        paths = (self.trace, self.plot, self.sheet, self.film, self.views)
        return [path for path in paths if path is not None]

    def check(self) -> None:
        """Make sure that everything can be written, before the work begins.

        Raises:
            UsageError: If a suffix is unknown, or a folder is missing or not writable.
        """
        if self.every < 1:
            raise UsageError(f"--every must be a whole number from 1, not {self.every}.")
        from impasto.media.files import check_writable
        from impasto.stylization.drawing import FILM_SUFFIXES, PLOT_SUFFIXES, SHEET_FORMATS
        from impasto.stylization.views import VIEW_SUFFIXES

        for name, path, suffixes in (
            ("--plot", self.plot, PLOT_SUFFIXES),
            ("--sheet", self.sheet, tuple(SHEET_FORMATS)),
            ("--film", self.film, FILM_SUFFIXES),
            ("--trace", self.trace, None),
            ("--views", self.views, VIEW_SUFFIXES),
        ):
            if path is None:
                continue
            if suffixes and path.suffix.lower() not in suffixes:
                raise UsageError(f"{name} {path} must end in one of {', '.join(suffixes)}.")
            check_writable(path)
        if self.snapshots is not None:
            if self.snapshots.exists() and not self.snapshots.is_dir():
                raise UsageError(f"--snapshots {self.snapshots} is not a folder.")
            folder = self.snapshots if self.snapshots.exists() else self.snapshots.absolute().parent
            check_writable(folder / "00000.png")

    def take(self, step: StylizeStep) -> None:
        """Write and collect what belongs to one step."""
        from impasto.stylization.drawing import Film

        if self.trace is not None:
            self._write_line(self.trace, step)
        if self.film is not None:
            self._film = self._film or Film()
            self._film.add(step)
        count = len(step.records) - 1  # a resumed run goes on counting
        if self.snapshots is not None and count % self.every == 0:
            self.snapshots.mkdir(exist_ok=True)
            step.finish().save(self.snapshots / f"{count:05}.png")

    def _write_line(self, path: Path, step: StylizeStep) -> None:
        from impasto.stylization.trace import lines_of

        try:
            if self._lines is None:  # a resumed run brings the records from before
                self._lines = path.open("w", encoding="utf-8")
                fresh = step.records
            else:
                fresh = step.records[-1:]
            self._lines.writelines(lines_of(fresh))
            self._lines.flush()
        except OSError as error:
            raise OutputError(f"The trace {path} cannot be written: {error.strerror}.") from error

    def close(self) -> None:
        """Close the trace."""
        if self._lines is not None:
            self._lines.close()

    def finish(self, result: Stylization, inputs: Sequence[Signal]) -> None:
        """Draw what needs the whole run.

        Args:
            result: What was made.
            inputs: Content and styles, for the sheet.
        """
        from impasto.stylization.drawing import plot_costs, save_sheet

        if self.views is not None:
            self._save_views(self.views, result, inputs[0])
        if self.plot is not None:
            plot_costs(result.trace, self.plot)
        if self.sheet is not None:
            save_sheet([*inputs, result.signal], self.sheet)
        if self.film is not None and self._film is not None:
            self._film.save(self.film, result.signal)

    def _save_views(self, path: Path, result: Stylization, content: Signal) -> None:
        from impasto.stylization.domains.volume import robust_window
        from impasto.stylization.views import save_views

        window = result.settings.window or robust_window(content, "The content")
        save_views(content, result.signal, path, window=window)

    def check_medium(self, medium: str) -> None:
        """Refuse what shows pictures for other media, and what shows volumes for others.

        Args:
            medium: That of the result.
        Raises:
            UsageError: If something is wanted that there is not.
        """
        flat = {"--sheet": self.sheet, "--film": self.film, "--snapshots": self.snapshots}
        wrong = [name for name, path in flat.items() if path is not None]
        if wrong and medium != "image":
            instead = ": for a volume add --views FILE.png" if medium == "volume" else ""
            raise UsageError(f"{wrong[0]} shows pictures{instead}.")
        if self.views is not None and medium != "volume":
            instead = ": for a picture add --sheet FILE.png" if medium == "image" else ""
            raise UsageError(f"--views shows volumes{instead}.")
