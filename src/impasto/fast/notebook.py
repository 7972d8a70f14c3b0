"""What a training remembers: the running mean of weights, a state to step back to, a checkpoint."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.engine.capsule import seal, unsealed
from impasto.fast.pupil import Pupil
from impasto.media.kept import KeptFile

DECAY = 0.998  # of the running mean, once there is much to remember
_BEFORE = "before."  # which the names of a state to step back to begin with
_LENGTHS = 0.98  # of the running mean of lengths of gradients


@dataclass(frozen=True, eq=False)
class Done:
    """What an interrupted training left.

    Attributes:
        number: Of the last batch.
        seconds: Time spent so far.
        slower: Factor of the rate of learning.
        failures: How many batches in a row have gone wrong.
        records: The trace so far.
        record: Of the last batch whose costs were finite; empty if there is none.
    """

    number: int = 0
    seconds: float = 0.0
    slower: float = 1.0
    failures: int = 0
    records: Sequence[Mapping[str, Any]] = ()
    record: Mapping[str, Any] = field(default_factory=dict)


class Notebook:
    """Follows a pupil and its optimizer.

    Attributes:
        usual_length: Running mean of the lengths of gradients; 0 at first.
        remembered: Number of the batch after which a state to step back to was noted.

    Args:
        pupil: Who learns.
        optimizer: Adam over its parameters.
    """

    def __init__(self, pupil: Pupil, optimizer: torch.optim.Adam) -> None:
        self.pupil, self.optimizer = pupil, optimizer
        self.means = copy.deepcopy(pupil).requires_grad_(False).eval()
        self.count = 0
        self.usual_length = 0.0
        self.remembered = 0
        self._before: dict[str, Tensor] = {}

    def mean(self) -> None:
        """Move the running mean of the weights a little toward what they are."""
        self.count += 1
        keep = min(DECAY, (1 + self.count) / (10 + self.count))
        with torch.no_grad():
            for mean, own in zip(self.means.parameters(), self.pupil.parameters(), strict=True):
                mean.lerp_(own, 1 - keep)

    def meant(self) -> Pupil:
        """Return a copy with the running mean of the weights, on the processor."""
        return copy.deepcopy(self.means).cpu()

    def note_length(self, length: float) -> None:
        """Remember how long a gradient was."""
        usual = self.usual_length or length
        self.usual_length = _LENGTHS * usual + (1 - _LENGTHS) * min(length, 10 * usual)

    def remember(self, number: int) -> None:
        """Note a state to step back to.

        Args:
            number: Of the batch that it follows.
        """
        self.remembered = number
        self._before = {name: own.detach().clone() for name, own in self.state().items()}

    def step_back(self) -> None:
        """Return to the state that was noted last."""
        self.load(self._before)

    def state(self) -> dict[str, Tensor]:
        """Return weights, their means, and what the optimizer knows of them."""
        tensors: dict[str, Tensor] = {}
        pairs = zip(self.pupil.named_parameters(), self.means.parameters(), strict=True)
        for (name, own), mean in pairs:
            tensors[f"weight.{name}"], tensors[f"mean.{name}"] = own, mean
            for key, value in self.optimizer.state.get(own, {}).items():
                tensors[f"adam.{key}.{name}"] = torch.as_tensor(value)
        tensors["count"] = torch.tensor(self.count)
        tensors["length"] = torch.tensor(self.usual_length, dtype=torch.float64)
        return tensors

    def all_states(self) -> dict[str, Tensor]:
        """Return the state, and besides it the one to step back to."""
        before = {f"{_BEFORE}{name}": own for name, own in self._before.items()}
        return {**self.state(), **before, "remembered": torch.tensor(self.remembered)}

    def load_all(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over what `all_states` has returned.

        Raises:
            KeyError: If it is none of this pupil.
            RuntimeError: Likewise.
        """
        self.load(tensors)
        self.remembered = int(tensors["remembered"])
        self._before = {
            name.removeprefix(_BEFORE): own.clone()
            for name, own in tensors.items()
            if name.startswith(_BEFORE)
        }

    @torch.no_grad()
    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over a state.

        Raises:
            KeyError: If it is none of this pupil.
            RuntimeError: Likewise.
        """
        pairs = zip(self.pupil.named_parameters(), self.means.parameters(), strict=True)
        for (name, own), mean in pairs:
            own.copy_(tensors[f"weight.{name}"])
            mean.copy_(tensors[f"mean.{name}"])
            keys = ("step", "exp_avg", "exp_avg_sq")
            if f"adam.step.{name}" in tensors:
                known = {key: tensors[f"adam.{key}.{name}"].clone() for key in keys}
                moved = {k: v if k == "step" else v.to(own.device) for k, v in known.items()}
                self.optimizer.state[own] = moved
            else:
                self.optimizer.state.pop(own, None)
        self.count, self.usual_length = int(tensors["count"]), float(tensors["length"])

    def keeper(
        self, path: Path | None, identity: Mapping[str, Any], *, every: float | None
    ) -> NotebookKeeper:
        """Return what keeps this notebook in a file."""
        return NotebookKeeper(self, path, identity, every=every)


class NotebookKeeper:
    """Writes a notebook to a file now and then.

    Args:
        notebook: What is written.
        path: The file; None to keep nothing.
        identity: What tells this training from others, as JSON can hold it.
        every: As for `KeptFile`.
    Raises:
        UsageError: As `KeptFile` does.
    """

    def __init__(
        self,
        notebook: Notebook,
        path: Path | None,
        identity: Mapping[str, Any],
        *,
        every: float | None,
    ) -> None:
        self.notebook = notebook
        self.file = None if path is None else KeptFile(path, every=every)
        told = json.dumps(identity, sort_keys=True)
        self.fingerprint = hashlib.sha256(told.encode()).hexdigest()

    def load(self) -> Done:
        """Take over what an interrupted training left.

        Raises:
            InputError: If the file is no checkpoint.
            UsageError: If it belongs to another training.
        """
        content = self.file.load() if self.file else None
        if self.file is None or content is None:
            return Done()
        name = str(self.file.path)
        with unsealed(content, fingerprint=self.fingerprint, name=name) as (header, tensors):
            self.notebook.load_all(tensors)
            return Done(**header["done"])

    def keep(self, done: Done) -> None:
        """Write the state behind a batch, if it is time.

        Raises:
            OutputError: If that is impossible.
        """
        if self.file is None:
            return

        def state() -> bytes:
            tensors = {k: own.detach().cpu() for k, own in self.notebook.all_states().items()}
            return seal({"done": vars(done)}, tensors, fingerprint=self.fingerprint)

        self.file.keep(state)
