"""Exit code 130, and runs that are killed: what was made is kept, and can be gone on with."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

ENDLESS = "stylize photo.png --style style.png --size 32 --levels 1 --steps 1000000".split()


def lines_of(path: Path) -> list[str]:
    """Return the lines of a file that is being written, without one that is not whole."""
    return path.read_text().split("\n")[:-1] if path.exists() else []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_keeps_its_picture(desk: Any, number: signal.Signals) -> None:
    (desk / "out.jpg").write_text("older")
    process = desk.start(*ENDLESS, "--trace", "trace", "-o", "out.jpg")
    desk.wait_until(lambda: len(lines_of(desk / "trace")) > 3, process)
    process.send_signal(number)
    outcome = desk.end(process)
    outcome.refuses(130, "level 1, step ", "out.partial.jpg", "Interrupted")
    assert desk.pixels("out.partial.jpg").shape == (24, 32, 3)
    assert (desk / "out.jpg").read_text() == "older"
    assert [json.loads(line)["step"] for line in lines_of(desk / "trace")][:4] == [0, 1, 2, 3]
    assert desk.leftovers() == []


def test_an_interrupted_run_without_a_picture_says_so(desk: Any) -> None:
    process = desk.start("stylize", "-", "--style", "style.png", "-o", "out.png")
    process.stdin.write(bytes(1_000_000))  # returns when the command has begun to read it
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):  # it came a moment before the next read
            process.wait(5)
    assert process.returncode == 130
    assert process.stderr.read() == b"impasto: Interrupted.\n"
    assert sorted(path.name for path in desk.folder.iterdir()) == ["photo.png", "style.png"]


def test_a_killed_run_goes_on_and_ends_with_the_same_picture(desk: Any) -> None:
    """It is killed before the first checkpoint, after one, and on the second level."""
    state, trace, out = desk / "state", desk / "trace", desk / "out.png"
    words = "stylize photo.png --style style.png --size 64 --levels 2 --steps 80".split()
    words += ["--precision", "float32"]

    def steps() -> list[dict[str, float]]:
        """What each step measured, without the time."""
        records = [json.loads(line) for line in lines_of(trace)]
        return [{**record, "elapsed_seconds": None} for record in records]

    desk.impasto(*words, "-o", "whole.png", "--trace", trace).succeeds()
    whole = steps()
    out.write_text("older")

    def start(*more: str) -> subprocess.Popen[bytes]:
        trace.unlink(missing_ok=True)
        return desk.start(*words, "-o", out, "--trace", trace, "--checkpoint", state, *more)

    def kill_when(happened: Callable[[], bool], *more: str) -> None:
        process = start(*more)
        desk.wait_until(happened, process)
        process.kill()
        assert process.wait() == -signal.SIGKILL
        assert out.read_text() == "older"

    kill_when(lambda: len(lines_of(trace)) > 2, "--checkpoint-every", "3600")
    assert not state.exists()
    kill_when(state.exists)
    before = state.read_bytes()

    desk.impasto(*words, "--seed", "5", "--checkpoint", state).refuses(2, str(state), "settings")
    (desk / "damaged").write_bytes(before[:-100])
    desk.impasto(*words, "--checkpoint", "damaged").refuses(3, "damaged", "checkpoint")
    assert state.read_bytes() == before

    kill_when(lambda: any(step["level"] == 1 for step in steps()))
    desk.end(start()).succeeds()
    assert out.read_bytes() == (desk / "whole.png").read_bytes()
    assert not state.exists()
    assert steps() == whole
