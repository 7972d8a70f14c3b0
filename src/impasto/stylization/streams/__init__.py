"""Films and long sounds: stylized in pieces, in memory that does not grow with their length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from impasto.encoders.encoder import Encoder
from impasto.errors import UsageError
from impasto.media import Source, medium_of
from impasto.media.audio import Sound
from impasto.media.video import Film, HeldFilm
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains import check_together
from impasto.stylization.domains.film import FilmDomain
from impasto.stylization.inputs import (
    Mask,
    StyleSource,
    identities,
    read_inputs,
    resolve,
    style_pairs,
)
from impasto.stylization.streams.film import FilmStream
from impasto.stylization.streams.stream import (
    Stream,
    StreamedStylization,
    StreamStep,
    stream_steps,
)
from impasto.stylization.streams.stretches import SoundStream, beginning, is_long

if TYPE_CHECKING:
    from impasto.stylization.feedforward import Chosen

__all__ = [
    "Stream",
    "StreamStep",
    "StreamedStylization",
    "open_fast_film",
    "stream_for",
    "stream_steps",
]


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
    found = resolve(content)
    medium = medium_of(found)
    if medium == "video":
        return _open_film(found, content, style, masks=masks, settings=settings, encoder=encoder)
    if medium == "audio" and not masks:
        return _open_sound(found, content, style, settings=settings, encoder=encoder)
    return None


def _open_film(
    found: Any,
    content: Source,
    style: StyleSource | Sequence[StyleSource],
    *,
    masks: Sequence[Mask],
    settings: StylizeSettings,
    encoder: Encoder,
) -> FilmStream:
    if masks:
        raise UsageError("--mask is for pictures and volumes: a film takes none.")
    if encoder.axes != 2:
        raise UsageError(
            f"{encoder.name} sees over {encoder.axes} axes, and the frames of a film have 2."
        )
    film, first = _opened(found, settings)
    inputs = read_inputs(
        content, style, init=settings.init, max_pixels=settings.max_pixels, seen=first
    )
    check_together("video", inputs)
    return FilmStream(film, inputs, settings, encoder)


def _opened(found: Any, settings: StylizeSettings) -> tuple[Film | HeldFilm, Signal]:
    """Open a film, and return its first frame besides."""
    film: Film | HeldFilm
    if isinstance(found, Signal):
        film = HeldFilm(found)
    else:
        film = Film(found, max_pixels=settings.max_pixels)
    return film, Signal(next(film.frames()).picture)


def open_fast_film(
    content: Source,
    chosen: Chosen,
    *,
    masks: Sequence[Mask],
    settings: StylizeSettings,
    encoder: Encoder | None,
) -> Stream[Any]:
    """Open a film that a trained network paints.

    Args:
        content: As for `stylize`.
        chosen: The styles.
        masks: As for `stylize`.
        settings: How to stylize.
        encoder: Network that looks at the styles, where the painter does.
    Raises:
        ImpastoError: As for `stylize`.
    """
    from impasto.stylization.feedforward import painting_of, read_chosen
    from impasto.stylization.streams.painted import PaintedFilm

    if masks:
        raise UsageError("--mask is for pictures and volumes: a film takes none.")
    film, first = _opened(resolve(content), settings)
    inputs = read_chosen(content, chosen, [], settings, seen=first)
    check_together("video", replace(inputs, init=None))
    # of the first frame, whose colors the styles take if they are recolored, wherever a run goes on
    painting = painting_of(chosen, FilmDomain(inputs, settings), encoder)
    return PaintedFilm(film, inputs, settings, painting, weights_hash=chosen.painter.sha256)


def _open_sound(
    found: Any,
    content: Source,
    style: StyleSource | Sequence[StyleSource],
    *,
    settings: StylizeSettings,
    encoder: Encoder,
) -> SoundStream | None:
    """Open a sound where it, or a style, is long; what else is wrong is said on another way."""
    sources = [resolve(own) for own, _ in style_pairs(style)]
    if any(medium_of(own) != "audio" for own in sources):
        return None
    sound, *styles = (Sound(cast(Any, own)) for own in (found, *sources))
    if not any(map(is_long, (sound, *styles))):
        return None
    first, *beginnings = (beginning(own) for own in (sound, *styles))
    weights = [weight for _, weight in style_pairs(style)]
    inputs = read_inputs(
        content,
        [*zip(beginnings, weights, strict=True)],
        init=settings.init,
        max_pixels=settings.max_pixels,
        seen=first,
    )
    origin = {**inputs.origin, "styles": identities(style)}
    return SoundStream(sound, styles, replace(inputs, origin=origin), settings, encoder)
