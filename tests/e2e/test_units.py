"""`impasto units` with the real network: reports, single units, faults, interruptions."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

FEW = ("--layers", "relu1_1,relu3_1", "-k", "4", "--no-maximize")


@pytest.fixture
def photos(desk: Any) -> Path:
    """Six pictures in two folders, and a file that is none."""
    (desk / "photos" / "inside").mkdir(parents=True)
    for number in range(6):
        folder = "photos/inside" if number % 2 else "photos"
        desk.picture(f"{folder}/{number}.png", 60 + number, 48, seed=number)
    (desk / "photos" / "broken.jpg").write_bytes(b"no picture")
    return desk / "photos"


@pytest.mark.usefixtures("photos")
class TestReport:
    def test_a_folder_becomes_a_report(self, desk: Any) -> None:
        outcome = desk.impasto("units", "photos", *FEW, "-o", "report", "--json", "--quiet")
        assert outcome.code == 0, outcome.stderr
        assert outcome.lines == []
        told = json.loads(outcome.stdout)
        assert told["pictures"] == 6
        assert told["layers"] == {"relu1_1": 64, "relu3_1": 256}
        assert told["passed_over"][0]["picture"] == "broken.jpg"
        files = {path.name for path in (desk / "report").iterdir()}
        assert {"index.html", "units.parquet", "layers"} <= files
        assert desk.leftovers() == []
        desk.impasto("units", "show", "report", "relu3_1:37", "-o", "unit.png").succeeds()
        assert desk.pixels("unit.png").ndim == 3

    def test_what_was_passed_over_is_said(self, desk: Any) -> None:
        outcome = desk.impasto("units", "photos", *FEW, "--projection", "none")
        assert outcome.code == 0
        assert "passed over broken.jpg" in outcome.stderr
        assert "320 units" in outcome.lines[-1]
        assert (desk / "report" / "index.html").exists()

    def test_a_killed_command_goes_on(self, desk: Any) -> None:
        words = ("units", "photos", *FEW, "--quiet")
        assert desk.impasto(*words, "-o", "whole").code == 0
        process = desk.start(*words, "-o", "killed")
        desk.wait_until((desk / "killed" / ".impasto-work" / "cells").exists, process)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not (desk / "killed" / "index.html").exists()
        assert desk.impasto(*words, "-o", "killed").code == 0
        for path in (desk / "whole").rglob("*"):
            if path.is_file():
                other = desk / "killed" / path.relative_to(desk / "whole")
                assert path.read_bytes() == other.read_bytes(), path


class TestFaults:
    @pytest.mark.parametrize(
        ("words", "code", "hint"),
        [
            (["missing"], 3, "missing does not exist"),
            (["empty"], 3, "holds nothing to look at"),
            (["photos", "--layers", "relu9_9"], 2, "relu"),
            (["photos", "--encoder", "vgg99"], 2, "vgg"),
            (["photos", "--weights", "none.pth"], 4, "none.pth"),
            (["photos", "-k", "0"], 2, "whole number from 1"),
            (["show", "photos", "relu1_1:0"], 3, "photos"),
            (["show", "photos", "relu1_1"], 2, "LAYER:UNIT"),
            (["project", "nothing.png", "relu1_1:0"], 3, "nothing.png"),
            (["occlude", "photos/0.png", "relu1_1:99"], 2, "0 to 63"),
            (["maximize", "relu9_9:0"], 2, "relu"),
        ],
    )
    @pytest.mark.usefixtures("photos")
    def test_each_has_its_sentence_and_code(
        self, desk: Any, words: list[str], code: int, hint: str
    ) -> None:
        (desk / "empty").mkdir()
        desk.impasto("units", *words).refuses(code, hint)


EARS = """
from impasto.encoders import random_encoder

def net():
    encoder = random_encoder(1, 1, channels=(3, 4))
    encoder.medium, encoder.rate_hz = "audio", 8000.0
    return encoder

def cube():
    return random_encoder(3, 1, channels=(3, 4))
"""


class TestOtherAxes:
    @pytest.fixture(autouse=True)
    def ears(self, desk: Any) -> None:
        """Networks over one and three axes, and a folder without anything that they see."""
        (desk / "ears.py").write_text(EARS)
        (desk / "photos").mkdir()
        desk.picture("photos/a.png", 20, 20, seed=0)

    @pytest.mark.parametrize(
        ("words", "code", "hint"),
        [
            (["photos", "--encoder", "ears:net"], 3, "nothing to look at: no sound (.wav"),
            (["photos", "--encoder", "ears:cube"], 3, "over 3 axes: no volume and no film (.nii"),
            (["photos", "--encoder", "ears:net", "--max-size", "9"], 2, "sounds go through"),
            (["project", "photos/a.png", "conv1_1:0", "--encoder", "ears:net"], 3, "photos/a.png"),
            (["maximize", "conv1_1:9", "--encoder", "ears:net"], 2, "units from 0 to 2"),
            (["maximize", "conv1_1:0", "--encoder", "ears:cube", "-o", "a.txt"], 2, ".txt"),
        ],
    )
    def test_each_fault_has_its_sentence_and_code(
        self, desk: Any, words: list[str], code: int, hint: str
    ) -> None:
        desk.impasto("units", *words).refuses(code, hint)

    @pytest.mark.parametrize("network", ["net", "cube"])
    def test_maximize_draws_what_it_made(self, desk: Any, network: str) -> None:
        words = ("units", "maximize", "relu2_1:1", "--encoder", f"ears:{network}", "--size", "12")
        desk.impasto(*words, "-o", "unit.png").succeeds()
        assert desk.pixels("unit.png").shape == (384, 384, 3)
        assert desk.pixels("unit.png").std() > 5


@pytest.mark.usefixtures("photos")
class TestOneUnit:
    @pytest.mark.parametrize("method", ["deconvnet", "guided", "gradient"])
    def test_project(self, desk: Any, method: str) -> None:
        words = ("units", "project", "photos/0.png", "relu2_1:5", "--method", method)
        desk.impasto(*words, "-o", "projection.png").succeeds()
        assert desk.pixels("projection.png").std() > 1

    def test_occlude(self, desk: Any) -> None:
        words = ("units", "occlude", "photos/0.png", "relu3_1:5", "--square", "16")
        desk.impasto(*words, "--stride", "16").succeeds()
        assert desk.pixels("relu3_1-5.png").std() > 1

    def test_maximize(self, desk: Any) -> None:
        words = ("units", "maximize", "relu1_2:3", "--size", "32")
        desk.impasto(*words, "-o", "unit.png").succeeds()
        assert desk.pixels("unit.png").shape == (32, 32, 3)
