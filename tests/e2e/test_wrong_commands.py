"""Exit code 2: the command was wrong, and says so before any work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image


@pytest.mark.parametrize(
    ("options", "hints"),
    [
        (["--content-weight", "-1"], ["--content-weight", "-1.0"]),
        (["--style-weight", "nan"], ["--style-weight", "nan"]),
        (["--tv-weight", "inf"], ["--tv-weight", "inf"]),
        (["--content-layers", "relu4_2:-2"], ["--content-layers", "relu4_2", "-2.0"]),
        (["--style-layers", "relu1_1:nan,relu2_1"], ["--style-layers", "relu1_1", "nan"]),
        (["--style-layers", "relu1_1:much"], ["much", "relu1_1"]),
        (["--style-layers", ""], ["No layer"]),
        (["--size", "0"], ["--size", "from 1", "0"]),
        (["--size", "huge"], ["--size", "huge"]),
        (["--steps", "0"], ["--steps", "from 1", "0"]),
        (["--steps", "many"], ["--steps", "--help"]),
        (["--levels", "0"], ["--levels"]),
        (["--seed", "-1"], ["--seed"]),
        (["--style-scale", "0"], ["--style-scale"]),
        (["--objective", "papr"], ["--objective", "'paper'"]),
        (["--stesp", "5"], ["--stesp", "--steps"]),
        (["--weights-convention", "caffe"], ["--weights-convention", "--weights"]),
        (["--mask", "mask.png"], ["--mask", "CONTENT_MASK STYLE_MASK"]),
        (["--every", "0"], ["--every"]),
        (["-o", "-", "--json"], ["-o -", "--json"]),
        (["photo2.png", "--plot", "costs.png"], ["--plot", "Several"]),
        (["photo2.png", "-o", "-"], ["-o -", "Several"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_wrong_option_is_named(desk: Any, options: list[str], hints: list[str]) -> None:
    desk.stylize(*options).refuses(2, *hints)


@pytest.mark.parametrize(
    ("words", "hints"),
    [
        (["stylize", "photo.png"], ["no style", "--style"]),
        (["stylize", "photo.png", "--style", "style.png:-1"], ["--style style.png", "-1"]),
        (["stylize", "photo.png", "--style", "style.png:nan"], ["--style style.png", "nan"]),
        (["stylize"], ["content"]),
        (["stylise"], ["stylise", "--help"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_wrong_command_is_named(desk: Any, words: list[str], hints: list[str]) -> None:
    desk.impasto(*words).refuses(2, *hints)


def test_a_bare_command_shows_its_help(desk: Any) -> None:
    outcome = desk.impasto()
    assert outcome.code == 2
    assert b"stylize" in outcome.stdout
    assert outcome.stderr == ""


@pytest.mark.parametrize(
    ("options", "hints"),
    [
        (["--content-layers", "relu4-2"], ["relu4-2", "Did you mean relu4_2"]),
        (["-o", "out.bmp"], [".bmp", ".webp"]),
        (["-o", "missing/out.png"], ["missing", "does not exist"]),
        (["-o", "photo.png"], ["photo.png", "over"]),
        (["-o", "out.png", "--sheet", "out.png"], ["out.png", "over"]),
        (["--film", "out.avi"], ["--film", ".avi", ".gif"]),
    ],
    ids=lambda value: " ".join(value),
)
def test_it_is_found_before_the_work_begins(
    desk: Any, options: list[str], hints: list[str]
) -> None:
    before = sorted(desk.folder.iterdir())
    desk.stylize("--steps", "1000000", *options).refuses(2, *hints)
    assert sorted(desk.folder.iterdir()) == before


def test_an_output_folder_that_cannot_be_written_is_named(desk: Any) -> None:
    folder = Path("/proc")  # not even root can write there
    if os.geteuid() != 0:
        folder = desk / "locked"
        folder.mkdir(mode=0o500)
    desk.stylize("--steps", "1000000", "-o", folder / "out.png").refuses(2, str(folder))


class TestMasks:
    @pytest.fixture(autouse=True)
    def _masks(self, desk: Any) -> None:
        halves = np.zeros((48, 64), np.uint8)
        halves[:, 32:] = 255
        Image.fromarray(halves).save(desk / "halves.png")
        Image.fromarray(halves[:20]).save(desk / "flat.png")
        Image.new("L", (60, 60), 128).save(desk / "gray.png")

    def test_another_shape_is_named(self, desk: Any) -> None:
        outcome = desk.stylize("--mask", "flat.png", "gray.png")
        outcome.refuses(2, "content mask", "64×20", "64×48")

    def test_no_region_in_common_is_named(self, desk: Any) -> None:
        outcome = desk.stylize("--mask", "halves.png", "gray.png")
        outcome.refuses(2, "no color in common", "#000000", "#808080")

    def test_each_style_needs_a_pair(self, desk: Any) -> None:
        outcome = desk.stylize("--style", "photo.png", "--mask", "halves.png", "halves.png")
        outcome.refuses(2, "2 styles", "--mask")
