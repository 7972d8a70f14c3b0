"""The frames of a film, and the film that becomes of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from impasto.media.video import Film, Frame, HeldFilm, write_frames
from impasto.settings import StylizeSettings
from impasto.signal import Signal, Space, fit, resample
from impasto.stylization.domains.film import FilmDomain
from impasto.stylization.inputs import Inputs
from impasto.stylization.streams.flow import Motion, motion
from impasto.stylization.streams.stream import Part, Stream


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


class FrameStream(Stream[Seen]):
    """A film, frame by frame, with the motion between them.

    Args:
        film: The film.
        inputs: Its first frame, the styles, and where the first frame begins.
        settings: How to stylize.
        weights_hash: Hash of the network's weights.
    """

    noun, dtype = "frame", np.uint8

    def __init__(
        self, film: Film | HeldFilm, inputs: Inputs, settings: StylizeSettings, weights_hash: str
    ) -> None:
        super().__init__(inputs, settings, weights_hash)
        self.film, self.count = film, film.count
        self.space = film_space(film.space, settings)
        self.shown = settings.changed({"size": "original"})  # frames are resized when read
        if film.promised > film.count:
            self.remarks.append(
                f"{inputs.labels[0]} breaks off: of {film.promised} frames it holds {film.count}."
            )
        self.times: list[Fraction] = []

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
