"""What belongs to one visitor of the page: a folder, a gallery, and whether to stop."""

from __future__ import annotations

import secrets
import shutil
import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

from PIL import Image

LONGEST_VISIT = 6 * 3600  # seconds in which nothing is asked for
PREVIEWS = 100  # of the pictures shown to a visitor, how many are kept


@dataclass
class Visit:
    """One visitor.

    Attributes:
        folder: Files made for the visitor. Nobody can guess its name, which is part of each
            file's address.
        gallery: Pictures that were made, newest first, with what each is.
        uploads: Files that the visitor has brought.
        left: Whether the visitor has gone.
        used: When anything was asked for last, in seconds of a clock that runs on.
    """

    folder: Path
    gallery: list[tuple[str, str]] = field(default_factory=list)
    uploads: set[Path] = field(default_factory=set)
    left: bool = False
    used: float = 0.0
    _jobs: set[Event] = field(default_factory=set)
    _previews: deque[Path] = field(default_factory=deque)

    @contextmanager
    def job(self) -> Iterator[Event]:
        """Begin a job, and yield what is set when it shall end."""
        stopped = Event()
        self._jobs.add(stopped)
        if self.left:
            stopped.set()
        try:
            yield stopped
        finally:
            self._jobs.discard(stopped)
            if self.left:  # what was written while the visitor went
                shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def is_busy(self) -> bool:
        """Whether a job runs."""
        return bool(self._jobs)

    def stop(self) -> None:
        """End the jobs that run; they keep what they have made."""
        for stopped in list(self._jobs):
            stopped.set()

    def new_folder(self) -> Path:
        """Make a folder for the files of a job.

        Raises:
            FileNotFoundError: If the visitor has gone.
        """
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir()
        return folder

    def shown(self, picture: Image.Image | None) -> str | None:
        """Write a picture that is shown in the page, and return its path.

        Gradio would keep pictures where it keeps those of all visitors, beyond the visit. Of many
        only the last are kept: a job of hours shows thousands.
        """
        if picture is None or self.left:
            return None
        path = self.folder / f"{secrets.token_hex(8)}.webp"
        picture.convert("RGB").save(path, quality=90)
        self._previews.append(path)
        if len(self._previews) > PREVIEWS:
            self._previews.popleft().unlink(missing_ok=True)
        return str(path)


class Visits:
    """All visitors that are there.

    Args:
        root: Folder of the visitors' folders.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = Lock()
        self._visits: dict[str, Visit] = {}

    def of(self, session: str | None) -> Visit:
        """Return the visit of a session, which begins when it is first asked for.

        Args:
            session: What the page calls itself; None for a caller without a page.
        """
        self._sweep()
        with self._lock:
            name = session or secrets.token_hex(8)
            if name not in self._visits:
                folder = self.root / secrets.token_hex(16)
                folder.mkdir(parents=True)
                self._visits[name] = Visit(folder)
            self._visits[name].used = time.monotonic()
            return self._visits[name]

    def _sweep(self) -> None:
        """End visits that nobody has used for long: callers without a page do not say goodbye."""
        oldest = time.monotonic() - LONGEST_VISIT
        with self._lock:
            idle = [
                name for name, own in self._visits.items() if own.used < oldest and not own.is_busy
            ]
        for name in idle:
            self.leave(name)

    def bring(self, visit: Visit, uploads: Iterable[str | Path]) -> None:
        """Note files that a visitor has brought."""
        with self._lock:
            visit.uploads.update(Path(path) for path in uploads)

    def leave(self, session: str | None) -> None:
        """End a visit: its job stops, and its files go, but for those that others brought, too."""
        with self._lock:
            visit = self._visits.pop(session or "", None)
            if visit is None:
                return
            visit.left = True
            visit.stop()
            others = {path for own in self._visits.values() for path in own.uploads}
        shutil.rmtree(visit.folder, ignore_errors=True)
        for path in visit.uploads - others:
            if self.root in path.parents:  # whatever a page may claim to have brought
                path.unlink(missing_ok=True)
