"""Films: each frame begins as the one before, moved along, and is held to that."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.pyramid import QUALITIES, Level, plan_levels
from impasto.media.video import Film, Frame, HeldFilm, write_frames
from impasto.settings import StylizeSettings
from impasto.signal import Signal, Space, fit, resample
from impasto.stylization.domains.film import FilmDomain
from impasto.stylization.inputs import Inputs, Style
from impasto.stylization.streams.flow import Motion, motion
from impasto.stylization.streams.held import HeldTransfer, end_of
from impasto.stylization.streams.stream import Part, Stream
from impasto.stylization.trace import Record

FURTHER = 0.25  # of the steps of a picture are enough where the frame before shows the way
LEAST_STEPS = 5


@dataclass(frozen=True, eq=False)
class Seen:
    """A frame and how it follows the one before.

    Attributes:
        picture: Shape (3, h, w), in the size of the result.
        shot: Number of the frame with which its shot began.
        motion: From the frame before; None where a shot begins.
    """

    picture: Tensor
    shot: int
    motion: Motion | None


class FilmStream(Stream[Seen]):
    """A film, frame by frame.

    A frame begins as the result of the frame before, moved along the optical flow, and deviating
    from that costs something wherever the flow can be trusted. After a cut a frame begins as a
    picture of its own does.

    Args:
        film: The film.
        inputs: Its first frame, the styles, and where the first frame begins.
        settings: How to stylize.
        encoder: Network that sees frames.
    Source:
        Ruder, Dosovitskiy, Brox, arXiv:1604.08610, sections 3 and 4.1 to 4.3.
    """

    noun, dtype = "frame", np.uint8

    def __init__(
        self, film: Film | HeldFilm, inputs: Inputs, settings: StylizeSettings, encoder: Encoder
    ) -> None:
        super().__init__(inputs, settings, encoder)
        self.film, self.count = film, film.count
        self.space = film_space(film.space, settings)
        self._shown = settings.changed({"size": "original"})  # frames are resized when read
        if film.promised > film.count:
            self.remarks.append(
                f"{inputs.labels[0]} breaks off: of {film.promised} frames it holds {film.count}."
            )
        self.times: list[Fraction] = []
        self.styles: Sequence[Style] | None = None  # in the colors of the shot

    def pieces(self) -> Iterator[Seen]:
        """See Stream.pieces."""
        self.times = []
        shot, before = 0, None
        for number, frame in enumerate(self.film.frames()):
            self.times.append(frame.seconds)
            picture = resample(frame.picture[None], self.space)[0].clamp(0, 1)
            moved = None if before is None else motion(before, picture)
            if moved is not None and moved.is_cut:
                shot, moved = number, None
            yield Seen(picture, shot, moved)
            before = picture

    def part(self, piece: Seen, last: Tensor | None, records: Sequence[Record]) -> Part:
        """See Stream.part."""
        content = Signal(piece.picture)
        if piece.motion is None or last is None:
            domain = FilmDomain(replace(self.inputs, content=content), self._shown)
            self.styles = domain.inputs.styles
            if self.settings.colors in ("match", "luminance"):
                self.grams = {}
            problem = HeldTransfer(self.encoder, domain, grams=self.grams)
            levels = plan_levels(
                self.space,
                quality=self.settings.quality,
                steps=self.settings.steps,
                levels=self.settings.levels,
                minimum=problem.minimum,
            )
            return Part(piece, problem, levels)
        domain = FilmDomain(replace(self.inputs, content=content), self._shown, styles=self.styles)
        problem = HeldTransfer(self.encoder, domain, grams=self.grams)
        weight = self.settings.temporal_weight * end_of(piece.shot, records)
        problem.hold(piece.motion.carry(last), piece.motion.trust, weight=weight)
        return Part(piece, problem, [Level(self.space, self._steps())])

    def _steps(self) -> int:
        if self.settings.steps is not None:
            return self.settings.steps
        whole = QUALITIES[self.settings.quality].steps_at(self.space)
        return max(LEAST_STEPS, round(FURTHER * whole))

    def kept(
        self,
        part: Part,
        samples: Tensor,
        last: Tensor | None,  # noqa: ARG002 - frames do not overlap
        *,
        ends: bool,  # noqa: ARG002
    ) -> Tensor:
        """See Stream.kept: the frame in levels of 8 bits."""
        picture = part.problem.present(samples.cpu()).samples
        return (picture.clamp(0, 1) * 255).round().byte()

    def signal(self, kept: Iterable[Tensor]) -> Signal:
        """See Stream.signal."""
        pictures = [levels.float() / 255 for levels in kept]
        times = tuple(self.times[: len(pictures)])
        meta = {"rate_hz": self.film.rate_hz, "times": times, "sound": self.film.path}
        return Signal(torch.stack(pictures, 1), "video", meta)

    def write(self, kept: Iterable[Tensor], path: Path, note: str) -> None:
        """See Stream.write."""
        pairs = zip(kept, self.times, strict=False)
        frames = (Frame(levels.float() / 255, seconds) for levels, seconds in pairs)
        write_frames(frames, path, rate_hz=self.film.rate_hz, sound=self.film.path, note=note)


def film_space(native: Space, settings: StylizeSettings) -> Space:
    """Return the size of the result: even, since films have colors for pairs of pixels only."""
    if settings.size == "original":
        return native
    size = settings.size or min(FilmDomain.size, max(native))
    return tuple(max(2, 2 * round(length / 2)) for length in fit(native, size))
