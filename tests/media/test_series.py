from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from impasto.errors import InputError, UsageError
from impasto.media import medium_of, read, series, write
from impasto.signal import Signal


def test_columns_are_channels_and_the_time_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Time (s);I;II\n0;1;2\n0.004;3;4.5\n0.008;5;6\n")
    signal = read(path)
    assert (signal.medium, medium_of(path)) == ("series", "series")
    assert signal.samples.tolist() == [[1, 3, 5], [2, 4.5, 6]]
    assert signal.meta["rate_hz"] == pytest.approx(250)
    write(signal, path)
    assert path.read_text() == "Time (s);I;II\n0;1;2\n0.004;3;4.5\n0.008;5;6\n"


@pytest.mark.parametrize(
    ("text", "channels", "rate"),
    [
        ("1,5\n2,3\n3,9\n", 1, 1.0),  # rises evenly, so it is a clock
        ("1,5\n2,3\n9,9\n", 2, None),
        ("1\n2\n3\n", 1, None),  # alone, so it is what is measured
        ("ms,x\n0,5\n2,3\n4,9\n", 1, 500.0),
        ("time_ms,x\n0,5\n2,3\n4,9\n", 1, 500.0),
        ("x\ty\n\n4\t3\n\n5\t9\n9\t9\n", 2, None),  # empty lines are skipped
    ],
)
def test_a_time_is_recognized(text: str, channels: int, rate: float | None) -> None:
    signal = series.read(text.encode())
    assert len(signal.samples) == channels
    assert signal.meta.get("rate_hz") == (rate and pytest.approx(rate))


@pytest.mark.parametrize("shape", [(50,), (50, 2)])
def test_arrays(tmp_path: Path, shape: tuple[int, ...]) -> None:
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.save(tmp_path / "a.npy", values)
    signal = read(tmp_path / "a.npy")
    assert (signal.medium, signal.space) == ("series", (50,))
    write(signal, tmp_path / "b.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "b.npy"), values)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a,b\n1,2\n3\n", "Line 3 of .* has 1 columns instead of 2"),
        ("a,b\n1,2\n3,\n", "Line 3 of .* has '' in column 2"),
        ("1,2\n3,nan\n", "Line 2 of .* has 'nan' in column 2"),
        ("1,2\n3,four\n", "Line 2 of .* has 'four' in column 2"),
        ("", "is empty"),
        ("a,b\n", "is empty"),
        ("time,b\n3,1\n2,1\n1,5\n", "times in .* do not rise"),
    ],
)
def test_broken_tables(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "broken.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=told) as raised:
        read(path)
    assert "broken.csv" in str(raised.value)


def test_other_faults(tmp_path: Path) -> None:
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "cut.npy").write_bytes(b"\x93NUMPY\x01")
    np.save(tmp_path / "objects.npy", np.array([{}, {}]), allow_pickle=True)
    np.save(tmp_path / "infinite.npy", np.array([1.0, np.inf]))
    for name, told in (
        ("bytes.csv", "is no text"),
        ("cut.npy", "is damaged"),
        ("objects.npy", "Python objects"),
        ("infinite.npy", "not finite"),
        ("missing.csv", "No such file"),
    ):
        with pytest.raises(InputError, match=told):
            read(tmp_path / name)
    with pytest.raises(UsageError, match=r"suffix \.xls"):
        series.encode(Signal(torch.zeros(1, 5), "series"), ".xls")
