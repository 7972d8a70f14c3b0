"""Keeping the state of a run in a file while it goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from impasto.engine.checkpoint import State, pack, unpack
from impasto.engine.run import Step
from impasto.media.kept import KeptFile
from impasto.settings import StylizeSettings
from impasto.stylization.trace import Record


class Checkpoint:
    """The file that keeps a run.

    Args:
        path: The file; None to keep nothing.
        settings: Those of the run.
        origin: What the run is made from.
        weights_hash: Hash of the network's weights.
        every: As for `KeptFile`.
    Raises:
        UsageError: As `KeptFile` does.
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
        self.file = None if path is None else KeptFile(Path(path), every=every)
        self.fingerprint = fingerprint(settings, origin, weights_hash)


class Keeper(Checkpoint):
    """Writes the state of a run to a file."""

    def load(self) -> State | None:
        """Return the state that an interrupted run left, or None.

        Raises:
            InputError: If the file is not a checkpoint.
            UsageError: If it belongs to a run with other inputs or settings.
        """
        content = self.file.load() if self.file else None
        if self.file is None or content is None:
            return None
        return unpack(content, fingerprint=self.fingerprint, name=str(self.file.path))

    def keep(self, step: Step, records: Sequence[Record]) -> None:
        """Write the state of a step if it is time.

        Raises:
            OutputError: If that is impossible.
        """
        if self.file is not None:
            self.file.keep(lambda: pack(step.state(records), fingerprint=self.fingerprint))


def fingerprint(settings: StylizeSettings, origin: dict[str, Any], weights_hash: str) -> str:
    """Return what tells a run from those with other inputs or settings."""
    told = json.dumps([settings.to_json(), origin, weights_hash], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()


def discard(path: Path) -> None:
    """Remove a checkpoint, and what belongs to it, when the result has been saved."""
    for kept in (path, beside(path)):
        kept.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """Return the file in which a checkpoint keeps the pieces that are done."""
    return path.with_name(f"{path.name}.pieces")
