"""Keeping the state of a run in a file while it goes on."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from impasto.engine.checkpoint import State, pack, unpack
from impasto.engine.run import Step
from impasto.errors import InputError, OutputError, UsageError
from impasto.media.files import atomic_write, check_writable
from impasto.settings import StylizeSettings
from impasto.stylization.trace import Record

SHARE = 0.01  # of the time may go into writing


class Keeper:
    """Writes the state of a run to a file, seldom enough to cost next to nothing.

    Args:
        path: The file; None to keep nothing.
        settings: Those of the run.
        origin: What the run is made from.
        weights_hash: Hash of the network's weights.
        every: Seconds between writing; None for as often as a hundredth of the time allows.
    Raises:
        UsageError: If the file cannot be written, or the seconds are not a number from 0.
    """

    def __init__(
        self,
        path: str | Path | None,
        settings: StylizeSettings,
        origin: dict[str, Any],
        weights_hash: str,
        *,
        every: float | None = None,
    ) -> None:
        if every is not None and not 0 <= every < math.inf:
            raise UsageError(f"--checkpoint-every must be a number of seconds from 0, not {every}.")
        self.every = every
        self.path = None if path is None else Path(path)
        told = json.dumps([settings.to_json(), origin, weights_hash], sort_keys=True)
        self.fingerprint = hashlib.sha256(told.encode()).hexdigest()
        self.due = time.monotonic() + (1.0 if every is None else every)
        if self.path is not None:
            check_writable(self.path)

    def load(self) -> State | None:
        """Return the state that an interrupted run left, or None.

        Raises:
            InputError: If the file is not a checkpoint.
            UsageError: If it belongs to a run with other inputs or settings.
        """
        if self.path is None or not self.path.exists():
            return None
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise InputError(f"Cannot read {self.path}: {error.strerror}.") from error
        return unpack(content, fingerprint=self.fingerprint, name=str(self.path))

    def keep(self, step: Step, records: Sequence[Record]) -> None:
        """Write the state of a step if it is time.

        Raises:
            OutputError: If that is impossible.
        """
        if self.path is None or time.monotonic() < self.due:
            return
        began = time.monotonic()
        content = pack(step.state(records), fingerprint=self.fingerprint)
        try:
            with atomic_write(self.path) as temporary:
                temporary.write_bytes(content)
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(f"The checkpoint {self.path} cannot be written: {reason}.") from error
        ended = time.monotonic()
        self.due = ended + ((ended - began) / SHARE if self.every is None else self.every)
