"""The README in English and the one in Chinese name the same things."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
NAMES = ("README.md", "README.zh-CN.md")
ENGLISH, CHINESE = ((ROOT / name).read_text(encoding="utf-8") for name in NAMES)


def pictures(page: str) -> list[str]:
    return re.findall(r"!\[[^]]+\]\(([^)]+)\)", page)


def links(page: str) -> list[str]:
    return re.findall(r"(?<!!)\[[^]]+\]\(([^)]+)\)", page)


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)


def commands(page: str) -> list[str]:
    lines = "".join(blocks(page, "sh")).splitlines()
    return [re.sub(r"\s+# .*", "", line) for line in lines]


def test_pictures_are_the_same_in_the_same_order() -> None:
    assert "docs/images/demo.jpg" in pictures(ENGLISH)
    assert pictures(CHINESE) == pictures(ENGLISH)


def test_commands_are_the_same_in_the_same_order() -> None:
    assert "make demo" in commands(ENGLISH)
    assert "impasto rerun out.png" in commands(ENGLISH)
    assert commands(CHINESE) == commands(ENGLISH)


def test_python_is_the_same_but_for_comments() -> None:
    english, chinese = (
        [ast.dump(ast.parse(block)) for block in blocks(page, "python")]
        for page in (ENGLISH, CHINESE)
    )
    assert english
    assert chinese == english


def test_links_are_the_same_but_for_the_language() -> None:
    english, chinese = (
        {link for link in links(page) if link not in NAMES and not link.startswith("#")}
        for page in (ENGLISH, CHINESE)
    )
    assert "docs/usage.md" in english
    assert chinese == english


def test_each_leads_to_the_other() -> None:
    assert "README.zh-CN.md" in links(ENGLISH)
    assert "README.md" in links(CHINESE)


def test_tables_have_as_many_rows() -> None:
    rows = [re.findall(r"^\|.*\|$", page, re.MULTILINE) for page in (ENGLISH, CHINESE)]
    assert len(rows[0]) == len(rows[1])
