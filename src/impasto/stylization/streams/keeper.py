"""Keeping what a stream has made, a piece at a time, so that a killed run can go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from impasto.engine.capsule import seal, unsealed
from impasto.stylization.keeper import Checkpoint, beside
from impasto.stylization.streams.spool import Spool


@dataclass(frozen=True, eq=False)
class Done:
    """What an interrupted run left.

    Attributes:
        shapes: Of the pieces that are done.
        last: What became of the last of them, shape (channel, *space).
        records: The trace so far.
        seconds: Time spent so far.
    """

    shapes: Sequence[Sequence[int]] = ()
    last: Tensor | None = None
    records: Sequence[Mapping[str, Any]] = ()
    seconds: float = 0.0


class StreamKeeper(Checkpoint):
    """Writes what is needed to go on behind the last piece that is done."""

    @property
    def spool(self) -> Path | None:
        """File of the pieces, beside the checkpoint; None where nothing is kept."""
        return beside(self.file.path) if self.file else None

    def load(self) -> Done:
        """Return what an interrupted run left; nothing is done if there was none.

        Raises:
            InputError: If the file is not a checkpoint, or its pieces are gone.
            UsageError: If it belongs to a run with other inputs or settings.
        """
        content = self.file.load() if self.file else None
        if self.file is None or content is None:
            return Done()
        name = str(self.file.path)
        with unsealed(content, fingerprint=self.fingerprint, name=name) as (header, tensors):
            return Done(header["shapes"], tensors["last"], header["records"], header["seconds"])

    def keep_pieces(
        self, spool: Spool, last: Tensor, records: Sequence[Mapping[str, Any]], *, seconds: float
    ) -> None:
        """Write down that the pieces of a spool are done, if it is time.

        Raises:
            OutputError: If that is impossible.
        """
        if self.file is None:
            return

        def state() -> bytes:
            spool.sync()
            header = {"shapes": spool.shapes, "records": list(records), "seconds": seconds}
            return seal(header, {"last": last}, fingerprint=self.fingerprint)

        self.file.keep(state)
