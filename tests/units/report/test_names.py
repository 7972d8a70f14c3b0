from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from impasto.units.report.names import file_stems, readable, storable

any_text = some.text(some.characters(exclude_categories=()))


@given(some.lists(any_text, unique=True))
def test_stems_are_safe_and_never_confused(names: list[str]) -> None:
    stems = file_stems(names)
    assert list(stems) == names
    assert len({stem.lower() for stem in stems.values()}) == len(names)
    for stem in stems.values():
        assert stem.replace("-", "a").replace("_", "a").replace(".", "a").isalnum()
        assert stem.isascii()
        assert stem[0] != "."


def test_stems_stay_close_to_the_names() -> None:
    names = ["relu4_1", "features.0", "a/b:c", "a:b/c", "A:b/c", "../..", "", "aux", "Con.1"]
    assert list(file_stems(names).values()) == [
        *("relu4_1", "features.0", "a-b-c", "a-b-c-2", "A-b-c-3", "layer", "layer-2"),
        *("_aux", "_Con.1"),
    ]


def test_long_names_are_cut() -> None:
    stems = file_stems(["x" * 500, "x" * 501])
    assert [len(stem) for stem in stems.values()] == [80, 82]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("ü.png", "ü.png"), ("a\nb", "a\\nb"), ("a\udcffb", "a\\udcffb"), ("\u202ea", "\\u202ea")],
)
def test_readable(name: str, shown: str) -> None:
    assert readable(name) == shown


@given(any_text)
def test_storable_is_unicode(name: str) -> None:
    storable(name).encode()
    if not any("\ud800" <= c <= "\udfff" for c in name):
        assert storable(name) == name
