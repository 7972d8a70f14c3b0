"""What belongs to one visitor of the page: a folder, a gallery, and whether to stop."""

from __future__ import annotations

import secrets
import shutil
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

from PIL import Image

PREVIEWS = 100  # of the pictures shown to a visitor, how many are kept


@dataclass
class Visit:
    """One visitor.

    Attributes:
        folder: Files made for the visitor. Nobody can guess its name, which is part of each
            file's address.
        stopped: Set when the running job shall end.
        gallery: Pictures that were made, newest first, with what each is.
        uploads: Files that the visitor has brought.
        left: Whether the visitor has gone.
    """

    folder: Path
    stopped: Event = field(default_factory=Event)
    gallery: list[tuple[str, str]] = field(default_factory=list)
    uploads: set[Path] = field(default_factory=set)
    left: bool = False
    _previews: deque[Path] = field(default_factory=deque)

    def new_folder(self) -> Path:
        """Make a folder for the files of a job."""
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir(parents=True)
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
        with self._lock:
            name = session or secrets.token_hex(8)
            if name not in self._visits:
                folder = self.root / secrets.token_hex(16)
                folder.mkdir(parents=True)
                self._visits[name] = Visit(folder)
            return self._visits[name]

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
            visit.stopped.set()
            others = {path for own in self._visits.values() for path in own.uploads}
        shutil.rmtree(visit.folder, ignore_errors=True)
        for path in visit.uploads - others:
            if self.root in path.parents:  # whatever a page may claim to have brought
                path.unlink(missing_ok=True)
