from __future__ import annotations

import pytest

from impasto.encoders import Chain, random_encoder, select_layers
from impasto.errors import UsageError

NAMES = ["conv1_1", "relu1_1", "pool1", "conv2_1", "relu2_1", "pool2"]


@pytest.fixture
def encoder() -> Chain:
    return random_encoder(1, 1, channels=(2, 2))


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["all"], NAMES),
        (["*"], NAMES),
        (["relu2_1"], ["relu2_1"]),
        (["relu2_1", "conv1_1", "relu2_1"], ["conv1_1", "relu2_1"]),
        (["relu*_1"], ["relu1_1", "relu2_1"]),
        (["pool?", "conv2*"], ["pool1", "conv2_1", "pool2"]),
        (["*[12]_1", "pool1"], NAMES[:5]),
        ([], []),
        ("all", NAMES),
        ("relu*_1,pool2", ["relu1_1", "relu2_1", "pool2"]),
    ],
)
def test_known_values(encoder: Chain, patterns: str | list[str], expected: list[str]) -> None:
    assert select_layers(encoder, patterns) == expected


@pytest.mark.parametrize(
    ("pattern", "hint"),
    [
        ("relu2_2", "Did you mean relu2_1"),
        ("relu*_9", "Did you mean relu"),
        ("Relu1_1", "Did you mean relu1_1"),
        ("", "Choose from conv1_1"),
    ],
)
def test_a_pattern_that_names_nothing(encoder: Chain, pattern: str, hint: str) -> None:
    with pytest.raises(
        UsageError, match=rf"random1d has no layer '{pattern}'. {hint}".replace("*", r"\*")
    ):
        select_layers(encoder, ["conv*", pattern])
