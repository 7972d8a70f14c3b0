"""Many signals in one place: a folder, a list, an archive. They are read one after another."""

from __future__ import annotations

import io
import os
import re
import tarfile
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

from impasto.errors import ImpastoError, InputError
from impasto.media import MAX_PIXELS, MEDIA, Source, read
from impasto.signal import Signal

Listing = Iterator[tuple[str, Callable[[], Source]]]  # names, and what gets at the data
Loaded = tuple["Entry", Signal | ImpastoError]

LARGEST_FILE = 2**30  # bytes of a file in an archive, which is read into memory
_CONTROL = re.compile(r"[\0-\x08\x0e-\x1f]")  # no line of text has these
_AHEAD = 2  # signals that are decoded before they are asked for
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError)


@dataclass(frozen=True)
class Entry:
    """A file of a dataset.

    Attributes:
        number: Its place in the order of the dataset, from 0.
        name: Its path relative to the dataset.
    """

    number: int
    name: str


class _File(io.BytesIO):
    """A file out of an archive, with a name for messages."""

    def __init__(self, content: bytes, name: str) -> None:
        super().__init__(content)
        self.name = name


class Dataset:
    """Signals that are read one after another, in an order that is always the same.

    Args:
        origin: A folder, which is searched with all folders in it, in the order of names; a zip or
            tar archive, in its own order; one file; a text file with a path a line, relative to
            its own folder; or a sequence of sources.
        medium: What the signals are; a name of `MEDIA`.
        longest: Signals with a longer axis are reduced to this length; None for none.
        max_pixels: Pictures with more pixels are not read.
        prepare: Turns a signal into what is looked at; it must be possible to send it to other
            machines. An InputError of its own passes the signal over.
    Raises:
        InputError: If the origin does not exist, cannot be read or holds nothing to look at.
    """

    def __init__(
        self,
        origin: str | os.PathLike[str] | Sequence[Source],
        *,
        medium: str = "image",
        longest: int | None = None,
        max_pixels: int = MAX_PIXELS,
        prepare: Callable[[Signal], Signal] | None = None,
    ) -> None:
        self.medium, self.suffixes = medium, MEDIA[medium].inputs
        self.longest, self.max_pixels, self.prepare = longest, max_pixels, prepare
        self.origin: Path | Sequence[Source]
        if isinstance(origin, str | os.PathLike):
            self.origin = Path(origin)
            self.label = str(origin)
        else:
            self.origin, self.label = origin, f"{len(origin)} signals"
        if next(self.entries(), None) is None:
            noun, kinds = MEDIA[medium].noun, ", ".join(self.suffixes)
            raise InputError(f"{self.label} holds nothing to look at: no {noun} ({kinds}).")

    def entries(self) -> Iterator[Entry]:
        """Name all files in order, without reading them."""
        for number, (name, _) in enumerate(self._listing()):
            yield Entry(number, name)

    def count(self) -> int:
        """Return how many files there are."""
        return sum(1 for _ in self.entries())

    def signals(self, wanted: Container[int] | None = None) -> Iterator[Loaded]:
        """Read signals in order; the next ones are decoded while one is in use.

        Args:
            wanted: Numbers of those that are read; None for all.
        Yields:
            An entry, and its signal or what was wrong with it.
        """
        with ThreadPoolExecutor(1) as pool:
            pending: deque[tuple[Entry, Future[Signal | ImpastoError]]] = deque()
            try:
                for number, (name, fetch) in enumerate(self._listing()):
                    if wanted is not None and number not in wanted:
                        continue
                    source = _fetched(fetch, name)
                    pending.append((Entry(number, name), pool.submit(self._decoded, source)))
                    if len(pending) > _AHEAD:
                        entry, signal = pending.popleft()
                        yield entry, signal.result()
                while pending:
                    entry, signal = pending.popleft()
                    yield entry, signal.result()
            finally:
                for _, signal in pending:
                    signal.cancel()

    def _decoded(self, source: Source | ImpastoError) -> Signal | ImpastoError:
        if isinstance(source, ImpastoError):
            return source
        try:
            signal = read(
                source,
                medium=self.medium,
                longest=self.longest,
                max_pixels=self.max_pixels,
            )
            return self.prepare(signal) if self.prepare else signal
        except ImpastoError as error:
            return error

    def _listing(self) -> Listing:
        if not isinstance(self.origin, Path):
            return _sequence(self.origin)
        try:
            if self.origin.is_dir():
                return _folder(self.origin, self.suffixes)
            if self.origin.name.lower().endswith(self.suffixes) and self.origin.is_file():
                return iter([(self.origin.name, partial(Path, self.origin))])
            if not self.origin.exists():
                raise InputError(f"{self.origin} does not exist.")
            if zipfile.is_zipfile(self.origin):
                return _zip(self.origin, self.suffixes)
            if tarfile.is_tarfile(self.origin):
                return _tar(self.origin, self.suffixes)
            return _list(self.origin)
        except OSError as error:
            raise InputError(f"{self.origin} cannot be read: {error.strerror}.") from None


