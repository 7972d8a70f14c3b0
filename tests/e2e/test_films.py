"""Films, from the command line."""

from __future__ import annotations

import json
import signal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import torch

from impasto import media
from impasto.media.video import Frame, read_note, write_frames

FEW = ("--size", "48", "--steps", "2", "--levels", "1")


@pytest.fixture
def film(desk: Any) -> Path:
    """Four frames of 48 x 64 in which a bright square moves."""
    frames = []
    for number in range(4):
        picture = torch.linspace(0.2, 0.7, 64).expand(3, 48, 64).clone()
        picture[0, 10:30, 10 + 3 * number : 30 + 3 * number] = 1
        frames.append(Frame(picture, Fraction(number, 10)))
    write_frames(frames, desk / "film.mp4", rate_hz=10)
    path: Path = desk / "film.mp4"
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".webm", ".gif"])
def test_a_film_takes_after_a_picture(desk: Any, film: Path, suffix: str) -> None:
    words = ("stylize", "film.mp4", "--style", "style.png", *FEW, "-o", f"out{suffix}", "--json")
    outcome = desk.impasto(*words, "--plot", "costs.png", "--trace", "trace.jsonl")
    outcome.succeeds()
    made = media.read(desk / f"out{suffix}")
    assert (made.medium, made.samples.shape) == ("video", (3, 4, 36, 48))
    assert float(made.meta["times"][-1]) == pytest.approx(0.3, abs=1e-3)
    assert json.loads(outcome.stdout)["terms"]["temporal"] >= 0
    assert len((desk / "trace.jsonl").read_text().splitlines()) == 12
    assert desk.pixels("costs.png").size
    assert desk.leftovers() == []


def test_the_result_is_named_after_content_and_style(desk: Any, film: Path) -> None:
    desk.impasto("stylize", "film.mp4", "--style", "style.png", *FEW).succeeds()
    assert (desk / "film_style.mp4").exists()


def test_a_film_tells_how_it_was_made_and_is_made_again(desk: Any, film: Path) -> None:
    desk.impasto("stylize", "film.mp4", "--style", "style.png", *FEW, "-o", "out.mp4").succeeds()
    told = json.loads(read_note(desk / "out.mp4") or "")
    assert told["end"] == {"part": 3, "level": 0, "step": 2}
    desk.impasto("rerun", "out.mp4", "-o", "again.mp4").succeeds()
    first, again = (media.read(desk / name).samples for name in ("out.mp4", "again.mp4"))
    assert torch.equal(first, again)


def test_an_interrupted_film_is_kept_as_far_as_it_is(desk: Any, film: Path) -> None:
    process = desk.start(
        "stylize", "film.mp4", "--style", "style.png", "-o", "out.mp4",
        "--trace", "trace.jsonl", "--size", "48", "--steps", "60", "--levels", "1",
    )  # fmt: skip

    def in_second_frame() -> bool:
        trace = desk / "trace.jsonl"
        return trace.exists() and '"part": 1' in trace.read_text()

    desk.wait_until(in_second_frame, process)
    process.send_signal(signal.SIGINT)
    outcome = desk.end(process)
    assert outcome.code == 130
    assert "The film so far (frame " in outcome.stderr
    assert media.read(desk / "out.partial.mp4").samples.shape[1] >= 2
    assert not (desk / "out.mp4").exists()


def test_a_killed_film_goes_on_where_a_frame_ended(desk: Any, film: Path) -> None:
    words = (
        "stylize", "film.mp4", "--style", "style.png", "-o", "out.mp4", *FEW,
        "--checkpoint", "state", "--checkpoint-every", "0",
    )  # fmt: skip
    process = desk.start(*words)
    desk.wait_until((desk / "state").exists, process)
    process.kill()
    desk.end(process)
    desk.impasto(*words).succeeds()
    assert not (desk / "state").exists()
    assert not (desk / "state.pieces").exists()
    desk.impasto(*words[:5], "whole.mp4", *FEW).succeeds()
    made, whole = (media.read(desk / name).samples for name in ("out.mp4", "whole.mp4"))
    assert torch.equal(made, whole)


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (("film.mp4", "--style", "style.png", "-o", "out.png"), 2, ".mp4"),
        (("film.mp4", "--style", "film.mp4"), 2, "a film with a picture"),
        (("photo.png", "--style", "film.mp4"), 2, "no style for a picture"),
        (("film.mp4", "--style", "style.png", "--mask", "a.png", "b.png"), 2, "takes none"),
        (("film.mp4", "--style", "style.png", "--sheet", "a.png"), 2, "--sheet"),
        (("film.mp4", "--style", "style.png", "-o", "-"), 2, "name a file"),
        (("film.mp4", "--style", "style.png", "--encoder", "vgg19-inflated"), 2, "3 axes"),
        (("broken.mp4", "--style", "style.png"), 3, "no film, or damaged"),
        (("empty.webm", "--style", "style.png"), 3, "no film, or damaged"),
    ],
)
def test_what_goes_wrong_is_told(
    desk: Any, film: Path, words: tuple[str, ...], code: int, hint: str
) -> None:
    (desk / "broken.mp4").write_bytes(film.read_bytes()[:700])
    (desk / "empty.webm").touch()
    desk.impasto("stylize", *words).refuses(code, hint)


def test_a_film_that_breaks_off_is_stylized_and_that_is_said(desk: Any, film: Path) -> None:
    noise = torch.rand(9, 3, 48, 64, generator=torch.Generator().manual_seed(0))
    frames = [Frame(picture, Fraction(n, 10)) for n, picture in enumerate(noise)]
    write_frames(frames, film, rate_hz=10)
    (desk / "cut.mp4").write_bytes(film.read_bytes()[: film.stat().st_size * 2 // 3])
    outcome = desk.impasto("stylize", "cut.mp4", "--style", "style.png", *FEW, "-o", "out.mp4")
    assert outcome.code == 0
    assert "cut.mp4 breaks off: of 9 frames it holds" in outcome.stderr
    assert 0 < media.read(desk / "out.mp4").samples.shape[1] < 9


def test_a_gif_that_stands_still_is_a_picture(desk: Any) -> None:
    desk.picture("still.gif", 64, 48, mode="L")
    desk.impasto("stylize", "still.gif", "--style", "style.png", *FEW, "-o", "o.png").succeeds()
    assert desk.pixels("o.png").shape == (36, 48, 3)
