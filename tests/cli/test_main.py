"""What an error looks like."""

from __future__ import annotations

import io
import sys
from typing import Any

import pytest

from impasto import errors


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let `impasto stylize a -s b` fail with an error."""

    def fail_with(error: BaseException) -> None:
        def fail(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr("impasto.cli.stylize.one", fail)

    return fail_with


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ImpastoError("Told."), 1),
        (errors.DivergedError("Told."), 1),
        (errors.OutputError("Told."), 1),
        (errors.UsageError("Told."), 2),
        (errors.ShapeError("Told."), 2),
        (errors.InputError("Told."), 3),
        (errors.WeightsError("Told."), 4),
        (errors.OutOfMemoryError("Told."), 5),
    ],
)
def test_our_errors_are_one_sentence(call: Any, failing: Any, error: Exception, code: int) -> None:
    failing(error)
    outcome = call("stylize", "a", "-s", "b")
    assert outcome == (code, "", "impasto: Told.\n")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:127] can't allocate memory"),
    ],
    ids=["python", "torch"],
)
def test_memory_that_runs_out_is_told(call: Any, failing: Any, error: Exception) -> None:
    failing(error)
    outcome = call("stylize", "a", "-s", "b")
    assert outcome.code == 5
    assert outcome.err == "impasto: There is not enough memory. Try a smaller --size.\n"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device", "a.png"), "a.png: No space left on device."),
        (OSError(5, "Input/output error"), "Input/output error."),
        (OSError("odd"), "odd."),
    ],
)
def test_an_error_of_the_system_is_told(
    call: Any, failing: Any, error: Exception, told: str
) -> None:
    failing(error)
    assert call("stylize", "a", "-s", "b") == (1, "", f"impasto: {told}\n")


def test_an_unforeseen_error_asks_for_a_report(call: Any, failing: Any) -> None:
    failing(KeyError("weird"))
    outcome = call("stylize", "a", "-s", "b")
    assert outcome.code == 1
    assert "unforeseen failed (KeyError: 'weird')" in outcome.err
    assert "--debug" in outcome.err
    assert "Traceback" not in outcome.err


@pytest.mark.parametrize("words", ["--debug stylize a -s b", "stylize a -s b --debug"])
def test_debug_shows_the_traceback(call: Any, failing: Any, words: str) -> None:
    failing(KeyError("weird"))
    outcome = call(*words.split())
    assert outcome.code == 1
    assert outcome.err.startswith("Traceback")
    assert "unforeseen" in outcome.err


def test_an_interruption_is_told(call: Any, failing: Any) -> None:
    failing(KeyboardInterrupt())
    assert call("stylize", "a", "-s", "b") == (130, "", "impasto: Interrupted.\n")


def test_readers_may_go_away(call: Any, failing: Any) -> None:
    failing(BrokenPipeError(32, "Broken pipe"))
    outcome = call("stylize", "a", "-s", "b")
    assert (outcome.code, outcome.err) == (1, "")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["stylize"], "content"),
        (["stylize", "a", "--steps", "x"], "--steps"),
        (["stylize", "a", "--nonsense"], "--nonsense"),
        (["nonsense"], "nonsense"),
    ],
)
def test_a_wrong_command_line_points_to_the_help(call: Any, words: list[str], told: str) -> None:
    outcome = call(*words)
    assert outcome.code == 2
    (line,) = outcome.err.splitlines()
    assert line.startswith("impasto: ")
    assert told in line
    assert "--help'." in line
    assert ".." not in line


def test_stdout_may_be_closed(call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert call("samples").code == 0


def test_stdout_that_cannot_be_written_is_told(
    call: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

        def fileno(self) -> int:
            return spare.fileno()

    with (tmp_path / "spare").open("w") as spare:
        monkeypatch.setattr(sys, "stdout", Full())
        outcome = call("samples")
    assert outcome.code == 1
    assert outcome.err == "impasto: stdout cannot be written: No space left on device.\n"
