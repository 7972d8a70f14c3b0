from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from impasto.settings import StylizeSettings
from impasto.studio.command import command_line


def test_defaults_are_not_written() -> None:
    command = command_line("photo.jpg", [("painting.jpg", 1.0)], StylizeSettings())
    assert command == "impasto stylize photo.jpg --style painting.jpg -o result.png"


def test_everything_else_is() -> None:
    settings = StylizeSettings(
        size=640,
        colors="match",
        style_weight=2.5,
        style_layers={"relu1_1": 1.0, "relu2_1": 0.5},
        model=Path("any"),
        window=(0.0, 80.0),
    )
    words = shlex.split(
        command_line(
            "my photo.jpg",
            [("a.jpg", 0.7), ("b.jpg", 0.3)],
            settings,
            masks=[("c.png", "d.png"), ("e.png", "f.png")],
            output="out.png",
        )
    )
    assert words[:3] == ["impasto", "stylize", "my photo.jpg"]
    assert words[-2:] == ["-o", "out.png"]
    text = " ".join(words)
    for part in (
        "--style a.jpg:0.7 --style b.jpg:0.3",
        "--mask c.png d.png --mask e.png f.png",
        "--size 640",
        "--colors match",
        "--style-weight 2.5",
        "--style-layers relu1_1:1,relu2_1:0.5",
        "--model any",
        "--fast",
        "--window 0 80",
    ):
        assert part in text


@pytest.mark.parametrize("name", ["a b.jpg", "it's.jpg", "$(rm).jpg"])
def test_a_shell_takes_names_as_they_are(name: str) -> None:
    assert shlex.split(command_line(name, [("s.jpg", 1.0)], StylizeSettings()))[2] == name


def test_no_name_is_an_option() -> None:
    words = shlex.split(command_line("-o.jpg", [("--x.jpg", 1.0)], StylizeSettings(), output="-"))
    assert words[2:] == ["./-o.jpg", "--style", "./--x.jpg", "-o", "./-"]


def test_numbers_are_written_whole() -> None:
    settings = StylizeSettings(style_weight=0.123456789)
    command = command_line("a.jpg", [("b.jpg", 1 / 3)], settings)
    assert "--style-weight 0.123456789 " in command
    assert f"b.jpg:{1 / 3!r} " in command
