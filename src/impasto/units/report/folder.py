"""The folder of a report: its files are replaced as a whole, all others stay."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from impasto.errors import OutputError, UsageError

INDEX = "index.html"
TABLE = "units.parquet"
FOLDERS = ("data", "layers", "page", "pictures", "sheets")

_MANIFEST = "page/files.txt"
_STAGING = ".impasto-report"
_OWN = re.compile(rf"({'|'.join(FOLDERS)})/\w[\w.-]*|{re.escape(INDEX)}|{re.escape(TABLE)}", re.A)


def check_report_folder(folder: Path) -> None:
    """Make sure that a report can be written to a folder, before any work is done for it.

    Args:
        folder: A new or an empty one, one with an older report, or one in which nothing is called
            like a part of a report.
    Raises:
        UsageError: If it is none of these, or nothing can be written there.
    """
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file: name a folder for the report.")
        if not folder.parent.is_dir():
            raise UsageError(f"The folder {folder.parent} does not exist: create it first.")
        with tempfile.TemporaryFile(dir=folder if folder.exists() else folder.parent):
            pass
    except OSError as error:
        raise UsageError(f"{folder} cannot be written to: {error.strerror}.") from None
    if (folder / _MANIFEST).is_file():
        return
    for name in (INDEX, TABLE, *FOLDERS):
        if (folder / name).exists():
            raise UsageError(
                f"{folder} holds something of your own called {name}, as a part of the report "
                "would be: name another folder."
            )


@contextmanager
def replaced_report(folder: Path) -> Iterator[Path]:
    """Give an empty folder whose files become the report once the block has written them.

    If the block fails, an older report stays as it was. The first page is taken away before
    anything else changes and comes last, so that where there is one, the report is complete. What
    an older report wrote and the new one does not is removed.

    Args:
        folder: Where the report goes.
    Yields:
        Where to write it.
    Raises:
        UsageError: As `check_report_folder`, or if a file that no report wrote is in the way.
        OutputError: If it cannot be written.
    """
    check_report_folder(folder)
    staging = folder / _STAGING
    try:
        shutil.rmtree(staging, ignore_errors=True)  # of a run that was killed
        staging.mkdir(parents=True)
        yield staging
        _install(staging, folder)
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"The report could not be written to {folder}: {reason}.") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _install(staging: Path, folder: Path) -> None:
    files = (path for path in staging.rglob("*") if path.is_file())
    new = sorted(path.relative_to(staging).as_posix() for path in files)
    old = _written_before(folder)
    for path in new:
        if path not in old and (folder / path).exists():
            raise UsageError(f"{folder / path} is in the way: no report wrote it. Move it away.")
    (folder / INDEX).unlink(missing_ok=True)
    _note(folder, {*old, *new})
    for path in new:
        if path != INDEX:
            (folder / path).parent.mkdir(exist_ok=True)
            (staging / path).replace(folder / path)
    for path in old.difference(new):
        (folder / path).unlink(missing_ok=True)
    for name in FOLDERS:
        with suppress(OSError):  # most are not empty
            (folder / name).rmdir()
    _note(folder, set(new))
    (staging / INDEX).replace(folder / INDEX)


def _written_before(folder: Path) -> set[str]:
    """Return the files of the report that is there, so that no other is ever removed."""
    manifest = folder / _MANIFEST
    if not manifest.is_file():
        return set()
    lines = manifest.read_text(encoding="utf-8", errors="replace").splitlines()
    return {line for line in lines if _OWN.fullmatch(line)}


def _note(folder: Path, paths: set[str]) -> None:
    manifest = folder / _MANIFEST
    manifest.parent.mkdir(exist_ok=True)
    manifest.write_text("".join(f"{path}\n" for path in sorted(paths)), "utf-8", newline="\n")
