"""Every relative link in the pages leads to a file, and every anchor to a heading."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from book import ROOT, names, pages

_CODE = re.compile(r"^```.*?^```$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)|\b(?:src|href)=\"([^\"]+)\"")


def text(page: Path) -> str:
    """Return a page without its code."""
    return _CODE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[str]:
    """Yield where a page points, but for the internet."""
    found = (first or second for first, second in _LINK.findall(text(page)))
    return (link for link in found if not re.match(r"[a-z]+:", link))


def anchors(page: Path) -> list[str]:
    """Return the anchors that GitHub, and the book, give to the headings of a page."""
    source = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    headings = re.findall(r"^#+ (.+)$", source, re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]


@pytest.mark.parametrize("page", pages(), ids=names)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        made_of_help = target.name == "command_line.md" and anchor.startswith("impasto-")
        assert not anchor or made_of_help or anchor in anchors(target), link


def test_links_are_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        '[![a](x.png)](y.md#z) `[no](code)` [far](https://x.org) <audio src="s.ogg"></audio>\n'
        "![picture](p.jpg)\n```\n[no](block)\n```\n"
    )
    assert sorted(links(page)) == ["p.jpg", "s.ogg", "x.png", "y.md#z"]


def test_anchors_are_those_of_github(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# What it's like: `--size`\n\n```sh\n# no heading\n```\n\n## Two words\n")
    assert anchors(page) == ["what-its-like---size", "two-words"]


def test_the_readme_has_links() -> None:
    assert "docs/usage.md" in list(links(ROOT / "README.md"))
