from __future__ import annotations

import pytest

from impasto import errors
from impasto.errors import ImpastoError, nearest


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ImpastoError", 1),
        ("DivergedError", 1),
        ("OutputError", 1),
        ("UsageError", 2),
        ("ShapeError", 2),
        ("InputError", 3),
        ("WeightsError", 4),
        ("OutOfMemoryError", 5),
    ],
)
def test_exit_codes(name: str, code: int) -> None:
    kind = getattr(errors, name)
    assert issubclass(kind, ImpastoError)
    assert kind.exit_code == code


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("relu41", "Did you mean relu4_1 or relu1_1?"),
        ("pool", "Did you mean pool1?"),
        ("xyz", "Choose from relu4_1, relu1_1, pool1."),
        ("", "Choose from relu4_1, relu1_1, pool1."),
    ],
)
def test_nearest(word: str, sentence: str) -> None:
    assert nearest(word, iter(["relu4_1", "relu1_1", "pool1"])) == sentence
