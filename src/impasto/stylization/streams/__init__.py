"""Films and long sounds: stylized in pieces, in memory that does not grow with their length."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from impasto.encoders.encoder import Encoder
from impasto.errors import UsageError
from impasto.media import Source, medium_of
from impasto.media.video import Film, HeldFilm
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains import check_together
from impasto.stylization.inputs import Mask, StyleSource, read_inputs, resolve
from impasto.stylization.streams.film import FilmStream
from impasto.stylization.streams.stream import (
    Stream,
    StreamedStylization,
    StreamStep,
    stream_steps,
)

__all__ = ["Stream", "StreamStep", "StreamedStylization", "stream_for", "stream_steps"]


def stream_for(
    content: Source,
    style: StyleSource | Sequence[StyleSource],
    *,
    masks: Sequence[Mask],
    settings: StylizeSettings,
    encoder: Encoder,
) -> Stream[Any] | None:
    """Open a content that is stylized in pieces; None if it is one that is stylized whole.

    Args:
        content: As for `stylize`.
        style: As for `stylize`.
        masks: As for `stylize`.
        settings: How to stylize.
        encoder: Network that sees.
    Raises:
        ImpastoError: As for `stylize`.
    """
    found: Any = resolve(content)
    if medium_of(found) != "video":
        return None
    if masks:
        raise UsageError("--mask is for pictures and volumes: a film takes none.")
    if encoder.axes != 2:
        raise UsageError(
            f"{encoder.name} sees over {encoder.axes} axes, and the frames of a film have 2."
        )
    film: Film | HeldFilm
    if isinstance(found, Signal):
        film = HeldFilm(found)
    else:
        film = Film(found, max_pixels=settings.max_pixels)
    first = Signal(next(film.frames()).picture)
    inputs = read_inputs(
        content, style, init=settings.init, max_pixels=settings.max_pixels, seen=first
    )
    check_together("video", inputs)
    return FilmStream(film, inputs, settings, encoder)
