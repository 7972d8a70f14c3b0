"""Films that a trained network paints: frame by frame, and smoothed along the motion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from torch import Tensor

from impasto.engine.pyramid import Level
from impasto.engine.run import Step
from impasto.fast.painter import Painting
from impasto.media.video import Film, HeldFilm
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains.film import FilmDomain
from impasto.stylization.feedforward import FastTransfer, bare_step
from impasto.stylization.inputs import Inputs
from impasto.stylization.streams.frames import FrameStream, Seen
from impasto.stylization.streams.stream import Part
from impasto.stylization.trace import Record

EVEN = 5.0  # temporal weight at which a frame is as much the one before as it is itself


class PaintedFilm(FrameStream):
    """A film that a trained network paints.

    Where the motion can be trusted, a frame is mixed with what became of the one before, moved
    along. With weights w for that and EVEN for the painting of the frame itself, the mixture has
    the least weighted squared distance to both.

    Args:
        film: The film.
        inputs: Its first frame, and where the styles come from.
        settings: How to stylize.
        painting: Paints frames.
        weights_hash: Hash of the network's file.
    """

    def __init__(
        self,
        film: Film | HeldFilm,
        inputs: Inputs,
        settings: StylizeSettings,
        painting: Painting,
        *,
        weights_hash: str,
    ) -> None:
        super().__init__(film, inputs, settings, weights_hash)
        self.painting = painting
        self._last: Tensor | None = None

    def part(
        self,
        piece: Seen,
        last: Tensor | None,
        records: Sequence[Record],  # noqa: ARG002 - a painting has no costs
    ) -> Part:
        """See Stream.part."""
        self._last = last
        inputs = replace(self.inputs, content=Signal(piece.picture))
        domain = FilmDomain(inputs, self.shown, styles=inputs.styles)
        transfer = FastTransfer(domain, self.painting, self.weights_hash)
        return Part(piece, transfer, [Level(self.space, 1)])

    def steps(self, part: Part, began: float) -> Iterator[Step]:
        """Paint a frame, and mix it with the one before."""
        assert isinstance(part.problem, FastTransfer)
        painted, motion = part.problem.paint(), part.piece.motion
        if motion is not None and self._last is not None:
            weight = self.settings.temporal_weight
            share = weight / (weight + EVEN) * motion.trust
            painted = painted + share * (motion.carry(self._last) - painted)
        yield bare_step(painted, began=began)
