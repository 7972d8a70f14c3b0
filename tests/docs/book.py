from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILT = ROOT / "docs" / "course"

_BLOCK = re.compile(
    r"(?:^<!-- not run: (?P<reason>.+) -->\n+)?^```(?P<language>\w*)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A block of code of a page, and why it is not run if it says so."""

    language: str
    code: str
    reason: str | None


def pages() -> list[Path]:
    """Return every page in Markdown that people read."""
    folders = [ROOT / name for name in ("docs", "examples")]
    found = [*ROOT.glob("*.md"), *(path for folder in folders for path in folder.rglob("*.md"))]
    return sorted(path for path in found if not path.is_relative_to(BUILT))


def blocks(page: Path) -> Iterator[Block]:
    """Yield the blocks of code of a page."""
    for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield Block(found["language"], found["code"], found["reason"])


def names(page: Path) -> str:
    """Name a page in the name of a test."""
    return page.relative_to(ROOT).as_posix()
