"""How signals are shown: one file a medium."""

from __future__ import annotations

from impasto.errors import UsageError, nearest
from impasto.units.portraits.film import FilmPortrait
from impasto.units.portraits.image import ImagePortrait
from impasto.units.portraits.portrait import Portrait
from impasto.units.portraits.series import SeriesPortrait
from impasto.units.portraits.sound import SoundPortrait
from impasto.units.portraits.volume import VolumePortrait

__all__ = ["PORTRAITS", "Portrait", "portrait_of"]

PORTRAITS: dict[str, type[Portrait]] = {
    kind.medium: kind
    for kind in (ImagePortrait, SoundPortrait, SeriesPortrait, VolumePortrait, FilmPortrait)
}


def portrait_of(medium: str, *, rate_hz: float | None = None) -> Portrait:
    """Return how signals of a medium are shown.

    Args:
        medium: Such as "audio".
        rate_hz: Samples a second, where there is time.
    Raises:
        UsageError: If there is no such medium.
    """
    if medium not in PORTRAITS:
        raise UsageError(f"Reports show no signals of {medium!r}. {nearest(medium, PORTRAITS)}")
    return PORTRAITS[medium](rate_hz)
