"""The search: one pass over the data that finds the highest activations of all units at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from impasto.encoders.encoder import Encoder
from impasto.errors import ImpastoError, InputError, ShapeError, UsageError
from impasto.media.dataset import Dataset, Entry
from impasto.media.kept import KeptFile
from impasto.signal import Signal
from impasto.units.findings import Findings, pack, unpack


@dataclass(frozen=True)
class Search:
    """What is searched for. The same search finds the same, to the last bit.

    Attributes:
        encoder: The network.
        layers: Names of layers, from shallow to deep.
        k: How many activations are kept for each unit.
        per_picture: How many of one picture may be among them.
    """

    encoder: Encoder
    layers: Sequence[str]
    k: int = 9
    per_picture: int = 1

    def __post_init__(self) -> None:
        for name in ("k", "per_picture"):
            if getattr(self, name) < 1:
                raise UsageError(
                    f"{name} must be a whole number from 1, not {getattr(self, name)}."
                )

    def empty(self) -> Findings:
        """Return the state before anything was looked at."""
        return Findings.empty(self.encoder, self.layers, self.k)

    def add(
        self, findings: Findings, dataset: Dataset, wanted: Collection[int] | None = None
    ) -> Iterator[Entry]:
        """Look at one signal after another.

        Args:
            findings: What was found before; it is added to. Signals that were looked at are not
                looked at again.
            dataset: The signals.
            wanted: Numbers of the signals that are looked at; None for all.
        Yields:
            Every signal once it was looked at.
        """
        for entry, signal in dataset.signals(_Todo(findings, wanted)):
            self._look(findings, entry, signal)
            yield entry

    def _look(self, findings: Findings, entry: Entry, signal: Signal | ImpastoError) -> None:
        try:
            self._add(findings, entry, self._checked(signal))
        except (InputError, ShapeError) as error:
            findings.pass_over(entry.number, entry.name, str(error))

    def _checked(self, signal: Signal | ImpastoError) -> Signal:
        if isinstance(signal, ImpastoError):
            raise InputError(str(signal))
        least = self.encoder.minimum_length(self.layers)
        if min(signal.space) < least:
            raise InputError(
                f"Its shortest side has {min(signal.space)} samples, and {self.encoder.name} needs "
                f"at least {least} for these layers."
            )
        return signal

    def _add(self, findings: Findings, entry: Entry, signal: Signal) -> None:
        x = signal.samples[None].to(self.encoder.device)
        found = {}
        for part in self.encoder.parts(self.layers):
            with torch.no_grad():
                features = part(x)
            for layer, x in features.items():  # the next part reads the last
                found[layer] = findings.tops[layer].with_picture(
                    entry.number, x[0], per_picture=self.per_picture
                )
        findings.tops.update(found)
        findings.finish(entry.number, entry.name, tuple(signal.samples.shape))


class _Todo:
    """The numbers of signals that are still to be looked at."""

    def __init__(self, findings: Findings, wanted: Collection[int] | None) -> None:
        self.done, self.wanted = list(findings.done), wanted

    def __contains__(self, number: object) -> bool:
        assert isinstance(number, int)
        if any(start <= number < end for start, end in self.done):
            return False
        return self.wanted is None or number in self.wanted


class Kept:
    """The findings of a search in a file, from which it goes on.

    Args:
        what: What is searched for.
        dataset: Where.
        path: The file; None to keep nothing.
    """

    def __init__(self, what: Search, dataset: Dataset, path: Path | None) -> None:
        self.what = what
        self.file = None if path is None else KeptFile(path)
        encoder = what.encoder
        precision = str(encoder.precision)
        network = [encoder.name, encoder.weights_hash, precision]
        limits = [what.k, what.per_picture, dataset.longest, dataset.max_pixels]
        seen_as = [dataset.medium, repr(dataset.prepare)]
        told = json.dumps([*network, *what.layers, *limits, *seen_as, dataset.label])
        self.fingerprint = hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()

    def load(self) -> Findings:
        """Return what an interrupted search has found, or the state before anything was.

        Raises:
            InputError: If the file is not a checkpoint.
            UsageError: If it belongs to another search.
        """
        content = self.file.load() if self.file else None
        if self.file is None or content is None:
            return self.what.empty()
        return unpack(content, fingerprint=self.fingerprint, name=str(self.file.path))

    def keep(self, findings: Findings) -> None:
        """Write what has been found if it is time."""
        if self.file is not None:
            self.file.keep(lambda: pack(findings, fingerprint=self.fingerprint))


def search(what: Search, dataset: Dataset, *, checkpoint: Path | None = None) -> Iterator[Findings]:
    """Search a dataset on this machine.

    Args:
        what: What is searched for.
        dataset: The signals.
        checkpoint: File in which the search keeps its state, and from which it goes on.
    Yields:
        What has been found so far, at the beginning and after every signal; the same object.
    Raises:
        InputError: If the checkpoint is none.
        UsageError: If it belongs to another search.
    """
    kept = Kept(what, dataset, checkpoint)
    findings = kept.load()
    yield findings
    for _ in what.add(findings, dataset):
        kept.keep(findings)
        yield findings
