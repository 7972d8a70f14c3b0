"""A file that keeps the state of long work, written seldom enough to cost next to nothing."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from impasto.errors import InputError, OutputError, UsageError
from impasto.media.files import atomic_write, check_writable

SHARE = 0.01  # of the time may go into writing


class KeptFile:
    """The newest state of some work in a file, whole at any moment.

    Args:
        path: The file.
        every: Seconds between writing; None for as often as a hundredth of the time allows.
    Raises:
        UsageError: If the file cannot be written, or the seconds are not a number from 0.
    """

    def __init__(self, path: Path, *, every: float | None = None) -> None:
        if every is not None and not 0 <= every < math.inf:
            raise UsageError(f"--checkpoint-every must be a number of seconds from 0, not {every}.")
        self.path, self.every = path, every
        self.due = time.monotonic() + (1.0 if every is None else every)
        check_writable(path)

    def load(self) -> bytes | None:
        """Return what was kept, or None.

        Raises:
            InputError: If the file cannot be read.
        """
        try:
            return self.path.read_bytes() if self.path.exists() else None
        except OSError as error:
            raise InputError(f"Cannot read {self.path}: {error.strerror}.") from error

    def keep(self, state: Callable[[], bytes]) -> None:
        """Write the state if it is time.

        Raises:
            OutputError: If that is impossible.
        """
        if time.monotonic() < self.due:
            return
        began = time.monotonic()
        content = state()
        try:
            with atomic_write(self.path) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(f"The checkpoint {self.path} cannot be written: {reason}.") from error
        ended = time.monotonic()
        self.due = ended + ((ended - began) / SHARE if self.every is None else self.every)
