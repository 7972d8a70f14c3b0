from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from impasto import media
from impasto.errors import InputError, UsageError
from impasto.signal import Signal


def test_a_picture_goes_out_and_in(tmp_path: Path) -> None:
    signal = Signal(torch.full((3, 4, 5), 0.2))
    media.write(signal, tmp_path / "a.PNG", bits=16, note="n")
    for source in (tmp_path / "a.PNG", str(tmp_path / "a.PNG"), (tmp_path / "a.PNG").read_bytes()):
        again = media.read(source)
        torch.testing.assert_close(again.samples, signal.samples)


def test_a_signal_is_returned_as_it_is() -> None:
    signal = Signal(torch.zeros(2, 10), medium="sound")
    assert media.read(signal) is signal


def test_an_unknown_suffix_is_read_as_a_picture(tmp_path: Path) -> None:
    media.write(Signal(torch.zeros(3, 4, 5)), tmp_path / "a.png")
    (tmp_path / "a.png").rename(tmp_path / "a")
    assert media.read(tmp_path / "a").space == (4, 5)


def test_the_limit_is_passed_on() -> None:
    media.read(np.zeros((4, 5)), max_pixels=1)  # arrays are in memory already
    with pytest.raises(InputError, match="missing"):
        media.read("missing.png", max_pixels=1)


def test_an_unknown_suffix_is_not_written(tmp_path: Path) -> None:
    signal = Signal(torch.zeros(3, 4, 5))
    for name in ("a.gif", "a", "a.jgp"):
        with pytest.raises(UsageError, match="suffix"):
            media.write(signal, tmp_path / name)
    assert list(tmp_path.iterdir()) == []
