"""Films: their frames are pictures, of a size that fits many of them."""

from __future__ import annotations

from impasto.stylization.domains.picture import PictureDomain


class FilmDomain(PictureDomain):
    """Shows the frames of a film to a network as pictures."""

    medium = "video"
    begins = "image"
    grows = False
