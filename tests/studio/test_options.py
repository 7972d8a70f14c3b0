from __future__ import annotations

import pytest

from impasto.errors import UsageError
from impasto.settings import StylizeSettings
from impasto.studio.options import FOLDED, element, settings_from


def test_every_element_begins_with_the_default() -> None:
    values = {name: element(name).value for name in FOLDED}
    assert settings_from(values) == StylizeSettings()


def test_what_is_filled_in_is_set() -> None:
    settings = settings_from(
        {
            "seed": 7,
            "levels": "2",
            "style_layers": "relu1_1:2 relu2_1",
            "init": "noise",
            "pooling": "average",
            "tv_weight": "0.5",
            "encoder": "",
            "steps": None,
        }
    )
    assert settings == StylizeSettings(
        seed=7,
        levels=2,
        style_layers={"relu1_1": 2.0, "relu2_1": 1.0},
        init="noise",
        pooling="average",
        tv_weight=0.5,
    )


@pytest.mark.parametrize(
    ("name", "value"), [("encoder", "os:system"), ("init", "/etc/passwd"), ("encoder", "random1d")]
)
def test_files_and_code_of_the_machine_cannot_be_asked_for(name: str, value: str) -> None:
    with pytest.raises(UsageError, match="cannot be"):
        settings_from({name: value})


def test_no_element_takes_a_file_or_the_machine() -> None:
    asked = {"weights", "weights_convention", "model", "device", "memory", "max_pixels"}
    assert not asked & set(FOLDED)


def test_a_value_out_of_its_range_is_told() -> None:
    with pytest.raises(UsageError, match="--levels must be a whole number from 1"):
        settings_from({"levels": 0})


def test_what_is_no_number_is_told() -> None:
    with pytest.raises(UsageError, match="--steps takes a number, not 'many'"):
        settings_from({"steps": "many"})
