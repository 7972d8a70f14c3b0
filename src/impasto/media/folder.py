"""A folder of files that can be stylized."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from impasto.errors import InputError
from impasto.media import MEDIA, medium_of


def signals_in(folder: Path, media: Collection[str] = ("image",)) -> list[Path]:
    """List the files of some media in a folder by their names, sorted, without hidden ones.

    Args:
        folder: Where to look; not into the folders inside it.
        media: Names of MEDIA.
    Raises:
        InputError: If the folder cannot be listed or holds none.
    """
    wanted = [own for own in MEDIA.values() if own.name in media]
    suffixes = tuple(dict.fromkeys(suffix for own in wanted for suffix in own.inputs))
    try:
        found = list(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: {error.strerror}.") from None
    signals = [
        path
        for path in found
        if path.name.lower().endswith(suffixes)
        and not path.name.startswith(".")
        and path.is_file()
        and medium_of(path) in media
    ]
    if not signals:
        nouns = " or ".join(own.noun for own in wanted)
        raise InputError(f"{folder} holds no {nouns} ({', '.join(suffixes)}).")
    return sorted(signals)
