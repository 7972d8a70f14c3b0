"""Exit code 1: the work failed, and nothing is lost."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from impasto import stylize

# Adam on pixels, from the content: after one step, the content cost is the same whatever α is.
STEEP = {"objective": "paper", "optimizer": "adam", "canvas": "samples", "precision": "float32"}
STEEP_WORDS = [word for name, value in STEEP.items() for word in (f"--{name}", value)]
LARGEST = 3.4e38  # float32


def test_a_cost_that_is_not_finite_at_the_start_is_told(desk: Any) -> None:
    desk.stylize("--content-weight", "1e300", "-o", "out.png").refuses(1, "not finite")
    assert not (desk / "out.png").exists()


def test_the_last_good_picture_is_kept_if_stepping_back_does_not_help(desk: Any) -> None:
    (desk / "out.png").write_text("older")
    outcome = desk.stylize(*STEEP_WORDS, "--content-weight", "1e36", "-o", "out.png")
    outcome.refuses(1, "level 1, step 0", "out.partial.png", "not finite")
    assert desk.pixels("out.partial.png").shape == (24, 32, 3)
    assert (desk / "out.png").read_text() == "older"
    assert desk.leftovers() == []


def test_it_steps_back_and_goes_on(desk: Any) -> None:
    weight = 1e32
    pictures = desk / "photo.png", desk / "style.png"
    tame = stylize(*pictures, size=32, steps=1, levels=1, content_weight=1.0, **STEEP)
    assert tame.terms["content:relu4_2"] * weight > LARGEST
    words = ["--content-weight", str(weight), "--trace", "trace", "-o", "out.png"]
    desk.stylize(*STEEP_WORDS, *words).succeeds()
    costs = [json.loads(line)["total"] for line in (desk / "trace").read_text().splitlines()]
    assert len(costs) == 3
    assert max(costs) < LARGEST


def mount(folder: Path) -> bool:
    """Make a folder a disk of 8 KB, if the system allows that."""
    if os.geteuid() != 0 or not shutil.which("mount"):
        return False
    words = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", folder]
    return subprocess.run(words, capture_output=True).returncode == 0


# What Python runs at its start: for one folder it plays a disk that is full.
PRETENCE = """
import errno, os, pathlib

write = pathlib.Path.write_bytes

def write_bytes(path, data):
    if path.parent == pathlib.Path({folder!r}):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    return write(path, data)

pathlib.Path.write_bytes = write_bytes
"""


@pytest.fixture
def full_disk(desk: Any, tmp_path: Path) -> Iterator[Path]:
    """A folder in which files can be made, but nothing be written into them."""
    folder, hook = tmp_path / "disk", tmp_path / "hook"
    folder.mkdir()
    mounted = mount(folder)
    (folder / "out.png").write_text("older")
    if mounted:
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            (folder / "filling").write_bytes(bytes(10_000))
    else:
        hook.mkdir()
        (hook / "sitecustomize.py").write_text(PRETENCE.format(folder=str(folder)))
        desk.python_path.append(hook)
    yield folder
    if mounted:
        subprocess.run(["umount", folder], check=True)


def test_a_full_disk_at_the_end_does_not_lose_the_result(
    desk: Any, full_disk: Path, tmp_path: Path
) -> None:
    (tmp_path / "spare").mkdir()
    outcome = desk.impasto(
        *"stylize photo.png --style style.png --size 32 --steps 2 --levels 1".split(),
        *("-o", full_disk / "out.png"),
        env={"TMPDIR": str(tmp_path / "spare")},
    )
    outcome.refuses(1, str(full_disk / "out.png"), "No space left on device")
    (kept,) = re.findall(r"The result is kept at (.*)\.$", outcome.stderr.strip())
    assert Path(kept).is_relative_to(tmp_path / "spare")
    assert desk.pixels(kept).shape == (24, 32, 3)
    assert (full_disk / "out.png").read_text() == "older"
    assert list(full_disk.glob(".*")) == []


def test_stdout_that_cannot_be_written_does_not_lose_the_result(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "spare").mkdir()
    words = "stylize photo.png --style style.png --size 32 --steps 2 -o -".split()
    with Path("/dev/full").open("wb") as full:
        process = desk.start(*words, stdout=full, env={"TMPDIR": str(tmp_path / "spare")})
        outcome = desk.end(process)
    outcome.refuses(1, "stdout", "No space left on device")
    (kept,) = (tmp_path / "spare").rglob("*.png")
    assert f"kept at {kept}" in outcome.stderr
    assert desk.pixels(str(kept)).shape == (24, 32, 3)
