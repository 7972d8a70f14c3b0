"""The bar on the terminal, and none elsewhere."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from impasto import StylizeSettings, stylize_steps
from impasto.cli.progress import Bar
from impasto.engine.blocks import counting


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, *, quiet: bool = False) -> str:
    monkeypatch.setattr(sys, "stderr", stream)
    layers = {"content_layers": {"relu1_1": 1.0}, "style_layers": {"relu1_1": 1.0}}
    settings = StylizeSettings(size=32, steps=3, levels=2, **layers)
    with Bar("[b]photo[/x]", quiet=quiet) as bar:
        for step in stylize_steps("red_panda", "harvest", settings=settings):
            bar.show(step)
    return stream.getvalue()


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


def test_a_terminal_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(monkeypatch, Terminal())
    for news in ("[b]photo[/x]", "100%", "level 2/2 (32×", "step 3/3", "J ", "content ", "style "):
        assert news in text
    assert "MP-steps/s, 0:00 left" in text


@pytest.mark.parametrize("case", ["no terminal", "quiet", "dumb"])
def test_nothing_else_sees_anything(monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # which makes Rich take any stream for a terminal
    if case == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    stream: Any = io.StringIO() if case == "no terminal" else Terminal()
    assert shown(monkeypatch, stream, quiet=case == "quiet").strip() == ""


def test_the_bar_moves_within_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    layers = {"content_layers": {"relu1_1": 1.0}, "style_layers": {"relu1_1": 1.0}}
    settings = StylizeSettings(size=32, steps=4, levels=1, **layers)
    with Bar("photo", quiet=False) as bar:
        for step in stylize_steps("red_panda", "harvest", settings=settings):
            bar.show(step)
            if step.index == 1:
                break
        (task,) = bar.progress.tasks
        assert task.completed == 0.25
        with counting(4) as tick:
            tick()
            tick()
            bar.progress.refresh()
            assert task.completed == 0.375
        bar.progress.refresh()
        assert task.completed == 0.375  # never back
    assert "block 3/4" in stream.getvalue()
