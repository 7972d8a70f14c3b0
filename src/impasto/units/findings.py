"""What a search over a dataset has found so far: it can be kept, taken up again and merged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields

from impasto.encoders.encoder import Encoder
from impasto.encoders.window import Range
from impasto.engine.capsule import seal, unsealed
from impasto.units.top import Top


@dataclass
class Findings:
    """The highest activations of all units over the signals that were looked at.

    It takes no more room when there are more signals, apart from the names of those that were
    passed over.

    Attributes:
        tops: For each layer the lists of its units.
        seen: Name and shape (channel, *space) of each signal that is on a list, by number.
        passed_over: Name of each signal that could not be used, and why, by number.
        done: Ranges of numbers that were looked at, in order and apart.
    """

    tops: dict[str, Top]
    seen: dict[int, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    passed_over: dict[int, tuple[str, str]] = field(default_factory=dict)
    done: list[Range] = field(default_factory=list)

    @classmethod
    def empty(cls, encoder: Encoder, layers: Iterable[str], k: int) -> Findings:
        """Return the state before anything was looked at."""
        return cls(
            {name: Top.empty(encoder.table[name].channels, k, encoder.axes) for name in layers}
        )

    @property
    def looked_at(self) -> int:
        """How many signals were looked at, and passed over."""
        return sum(end - start for start, end in self.done)

    @property
    def count(self) -> int:
        """How many signals were used."""
        return self.looked_at - len(self.passed_over)

    def finish(self, number: int, name: str, shape: tuple[int, ...]) -> None:
        """Note that a signal was looked at."""
        self.seen[number] = (name, shape)
        self.done = united([*self.done, (number, number + 1)])
        if len(self.seen) > 1000 + 2 * self._kept:
            self.forget()

    def pass_over(self, number: int, name: str, reason: str) -> None:
        """Note that a signal could not be used."""
        self.passed_over[number] = (name, reason)
        self.done = united([*self.done, (number, number + 1)])

    def merged(self, other: Findings) -> Findings:
        """Return what both have found in different signals; the order makes no difference."""
        tops = {name: top.merged(other.tops[name]) for name, top in self.tops.items()}
        both = Findings(
            tops,
            self.seen | other.seen,
            self.passed_over | other.passed_over,
            united([*self.done, *other.done]),
        )
        both.forget()
        return both

    def forget(self) -> None:
        """Drop what is known of signals that are on no list any more."""
        listed = {number for top in self.tops.values() for number in top.pictures.unique().tolist()}
        self.seen = {number: told for number, told in self.seen.items() if number in listed}
        self._kept = len(self.seen)

    _kept: int = field(default=0, repr=False, compare=False)


def united(ranges: Sequence[Range]) -> list[Range]:
    """Join ranges that touch or overlap, in order."""
    joined: list[Range] = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def pack(findings: Findings, *, fingerprint: str) -> bytes:
    """Turn findings into bytes.

    Args:
        findings: What was found so far.
        fingerprint: Tells searches with another network, dataset or settings apart.
    """
    header = {
        "layers": list(findings.tops),
        "seen": [[number, *told] for number, told in findings.seen.items()],
        "passed_over": [[number, *told] for number, told in findings.passed_over.items()],
        "done": findings.done,
    }
    tensors = {
        f"{number}.{column}": tensor
        for number, top in enumerate(findings.tops.values())
        for column, tensor in vars(top).items()
    }
    return seal(header, tensors, fingerprint=fingerprint)


def unpack(content: bytes, *, fingerprint: str, name: str) -> Findings:
    """Turn bytes back into findings.

    Args:
        content: What `pack` returned.
        fingerprint: That of the search that wants to go on.
        name: What to call the file in an error.
    Raises:
        InputError: If the bytes are no findings.
        UsageError: If they belong to another search.
    """
    with unsealed(content, fingerprint=fingerprint, name=name) as (header, tensors):
        columns = [column.name for column in fields(Top)]
        return Findings(
            {
                layer: Top(*(tensors[f"{number}.{column}"] for column in columns))
                for number, layer in enumerate(header["layers"])
            },
            {number: (own, tuple(shape)) for number, own, shape in header["seen"]},
            {number: (own, reason) for number, own, reason in header["passed_over"]},
            [(start, end) for start, end in header["done"]],
        )
