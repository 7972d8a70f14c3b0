"""The trained networks that come with impasto."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import resources
from pathlib import Path

from impasto.errors import WeightsError
from impasto.fast.model import SUFFIX, FastModel, read_model

FOLDER = Path(str(resources.files(__package__))) / "models"
LARGEST = 8_000_000  # bytes of all of them together


def shipped(folder: Path = FOLDER) -> list[Path]:
    """Return the files, sorted by name."""
    return sorted(folder.glob(f"*{SUFFIX}"))


def find_model(name: Path, folder: Path = FOLDER) -> Path:
    """Return the file of a model: a path, or the name of one that comes with impasto."""
    there = {path.stem: path for path in shipped(folder)}
    return name if name.is_file() or str(name) not in there else there[str(name)]


def model_for(hashes: Sequence[str], folder: Path = FOLDER) -> Path:
    """Return the file of the network that suits some styles best.

    That is one which was trained for just these, or else one that takes any.

    Args:
        hashes: SHA-256 of the pictures of the styles.
        folder: Where to look.
    Raises:
        WeightsError: If there is none.
    """
    models = dict(_read(folder))
    for path, model in models.items():
        known = {own.sha256 for own in model.known}
        if not model.is_any and hashes and known.issuperset(hashes):
            return path
    for path, model in models.items():
        if model.is_any:
            return path
    raise WeightsError(
        "No trained network that comes with impasto takes this style: name one with --model FILE; "
        "impasto train makes it."
    )


def _read(folder: Path) -> Iterator[tuple[Path, FastModel]]:
    for path in shipped(folder):
        yield path, read_model(path)
