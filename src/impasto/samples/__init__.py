"""Pictures and sounds to try things with, all in the public domain, and where they come from."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Sample:
    """A bundled picture or sound.

    Attributes:
        name: What it is called wherever a path is taken.
        kind: Whether it serves as content or as style; sounds serve as both.
        author: Who made it.
        license: "public domain" or "CC0-1.0".
        source: Where it was found.
        path: The file.
    """

    name: str
    kind: Literal["photo", "painting", "sound"]
    author: str
    license: str
    source: str
    path: Path


_KINDS: dict[str, Literal["photo", "painting", "sound"]] = {
    "photos": "photo",
    "paintings": "painting",
    "sounds": "sound",
}


@cache
def samples() -> tuple[Sample, ...]:
    """Return all that is bundled, paintings first, in the order of PROVENANCE.tsv."""
    folder = Path(str(resources.files(__name__)))
    table = (folder / "PROVENANCE.tsv").read_text(encoding="utf-8").splitlines()
    return tuple(
        Sample(
            name=(folder / row["file"]).stem,
            kind=_KINDS[row["file"].partition("/")[0]],
            author=row["author"],
            license=row["license"],
            source=row["source"],
            path=folder / row["file"],
        )
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE)
    )


def find(name: str) -> Path | None:
    """Return the path of a bundled sample, or None if there is none of that name."""
    return next((sample.path for sample in samples() if sample.name == name), None)
