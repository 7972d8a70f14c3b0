from __future__ import annotations

import re
from pathlib import Path

import pytest

import impasto.studio as studio
from impasto.settings import StylizeSettings
from impasto.studio.texts import SETTINGS, WORDS, help_of, say, translations


def test_both_languages_say_everything() -> None:
    known = translations().translations
    assert set(known["en"]) == set(known["zh"]) == set(known["zh-CN"])
    for key, text in known["zh"].items():
        assert re.search("[\u4e00-\u9fff]", text), key
    for key, text in known["en"].items():
        assert text.isascii() or set(text) - set(map(chr, range(128))) <= set("αβλ"), key


def test_every_word_is_used_and_every_used_word_is_known() -> None:
    sources = [path.read_text() for path in Path(studio.__path__[0]).glob("*.py")]
    code = "".join(own for own in sources if "WORDS: Mapping" not in own)
    for key in WORDS:
        assert f'"{key}"' in code, key
    for key in re.findall(r'say\("(\w+)"\)', code):
        say(key)


def test_an_unknown_word_is_a_mistake() -> None:
    with pytest.raises(AssertionError, match="nonsense"):
        say("nonsense")


def test_the_settings_have_help() -> None:
    helps = help_of(StylizeSettings)
    assert helps["seed"] == "Seed of the white noise."
    assert set(SETTINGS) <= set(helps)
