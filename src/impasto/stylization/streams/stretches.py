"""Long sounds: overlapping stretches, each held to the end of the one before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.pyramid import plan_levels
from impasto.media.audio import Sound, write_stretches
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains.audio import AudioDomain
from impasto.stylization.domains.loudness import leveled, measured
from impasto.stylization.inputs import Inputs
from impasto.stylization.problem import StyleTransfer
from impasto.stylization.streams.held import HeldTransfer, end_of
from impasto.stylization.streams.stream import Part, Stream
from impasto.stylization.trace import Record

WHOLE_SECONDS = 30.0  # a sound up to this length goes through as a whole
STRETCH_SECONDS = 20.0
OVERLAP_SECONDS = 1.0
_GRID = 2048  # samples; stretches begin where the frames of a spectrogram do


@dataclass(frozen=True)
class Stretch:
    """A stretch of a sound.

    Attributes:
        number: From 0.
        start: Its first sample.
        stop: Where it ends.
    """

    number: int
    start: int
    stop: int


class SoundStream(Stream[Stretch]):
    """A sound in stretches that overlap.

    All have the same styles as their target. Where two overlap the second begins as the first has
    ended and is held to that, and they are faded into each other.

    Args:
        sound: The content.
        styles: The styles, as long as one likes.
        inputs: The first stretch of the content and of each style, and where all come from.
        settings: How to stylize.
        encoder: Network that hears.
    Raises:
        InputError: If a sound is silent or damaged.
    """

    noun, dtype = "stretch", np.float32

    def __init__(
        self,
        sound: Sound,
        styles: Sequence[Sound],
        inputs: Inputs,
        settings: StylizeSettings,
        encoder: Encoder,
    ) -> None:
        super().__init__(inputs, settings, encoder.weights_hash)
        self.encoder = encoder
        self.sound, self.styles = sound, styles
        self.stretches = cut(sound.length, sound.meta["rate_hz"])
        self.count = len(self.stretches)
        self.levels = [measured(decoded(one)) for one in (sound, *styles)]
        self._tails: dict[int, Tensor] = {}  # of the last stretch that is done
        self.remarks = self._domain(self.stretches[0]).remarks

    @property
    def overlap(self) -> int:
        """Samples that two stretches have in common."""
        if self.count == 1:
            return 0
        return self.stretches[0].stop - self.stretches[1].start

    def pieces(self) -> Iterator[Stretch]:
        """See Stream.pieces."""
        return iter(self.stretches)

    def part(self, piece: Stretch, last: Tensor | None, records: Sequence[Record]) -> Part:
        """See Stream.part."""
        problem = HeldTransfer(self.encoder, self._domain(piece), grams=self.grams)
        if not self.grams:
            self._hear_styles(problem)
        if last is not None:
            begin, trust = self._joined(problem, piece, last)
            weight = self.settings.temporal_weight * end_of(0, records)
            problem.hold(begin, trust, weight=weight)
        levels = plan_levels(
            problem.space, quality=self.settings.quality, steps=self.settings.steps, levels=1
        )
        return Part(piece, problem, levels)

    def kept(self, part: Part, samples: Tensor, last: Tensor | None, *, ends: bool) -> Tensor:
        """See Stream.kept: the stretch without its end, which is faded into the next."""
        piece: Stretch = part.piece
        domain = part.problem.domain
        assert isinstance(domain, AudioDomain)
        made = domain.made(samples)
        if last is not None:
            before = self._tail(piece.number - 1, last)
            faded = torch.linspace(0, 1, before.shape[1])
            made[:, : self.overlap] = before + faded * (made[:, : self.overlap] - before)
        return made if ends or not self.overlap else made[:, : -self.overlap].contiguous()

    def signal(self, kept: Iterable[Tensor]) -> Signal:
        """See Stream.signal."""
        return Signal(torch.cat(list(self._leveled(kept)()), 1), "audio", self.sound.meta)

    def write(self, kept: Iterable[Tensor], path: Path, note: str) -> None:
        """See Stream.write."""
        write_stretches(self._leveled(kept)(), path, meta=self.sound.meta, note=note)

    def _leveled(self, kept: Iterable[Tensor]) -> Callable[[], Iterator[Tensor]]:
        own = measured(kept)
        return lambda: (leveled(one, own, self.levels[0]) for one in kept)

    def _domain(self, piece: Stretch) -> AudioDomain:
        content = self.sound.read(piece.start, piece.stop)
        return AudioDomain(replace(self.inputs, content=content), self.settings, levels=self.levels)

    def _tail(self, number: int, last: Tensor) -> Tensor:
        """Return the end of a stretch that is done, which the next one overlaps."""
        if number not in self._tails:
            domain = self._domain(self.stretches[number])
            domain.shown_to(self.encoder)
            self._tails = {number: domain.made(last)[:, -self.overlap :]}
        return self._tails[number]

    def _joined(
        self, problem: StyleTransfer, piece: Stretch, last: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return where a stretch begins, and how far it is held to that."""
        begin = problem.start(problem.space)[0].cpu()
        positions = begin.shape[1]
        common = round(self.overlap * positions / (piece.stop - piece.start))
        begin[:, :common] = last[:, -common:]
        trust = torch.zeros(positions)
        trust[:common] = torch.linspace(1, 0, common)
        return begin, trust

    def _hear_styles(self, problem: StyleTransfer) -> None:
        """Compute the Gram matrices of whole styles, a stretch at a time."""
        for number, style in enumerate(self.styles):
            sums: dict[str, Tensor] = {}
            total = 0
            for stretch in cut(style.length, style.meta["rate_hz"], overlap_seconds=0.0):
                heard = self._with_style(number, style.read(stretch.start, stretch.stop))
                space = heard.inputs.styles[number].signal.space
                grams, length = heard.grams_of(number, space), space[0]
                sums = {layer: sums.get(layer, 0) + length * own for layer, own in grams.items()}
                total += length
            key = number, problem.inputs.styles[number].signal.space
            self.grams[key] = {layer: own / total for layer, own in sums.items()}

    def _with_style(self, number: int, signal: Signal) -> StyleTransfer:
        styles = list(self.inputs.styles)
        styles[number] = replace(styles[number], signal=signal)
        first = self.sound.read(self.stretches[0].start, self.stretches[0].stop)
        inputs = replace(self.inputs, content=first, styles=styles)
        return StyleTransfer(self.encoder, AudioDomain(inputs, self.settings, levels=self.levels))


