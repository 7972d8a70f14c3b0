"""Run the installed command `impasto` on small pictures, with the real network."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

IMPASTO = (str(Path(sys.executable).with_name("impasto")),)
PATIENCE = 400.0  # seconds; most commands take two on an idle machine, and ten on a slow one
SMALL = ("--size", "32", "--steps", "2", "--levels", "1")

Word = str | os.PathLike[str]


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it said."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def lines(self) -> list[str]:
        return self.stderr.splitlines()

    def succeeds(self) -> None:
        """Check that it worked and said nothing but what it made."""
        assert self.code == 0, self.stderr
        assert len(self.lines) <= 1, self.stderr

    def refuses(self, code: int, *hints: str) -> None:
        """Check an error: the exit code, and one or two lines that name what matters."""
        assert self.code == code, self.stderr
        assert self.stdout == b""
        assert 1 <= len(self.lines) <= 2, self.stderr
        assert all(line.startswith("impasto: ") for line in self.lines), self.stderr
        for hint in hints:
            assert hint in self.stderr


@dataclass
class Desk:
    """A folder with pictures, and commands that run in it.

    torchvision is blocked for every one of them, so that each proves to work without it.
    """

    folder: Path
    python_path: list[Path]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    def picture(
        self, name: str, width: int, height: int, *, seed: int = 0, mode: str = "RGB"
    ) -> Path:
        """Save a picture of soft blobs."""
        bands = len(Image.new(mode, (1, 1)).getbands())
        blobs = np.random.default_rng(seed).integers(0, 256, (6, 8, bands), np.uint8)
        image = Image.fromarray(blobs.squeeze()).resize((width, height), Image.Resampling.BICUBIC)
        image.save(self / name)
        return self / name

    def pixels(self, name: str) -> NDArray[Any]:
        """Decode a picture whole, shape (h, w) or (h, w, c)."""
        with Image.open(self / name) as image:
            return np.asarray(image)

    def start(
        self,
        *words: Word,
        program: tuple[str, ...] = IMPASTO,
        env: Mapping[str, str] = {},
        stdout: int | IO[bytes] = subprocess.PIPE,
        stderr: int | IO[bytes] = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """Start a command, with Ctrl-C as effective as in a terminal."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            process = subprocess.Popen(
                [*program, *words],
                cwd=self.folder,
                env=self._environment(env),
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=stderr,
            )
        finally:
            signal.signal(signal.SIGINT, before)
        self.running.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes], stdin: bytes | None = None) -> Outcome:
        """Wait until a command has ended."""
        stdout, stderr = process.communicate(stdin, timeout=PATIENCE)
        return Outcome(process.returncode, stdout or b"", (stderr or b"").decode())

    def impasto(
        self, *words: Word, stdin: bytes | None = None, env: Mapping[str, str] = {}
    ) -> Outcome:
        """Run a command."""
        return self.end(self.start(*words, env=env), stdin)

    def stylize(
        self, *options: Word, content: Word = "photo.png", style: str = "style.png"
    ) -> Outcome:
        """Stylize a picture in two steps at 32 pixels, or as the options say."""
        return self.impasto("stylize", content, "--style", style, *SMALL, *options)

    def wait_until(self, happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
        """Look again and again, as long as a command is running."""
        deadline = time.monotonic() + PATIENCE
        while not happened():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.002)

    def leftovers(self) -> list[Path]:
        """Return temporary files that should be gone."""
        return list(self.folder.rglob(".*"))

    def _environment(self, changes: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "COLOR" not in name}
        known = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
        path = os.pathsep.join([*map(str, self.python_path), *map(os.path.abspath, known)])
        return {**kept, "OMP_NUM_THREADS": "1", "PYTHONPATH": path, **changes}


@pytest.fixture(scope="session")
def blocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for PYTHONPATH in which torchvision cannot be imported."""
    folder = tmp_path_factory.mktemp("blocked")
    (folder / "torchvision.py").write_text("raise ImportError('torchvision is blocked')\n")
    return folder


@pytest.fixture
def desk(tmp_path: Path, blocked: Path) -> Iterator[Desk]:
    """A folder with photo.png, 64 x 48, and style.png, 60 x 60."""
    desk = Desk(tmp_path, [blocked])
    desk.picture("photo.png", 64, 48, seed=1)
    desk.picture("style.png", 60, 60, seed=2)
    yield desk
    for process in desk.running:
        with process:  # which closes its pipes and waits
            process.kill()
