"""Every medium has a domain: what is its own, while the costs and the engine are everybody's."""

from __future__ import annotations

from collections.abc import Collection

from impasto.errors import UsageError
from impasto.media import MEDIA
from impasto.settings import StylizeSettings
from impasto.stylization.domains.audio import AudioDomain
from impasto.stylization.domains.domain import Domain
from impasto.stylization.domains.film import DynamicTexture, FilmDomain
from impasto.stylization.domains.picture import PictureDomain
from impasto.stylization.domains.series import SeriesDomain
from impasto.stylization.domains.volume import VolumeDomain
from impasto.stylization.inputs import Inputs

__all__ = [
    "DOMAINS",
    "Domain",
    "DynamicTexture",
    "check_style",
    "check_together",
    "contents_for",
    "domain_for",
]

DOMAINS: dict[str, type[Domain]] = {
    own.medium: own for own in (PictureDomain, AudioDomain, SeriesDomain, VolumeDomain, FilmDomain)
}


def domain_for(inputs: Inputs, settings: StylizeSettings) -> Domain:
    """Return the domain of the content.

    Raises:
        UsageError: If the style or the beginning is of a medium that does not go with it, or the
            settings ask for what the medium does not have.
        InputError: If there is nothing in the inputs that could be seen or heard.
    """
    medium = inputs.content.medium
    check_together(medium, inputs)
    return DOMAINS[medium](inputs, settings)


def check_together(medium: str, inputs: Inputs) -> None:
    """Refuse styles, and beginnings, that do not go with a content.

    Args:
        medium: That of the content.
        inputs: What was read.
    Raises:
        UsageError: If something is of a medium that does not go with it.
    """
    # styles that a trained network knows by their names have no pictures
    for style, label in zip(inputs.styles, inputs.labels[1:], strict=False):
        check_style(medium, style.signal.medium, label)
    begins = DOMAINS[medium].begins or medium
    if inputs.init is not None and inputs.init.medium != begins:
        raise UsageError(f"--init names a file that is no {MEDIA[begins].noun}.")


def check_style(medium: str, own: str, label: str) -> None:
    """Refuse a style that does not go with a content.

    Args:
        medium: Medium of the content.
        own: Medium of the style.
        label: Name of the style.
    Raises:
        UsageError: If it does not, or there are no such contents.
    """
    if medium not in DOMAINS:
        raise UsageError(f"A {MEDIA[medium].noun if medium in MEDIA else medium} is no content.")
    if own not in DOMAINS[medium].styles:
        raise UsageError(
            f"{label} is a {MEDIA[own].noun}, which is no style for a {MEDIA[medium].noun}. "
            f"{what_goes_together()}"
        )


def contents_for(styles: Collection[str]) -> list[str]:
    """Return the media of the contents that go with styles of some media.

    Raises:
        UsageError: If no content goes with all of them.
    """
    found = [name for name, domain in DOMAINS.items() if set(styles) <= set(domain.styles)]
    if not found:
        nouns = " and a ".join(MEDIA[own].noun for own in styles)
        raise UsageError(f"No content goes with a {nouns} together. {what_goes_together()}")
    return found


def what_goes_together() -> str:
    """Say which style each content can have."""
    pairs = (
        f"a {MEDIA[name].noun} with a {' or a '.join(MEDIA[own].noun for own in domain.styles)}"
        for name, domain in DOMAINS.items()
    )
    return f"What goes together, content and style: {', '.join(pairs)}."
