"""The result of a stylization: the picture, what it cost, and how it was made."""

from __future__ import annotations

import json
import platform
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import torch
from torch import Tensor

from impasto import media
from impasto.engine.run import Step
from impasto.media.files import save_or_rescue
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains import Domain
from impasto.stylization.inputs import Inputs
from impasto.stylization.trace import Record, place_of, terms_of

if TYPE_CHECKING:
    from PIL.Image import Image


class Problem(Protocol):
    """What a step needs to know of what is being done.

    Attributes:
        domain: What the medium has of its own.
        settings: How it is done.
        inputs: From what, as the network sees it.
        original: The content as it was read.
        weights_hash: SHA-256 of the weights.
    """

    domain: Domain
    settings: StylizeSettings
    inputs: Inputs
    original: Signal

    @property
    def weights_hash(self) -> str: ...  # noqa: D102

    def present(self, samples: Tensor) -> Signal: ...  # noqa: D102


@dataclass(frozen=True, eq=False)
class Stylization(ABC):
    """A picture, a sound, a film ... made by `stylize`.

    Attributes:
        trace: A record a step: elapsed seconds, level, size, J ("total") and every term.
        settings: How it was made.
        origin: What it was made from: paths, hashes and weights.
        weights_hash: SHA-256 of the network's weights.
    """

    trace: Sequence[Record] = field(repr=False)
    settings: StylizeSettings
    origin: dict[str, Any] = field(repr=False)
    weights_hash: str

    @property
    @abstractmethod
    def signal(self) -> Signal:
        """The result: of a picture samples of shape (3, h, w) in sRGB from 0 to 1, not clipped."""

    @cached_property
    def image(self) -> Image:
        """The picture as a PIL image."""
        return media.to_pil(self.signal)

    @property
    def costs(self) -> Record:
        """The last record of the trace: J ("total") and its terms at the end."""
        return self.trace[-1]

    @property
    def terms(self) -> dict[str, float]:
        """The weighted cost of each term at the end."""
        return terms_of(self.costs)

    @property
    def seconds(self) -> float:
        """Time that it took, in seconds."""
        return float(self.trace[-1]["elapsed_seconds"])

    def note(self) -> dict[str, Any]:
        """Return what a file's metadata tells: inputs, settings, versions, hash of the weights."""
        return {
            "program": "impasto",
            "inputs": self.origin,
            "settings": self.settings.to_json(),
            "weights_sha256": self.weights_hash,
            "end": place_of(self.costs),
            "threads": torch.get_num_threads(),
            "versions": {
                "impasto": version("impasto"),
                "torch": torch.__version__,
                "python": platform.python_version(),
            },
        }

    def save(self, path: str | Path, *, bits: int = 8) -> None:
        """Write the result, whole or not at all, with settings and versions inside.

        Args:
            path: Where to; the suffix decides between the kinds of files of its medium.
            bits: Of a picture: 8, or 16 for PNG and TIFF.
        Raises:
            UsageError: If the suffix is unknown or cannot hold so many bits.
            OutputError: If it cannot be written there; it says where the result was kept.
        """
        save_or_rescue(Path(path), lambda to: self.write(to, bits=bits))

    def encoded(self, suffix: str, *, bits: int = 8) -> bytes:
        """Return what `save` would write of a picture to a file of that suffix, such as ".png"."""
        return media.image.encode_image(self.signal, suffix, bits=bits, note=self._note(bits))

    @abstractmethod
    def write(self, path: Path, *, bits: int = 8) -> None:
        """Do as `save`, but keep nothing in another place where that is impossible.

        Raises:
            OSError: If it cannot be written there.
        """

    def _repr_png_(self) -> bytes | None:
        return media.preview(self.signal)

    def _note(self, bits: int) -> str:
        return json.dumps({**self.note(), "bits": bits}, sort_keys=True)


@dataclass(frozen=True, eq=False)
class WholeStylization(Stylization):
    """A result that is in memory.

    Attributes:
        made: The result.
    """

    made: Signal = field(repr=False)

    @property
    def signal(self) -> Signal:
        """The result."""
        return self.made

    def write(self, path: Path, *, bits: int = 8) -> None:
        """See Stylization.write."""
        media.write(self.signal, path, bits=bits, note=self._note(bits))


@dataclass(frozen=True, eq=False)
class StylizeStep(Step):
    """A step of a stylization, which can show the picture so far.

    Attributes:
        problem: What is being solved.
        records: The trace up to this step.
    """

    problem: Problem
    records: Sequence[Record]

    @classmethod
    def of(cls, step: Step, problem: Problem, records: Sequence[Record], **more: Any) -> Self:
        """Add to a step of the engine what it takes to show it."""
        same = {field.name: getattr(step, field.name) for field in fields(step)}
        return cls(**same, problem=problem, records=records, **more)

    @property
    def brief_place(self) -> str:
        """Where the step stands, in few words."""
        return f"level {self.level + 1}, step {self.index}"

    @property
    def place(self) -> str:
        """Where the step stands, in words."""
        size = "×".join(str(length) for length in reversed(self.space))
        return (
            f"level {self.level + 1}/{len(self.levels)} ({size})  "
            f"step {self.index}/{self.levels[self.level].steps}"
        )

    @property
    def remarks(self) -> Sequence[str]:
        """What was done to the inputs that people should know."""
        return self.problem.domain.remarks

    @property
    def brought(self) -> list[Signal]:
        """Content and styles, for showing them beside the result."""
        return [self.problem.original, *(own.signal for own in self.problem.inputs.styles)]

    @cached_property
    def signal(self) -> Signal:
        """The picture so far."""
        return self.problem.present(self.samples)

    def finish(self) -> Stylization:
        """Return what has been made so far as a result."""
        return WholeStylization(
            trace=self.records,
            settings=self.problem.settings,
            origin=self.problem.inputs.origin,
            weights_hash=self.problem.weights_hash,
            made=self.signal,
        )

    def _repr_png_(self) -> bytes | None:
        return media.preview(self.signal)
