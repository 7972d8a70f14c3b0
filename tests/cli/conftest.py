"""Call commands inside the test process."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import pytest
from PIL import Image

from impasto.cli.main import main


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


class Calling(Protocol):
    def __call__(self, *words: str) -> Outcome: ...


@pytest.fixture
def call(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Calling]:
    """Run `impasto` with some words in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGTERM)

    def run(*words: str) -> Outcome:
        with pytest.raises(SystemExit) as ended:
            main(list(words))
        code = ended.value.code
        assert isinstance(code, int)
        return Outcome(code, *capsys.readouterr())

    yield run
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def pictures(tmp_path: Path) -> None:
    """Save photo.png and style.png."""
    for seed, name in enumerate(("photo.png", "style.png")):
        noise = np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / name)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Note what `impasto stylize` would do with one content, instead of doing it."""
    calls: list[dict[str, Any]] = []

    def note(job: Any, content: str, output: Any, extras: Any, checkpoint: Any, **_: Any) -> Any:
        calls.append(
            {
                "job": job,
                "content": content,
                "output": output,
                "extras": extras,
                "checkpoint": checkpoint,
            }
        )
        return {}

    monkeypatch.setattr("impasto.cli.stylize.one", note)
    return calls