def beginning(sound: Sound) -> Signal:
    """Return the first stretch of a sound."""
    first = cut(sound.length, sound.meta["rate_hz"])[0]
    return sound.read(first.start, first.stop)


def is_long(sound: Sound) -> bool:
    """Tell whether a sound is stylized in stretches."""
    return sound.length > WHOLE_SECONDS * float(sound.meta["rate_hz"])


def cut(length: int, rate_hz: float, *, overlap_seconds: float = OVERLAP_SECONDS) -> list[Stretch]:
    """Cut a sound into stretches of nearly one length.

    Args:
        length: Samples of the sound.
        rate_hz: Samples a second.
        overlap_seconds: Length of what neighbors have in common.
    """
    overlap = _on_grid(overlap_seconds * rate_hz)
    most = max(_on_grid(STRETCH_SECONDS * rate_hz), 2 * overlap + _GRID)
    if length <= WHOLE_SECONDS * rate_hz:
        return [Stretch(0, 0, length)]
    count = math.ceil((length - overlap) / (most - overlap))
    step = _on_grid((length - overlap) / count) or _GRID
    starts = range(0, max(1, length - overlap - step // 2), step)
    stops = [start + step + overlap for start in starts[:-1]] + [length]
    return [Stretch(n, *ends) for n, ends in enumerate(zip(starts, stops, strict=True))]


def decoded(sound: Sound) -> Iterator[Tensor]:
    """Decode a sound a second at a time."""
    step = max(1, round(sound.meta["rate_hz"]))
    for start in range(0, sound.length, step):
        yield sound.read(start, start + step).samples


def _on_grid(samples: float) -> int:
    return round(samples / _GRID) * _GRID
