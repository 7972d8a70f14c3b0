"""Every setting is an option, with the same default, the same values and the same help."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from impasto.settings import StylizeSettings, option

FIELDS = [field.name for field in dataclasses.fields(StylizeSettings)]
OTHERWISE: dict[str, tuple[str, Any]] = {
    "size": ("300", 300),
    "colors": ("match", "match"),
    "style_scale": ("0.5", 0.5),
    "init": ("noise", "noise"),
    "seed": ("7", 7),
    "window": (("0", "80.5"), (0.0, 80.5)),
    "frame": ("3", 3),
    "quality": ("fine", "fine"),
    "steps": ("9", 9),
    "levels": ("2", 2),
    "optimizer": ("adam", "adam"),
    "canvas": ("samples", "samples"),
    "objective": ("neural-style", "neural-style"),
    "content_layers": ("relu3_1", {"relu3_1": 1.0}),
    "style_layers": ("relu1_1:0.5, relu2_1", {"relu1_1": 0.5, "relu2_1": 1.0}),
    "content_weight": ("2", 2.0),
    "style_weight": ("1e3", 1000.0),
    "tv_weight": ("0", 0.0),
    "temporal_weight": ("2.5", 2.5),
    "encoder": ("vgg16", "vgg16"),
    "weights": ("a b.pth", Path("a b.pth")),
    "weights_convention": ("caffe", "caffe"),
    "pooling": ("average", "average"),
    "precision": ("bfloat16", "bfloat16"),
    "device": ("cpu", "cpu"),
    "memory": ("1.5 GB", 3 * 2**29),
    "max_pixels": ("1000", 1000),
    "fast": ((), True),
    "model": ("a b.onnx", Path("a b.onnx")),
    "strength": ("0.5", 0.5),
    "refine": ("20", 20),
}


def test_nothing_is_forgotten_here() -> None:
    assert set(OTHERWISE) == set(FIELDS)


def test_without_options_all_defaults_hold(call: Any, made: Any) -> None:
    assert call("stylize", "photo.png", "--style", "style.png").code == 0
    assert made[0]["job"].settings == StylizeSettings()


@pytest.mark.parametrize("name", FIELDS)
def test_an_option_changes_its_setting_alone(call: Any, made: Any, name: str) -> None:
    word, value = OTHERWISE[name]
    also: dict[str, Any] = {}
    more: list[str] = []
    if name == "weights_convention":
        also, more = {"weights": Path("w.pth")}, ["--weights", "w.pth"]
    if name in ("strength", "refine"):
        also, more = {"fast": True}, ["--fast"]
    words = [word] if isinstance(word, str) else word
    outcome = call("stylize", "photo.png", "--style", "style.png", option(name), *words, *more)
    assert outcome.code == 0, outcome.err
    assert made[0]["job"].settings == StylizeSettings(**{name: value, **also})


def test_size_may_be_a_word(call: Any, made: Any) -> None:
    assert call("stylize", "a", "-s", "b", "--size", "original").code == 0
    assert made[0]["job"].settings.size == "original"


@pytest.mark.parametrize("word", ["0", "-5", "huge", "1.5", "²", ""])
def test_a_wrong_size_is_named(call: Any, made: Any, word: str) -> None:
    outcome = call("stylize", "a", "-s", "b", "--size", word)
    assert outcome.code == 2
    assert outcome.err.startswith("impasto: --size must be a whole number from 1")
    assert made == []


def test_the_help_tells_every_setting(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    outcome = call("stylize", "--help")
    assert outcome.code == 0
    for name in FIELDS:
        assert f"{option(name)} " in outcome.out
    assert "(default: by size)" in outcome.out
    for default in ("content", "standard", "lbfgs", "impasto"):
        assert f"[default: {default}]" in outcome.out


def test_masks_are_pairs_and_may_be_repeated(call: Any, made: Any) -> None:
    words = "--mask a b --size 64 --mask=c.png d.png".split()
    assert call("stylize", "p", "-s", "x", "-s", "y", *words).code == 0
    assert made[0]["job"].masks == [("a", "b"), ("c.png", "d.png")]
    assert made[0]["job"].settings.size == 64


@pytest.mark.parametrize(
    "words", ["--mask", "--mask a", "--mask a --size 64", "--mask --size 64", "--mask=a"]
)
def test_half_a_pair_is_refused(call: Any, made: Any, words: str) -> None:
    outcome = call("stylize", "p", "-s", "x", *words.split())
    assert outcome.code == 2
    assert outcome.err == "impasto: --mask takes two pictures: CONTENT_MASK STYLE_MASK.\n"
    assert made == []


def test_everything_else_reaches_the_work(call: Any, made: Any) -> None:
    words = "-o out.png --bits 16 --plot a.png --sheet b.png --film c.gif --snapshots d --every 3"
    more = "--trace e --checkpoint f --quiet".split()
    assert call("stylize", "p.png", "-s", "x:0.5", *words.split(), *more).code == 0
    (asked,) = made
    job, extras = asked["job"], asked["extras"]
    assert (asked["content"], asked["output"]) == ("p.png", "out.png")
    assert asked["checkpoint"] == Path("f")
    assert (job.styles, job.bits, job.quiet) == ([("x", 0.5)], 16, True)
    assert extras.files == [Path("e"), Path("a.png"), Path("b.png"), Path("c.gif")]
    assert (extras.snapshots, extras.every) == (Path("d"), 3)
