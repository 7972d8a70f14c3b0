"""What a run says, to people and to programs, and what it leaves behind besides the picture."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import re
import struct
import termios
import xml.etree.ElementTree
from typing import Any

import numpy as np
import pytest
from PIL import Image


def test_everything_that_can_be_seen(desk: Any) -> None:
    words = "--steps 4 --json --quiet --trace trace --plot plot.png --sheet sheet.jpg".split()
    words += "--film film.gif --snapshots shots --every 2 -o out.png".split()
    outcome = desk.stylize(*words)
    outcome.succeeds()
    assert outcome.stderr == ""

    report = json.loads(outcome.stdout)
    assert report["output"] == "out.png"
    assert report["total"] == pytest.approx(sum(report["terms"].values()), rel=1e-5)
    assert {name.partition(":")[0] for name in report["terms"]} >= {"content", "style"}
    assert report["settings"]["steps"] == 4
    assert report["seconds"] > 0

    records = [json.loads(line) for line in (desk / "trace").read_text().splitlines()]
    assert len(records) == 5
    times = [record["elapsed_seconds"] for record in records]
    assert 0 < times[0] <= times[-1] == report["seconds"]
    for number, record in enumerate(records):
        assert (record["level"], record["step"]) == (0, number)
        assert (record["width"], record["height"]) == (32, 24)
        assert record["total"] == pytest.approx(
            sum(record[name] for name in report["terms"]), rel=1e-5
        )
    assert records[-1]["total"] == report["total"] < records[0]["total"]

    assert desk.pixels("plot.png").std() > 1
    height, width, _ = desk.pixels("sheet.jpg").shape
    assert height == 384
    assert width == 512 + 384 + 512 + 2 * 8  # photo, style, result
    with Image.open(desk / "film.gif") as film:
        assert film.format == "GIF"
        assert film.size == (32, 24)
        assert film.n_frames > 2
    shots = sorted(path.name for path in (desk / "shots").iterdir())
    assert shots == ["00000.png", "00002.png", "00004.png"]
    assert np.array_equal(desk.pixels("shots/00004.png"), desk.pixels("out.png"))
    assert not np.array_equal(desk.pixels("shots/00002.png"), desk.pixels("out.png"))
    desk.impasto("rerun", "shots/00002.png", "-o", "shot.png").succeeds()
    assert (desk / "shot.png").read_bytes() == (desk / "shots" / "00002.png").read_bytes()
    assert desk.leftovers() == []


def test_from_stdin_to_stdout(desk: Any) -> None:
    words = "stylize - --style style.png --size 32 --steps 2 --levels 1 -o -".split()
    words += "--film film.webp --plot plot.svg".split()
    outcome = desk.impasto(*words, stdin=(desk / "photo.png").read_bytes())
    assert outcome.code == 0
    assert re.fullmatch(r"stdout: J \S+ after \S+ s\n", outcome.stderr)
    desk.stylize("-o", "out.png").succeeds()
    with Image.open(io.BytesIO(outcome.stdout)) as image:
        assert image.format == "PNG"
        assert np.array_equal(np.asarray(image), desk.pixels("out.png"))
    with Image.open(desk / "film.webp") as film:
        assert film.format == "WEBP"
        assert film.n_frames > 1
    svg = xml.etree.ElementTree.parse(desk / "plot.svg").getroot()
    assert svg.tag.endswith("svg")


@pytest.mark.parametrize("colorless", [False, True], ids=["in color", "NO_COLOR"])
def test_a_terminal_shows_a_live_bar(desk: Any, colorless: bool) -> None:
    (desk / "[red]p[/x].png").parent.mkdir()
    desk.picture("[red]p[/x].png", 64, 48)
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    words = "--style style.png --size 32 --steps 3 --levels 1 -o out.png".split()
    env = {"TERM": "xterm-256color"} | ({"NO_COLOR": "1"} if colorless else {})
    process = desk.start("stylize", "[red]p[/x].png", *words, stderr=theirs, env=env)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 1 << 16):
            shown += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    outcome = desk.end(process)
    assert (outcome.code, outcome.stdout) == (0, b"")
    text = shown.decode()
    assert "x] " in text  # the name is no markup
    assert "━" in text
    assert "100%" in text
    assert re.search(r"level 1/1 \(32×24\)  step 3/3  J \S+  content \S+  style \S+", text)
    assert "MP-steps/s" in text
    assert "0:00 left" in text
    assert text.rstrip().splitlines()[-1].endswith("s")
    colors = re.findall(r"\x1b\[[\d;]*m", text)
    assert all(color == "\x1b[0m" for color in colors) if colorless else colors
