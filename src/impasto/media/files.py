"""Whole files or none: a result appears finished under its name, or is kept somewhere else."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from impasto.errors import OutputError, UsageError, nearest


def check_writable(path: Path) -> None:
    """Make sure that a file can be written, before any work is done for it.

    The proof is a nameless file in the folder: permissions alone do not tell of read-only disks.

    Args:
        path: Where the result is to go.
    Raises:
        UsageError: If the path is a folder or a device, or its folder is missing or not writable.
    """
    folder = path.parent
    try:
        if not folder.is_dir():
            state = "is not a folder" if folder.exists() else "does not exist: create it first"
            raise UsageError(f"The output folder {folder} {state}.")
        if path.is_dir():
            raise UsageError(f"{path} is a folder: name a file in it.")
        if path.exists() and not path.is_file():
            raise UsageError(f"{path} is not a regular file, so none can take its place.")
        with suppress(FileNotFoundError):
            path.lstat()  # fails if the name is too long
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None


def unwritten(suffix: str, known: Sequence[str], nouns: str) -> UsageError:
    """Return an error for a kind of file that is not written.

    Args:
        suffix: That of the file; empty if it has none.
        known: The suffixes of those that are.
        nouns: What would be in it, at the beginning of a sentence.
    """
    kind = f"with the suffix {suffix}" if suffix else "without a suffix"
    return UsageError(f"{nouns} are not written to files {kind}. {nearest(suffix.lower(), known)}")


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Give a temporary path that takes the place of a file once the block has written it.

    The temporary file is hidden in the same folder and has the same suffix. If the block fails or
    is interrupted, it is removed, and an older file of that name stays as it was.

    Args:
        path: Where the file is to appear. Of a link, the file that it points to is replaced.
    Yields:
        Where to write it.
    Raises:
        OSError: If the folder cannot be written to, or the path is no regular file.
    """
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise FileExistsError(f"{path} is not a regular file")
    temporary = path.with_name(f".impasto-{secrets.token_hex(8)}{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def save_or_rescue(path: Path, write: Callable[[Path], None]) -> None:
    """Write a finished result, and if that is impossible, keep it in another place.

    The other places are the folder for temporary files, the home folder and the current folder.

    Args:
        path: Where the result is to go.
        write: Writes the result to the path that it is given; called again for another place.
    Raises:
        OutputError: If the result is not at the path; it says where it is and why.
    """
    try:
        write(path)
        return
    except OSError as error:
        reason = f"{path} could not be written ({error.strerror or error})."
    for folder in (tempfile.gettempdir, Path.home, Path.cwd):
        with suppress(OSError, RuntimeError):  # no such folder, or no home at all
            kept = Path(tempfile.mkdtemp(prefix="impasto-", dir=folder())) / path.name
            write(kept)
            raise OutputError(f"{reason} The result is kept at {kept}.")
    raise OutputError(f"{reason} It could not be kept anywhere else either.")
