"""Films: each frame begins as the one before, moved along, and is held to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.pyramid import QUALITIES, Level, plan_levels
from impasto.media.video import Film, HeldFilm
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains.film import FilmDomain
from impasto.stylization.inputs import Inputs, Style
from impasto.stylization.streams.frames import FrameStream, Seen
from impasto.stylization.streams.held import HeldTransfer, end_of
from impasto.stylization.streams.stream import Part
from impasto.stylization.trace import Record

FURTHER = 0.25  # of the steps of a picture are enough where the frame before shows the way
LEAST_STEPS = 5


class FilmStream(FrameStream):
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

    def __init__(
        self, film: Film | HeldFilm, inputs: Inputs, settings: StylizeSettings, encoder: Encoder
    ) -> None:
        super().__init__(film, inputs, settings, encoder.weights_hash)
        self.encoder = encoder
        self.styles: Sequence[Style] | None = None  # in the colors of the shot

    def part(self, piece: Seen, last: Tensor | None, records: Sequence[Record]) -> Part:
        """See Stream.part."""
        content = Signal(piece.picture)
        if piece.motion is None or last is None:
            domain = FilmDomain(replace(self.inputs, content=content), self.shown)
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
        domain = FilmDomain(replace(self.inputs, content=content), self.shown, styles=self.styles)
        problem = HeldTransfer(self.encoder, domain, grams=self.grams)
        weight = self.settings.temporal_weight * end_of(piece.shot, records)
        problem.hold(piece.motion.carry(last), piece.motion.trust, weight=weight)
        return Part(piece, problem, [Level(self.space, self._steps())])

    def _steps(self) -> int:
        if self.settings.steps is not None:
            return self.settings.steps
        whole = QUALITIES[self.settings.quality].steps_at(self.space)
        return max(LEAST_STEPS, round(FURTHER * whole))