def _fetched(fetch: Callable[[], Source], name: str) -> Source | ImpastoError:
    """Get at the data at once: an archive moves on."""
    try:
        return fetch()
    except ImpastoError as error:
        return error
    except _BROKEN as error:
        return InputError(f"{name} is damaged or cut short ({error}).")


def _is_wanted(name: str, suffixes: tuple[str, ...]) -> bool:
    """Tell by its name whether a file is to be looked at."""
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.name.lower().endswith(suffixes) and not hidden


def _folder(folder: Path, suffixes: tuple[str, ...], name: str = "") -> Listing:
    """Go through a folder in the order of names; links to folders are not followed."""
    try:
        found = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        told = InputError(f"{folder} cannot be listed: {error.strerror}.")
        yield name or folder.name, partial(_complain, told)
        return
    for entry in found:
        inside = f"{name}{entry.name}"
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from _folder(Path(entry), suffixes, f"{inside}/")
        elif _is_wanted(entry.name, suffixes) and not entry.is_dir():
            yield inside, partial(Path, entry)


def _list(file: Path) -> Listing:
    with file.open(encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            if _CONTROL.search(line):
                raise InputError(
                    f"{file} is neither an archive nor a list of files, a path a line."
                )
            if name := line.strip():
                yield name, partial(Path, file.parent, name)


def _zip(file: Path, suffixes: tuple[str, ...]) -> Listing:
    try:
        with zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if _is_wanted(member.filename, suffixes) and not member.is_dir():
                    name, size = member.filename, member.file_size
                    yield name, partial(_held, name, size, partial(archive.open, member))
    except zipfile.BadZipFile as error:
        raise InputError(f"{file} is damaged ({error}).") from None


def _tar(file: Path, suffixes: tuple[str, ...]) -> Listing:
    name = "its beginning"
    try:
        with tarfile.open(file, "r|*") as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # else it remembers all of them
                if member.isfile() and _is_wanted(member.name, suffixes):
                    name, size = member.name, member.size
                    yield name, partial(_held, name, size, partial(archive.extractfile, member))
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        told = InputError(f"{file} is damaged or cut short behind {name} ({error}).")
        yield file.name, partial(_complain, told)


def _held(name: str, size: int, opened: Callable[[], IO[bytes] | None]) -> Source:
    """Read a file of an archive into memory."""
    if size > LARGEST_FILE:
        raise InputError(f"{name} has {size} bytes, more than the limit of {LARGEST_FILE}.")
    file = opened()
    assert file is not None  # only folders and links are none
    with file:
        return _File(file.read(), name)


def _complain(error: ImpastoError) -> Source:
    raise error


def _sequence(sources: Iterable[Source]) -> Listing:
    for number, source in enumerate(sources):
        name = os.fspath(source) if isinstance(source, str | os.PathLike) else str(number)
        yield name, partial(_given, source)


def _given(source: Source) -> Source:
    return source
