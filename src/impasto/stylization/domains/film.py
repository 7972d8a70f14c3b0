"""Films: their frames are pictures, and as textures they are solids."""

from __future__ import annotations

from impasto.stylization.domains.picture import PictureDomain
from impasto.stylization.domains.volume import VolumeDomain


class FilmDomain(PictureDomain):
    """Shows the frames of a film to a network as pictures."""

    medium = "video"
    begins = "image"
    grows = False


class DynamicTexture(VolumeDomain):
    """Shows a whole film to a network as a solid whose first axis is time.

    Cuts across time show the frames, and those along it how they move, so that a result in the
    style of all of them moves as the style does.
    """

    medium = "video"
    styles = ("video",)
    size = 64
