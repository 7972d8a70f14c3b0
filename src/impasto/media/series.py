"""Series: tables and arrays of numbers over time, read as signals of shape (channel, t)."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray

from impasto.errors import InputError
from impasto.media.files import atomic_write, unwritten
from impasto.signal import Signal

INPUT_SUFFIXES = (".csv", ".npy")
OUTPUT_SUFFIXES = INPUT_SUFFIXES

SeriesSource = str | os.PathLike[str] | bytes | BinaryIO
Numbers = NDArray[np.float64]

_SEPARATORS = ",;\t"
_TIME = re.compile(r"(t|times?|timestamps?|secs?|seconds?|ms|millis\w*|zeit)(?![a-z])", re.I)
_MILLISECONDS = re.compile(r"(?<![a-z])(ms|millis\w*)(?![a-z])", re.I)
_EVEN = 1e-3  # relative: how much the steps of a clock may differ


def read(source: SeriesSource) -> Signal:
    """Read a series.

    Of a table the columns are the channels, and a first line without numbers names them. A first
    column that is called time, or that rises in even steps beside others, is the time in seconds
    (or in milliseconds, if its name says so). An array has shape (t,) or (t, channel).

    Args:
        source: A path, the bytes of a file, or a binary stream.
    Returns:
        Samples of shape (channel, t), float32, in the units of the file. meta: "rate_hz" if there
        is a time, "times" as the file has them, shape (t,), "names" of all columns, "separator".
    Raises:
        InputError: If the source is missing, empty or no series, a line has more or fewer columns
            than the first, or a value is missing or no finite number.
    """
    name, data = _content(source)
    if data.startswith(b"\x93NUMPY"):
        return _from_array(_array(data, name), name)
    return _from_table(data, name)


def write(signal: Signal, path: str | os.PathLike[str], *, note: str | None = None) -> None:
    """Write a series, whole or not at all.

    Args:
        signal: With the samples and the meta of `read`.
        path: Where to; the suffix says which kind of file it becomes.
        note: Has no place in these files, and is left out.
    Raises:
        UsageError: If the suffix is unknown.
        OSError: If the file cannot be written.
    """
    target = Path(path)
    data = encode(signal, target.suffix, note=note)
    with atomic_write(target) as temporary:
        temporary.write_bytes(data)


def encode(signal: Signal, suffix: str, *, note: str | None = None) -> bytes:  # noqa: ARG001
    """Return the bytes that `write` writes."""
    check_output(suffix)
    columns = signal.samples.T.double().numpy()
    if suffix.lower() == ".npy":
        stream = io.BytesIO()
        np.save(stream, columns.astype(np.float32).squeeze())
        return stream.getvalue()
    times = signal.meta.get("times")
    if times is not None and len(times) == len(columns):
        columns = np.column_stack([times, columns])
    text = io.StringIO()
    writer = csv.writer(text, delimiter=signal.meta.get("separator", ","), lineterminator="\n")
    names = signal.meta.get("names", ())
    if len(names) == columns.shape[1]:
        writer.writerow(names)
    writer.writerows([f"{value:.9g}" for value in row] for row in columns)
    return text.getvalue().encode()


def check_output(suffix: str) -> None:
    """Refuse a kind of file that cannot be written, before any work is done.

    Raises:
        UsageError: If the suffix is unknown.
    """
    if suffix.lower() not in OUTPUT_SUFFIXES:
        raise unwritten(suffix, OUTPUT_SUFFIXES, "Series")


def read_note(_source: SeriesSource) -> str | None:
    """Return None: these files have no place for a note."""
    return None


def _content(source: SeriesSource) -> tuple[str, bytes]:
    """Return what a source is called, and its bytes."""
    if isinstance(source, bytes):
        return "The series", source
    if not isinstance(source, str | os.PathLike):
        return str(getattr(source, "name", "The series")), source.read()
    try:
        return os.fspath(source), Path(source).read_bytes()
    except OSError as error:
        raise InputError(f"{os.fspath(source)} cannot be read: {error.strerror}.") from None


def _array(data: bytes, name: str) -> NDArray[Any]:
    try:
        values: NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise InputError(f"{name} is damaged, or holds Python objects ({error}).") from None
    return values


def _from_array(values: NDArray[Any], name: str) -> Signal:
    if values.ndim not in (1, 2) or not values.size or values.dtype.kind not in "iufb":
        raise InputError(
            f"{name} holds {values.dtype} of shape {values.shape}, and a series is real numbers of "
            "shape (t,) or (t, channel)."
        )
    return _signal(values.reshape(len(values), -1).astype(np.float64), name, {})


def _from_table(data: bytes, name: str) -> Signal:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{name} is no text, and no array of NumPy either.") from None
    separator = max(_SEPARATORS, key=text.partition("\n")[0].count)
    try:
        lines = list(csv.reader(io.StringIO(text), delimiter=separator))
    except csv.Error as error:
        raise InputError(f"{name} is no table ({error}).") from None
    rows = [(number, row) for number, row in enumerate(lines, start=1) if any(map(str.strip, row))]
    names: list[str] = []
    if rows and all(_number(cell) is None for cell in rows[0][1]):
        names = [cell.strip() for cell in rows.pop(0)[1]]
    if not rows:
        raise InputError(f"{name} is empty: it holds no numbers.")
    table = _numbers(rows, name, names)
    times = table[:, 0] if _is_time(table, names) else None
    meta: dict[str, Any] = {"separator": separator}
    if names:
        meta["names"] = tuple(names)
    if times is not None:
        unit = 1e-3 if names and _MILLISECONDS.search(names[0]) else 1.0
        step = float(np.median(np.diff(times))) * unit
        if not step > 0:
            raise InputError(f"The times in {name} do not rise.")
        meta |= {"times": times, "rate_hz": 1 / step}
        table = table[:, 1:]
    return _signal(table, name, meta)


def _numbers(rows: Sequence[tuple[int, list[str]]], name: str, names: Sequence[str]) -> Numbers:
    """Turn numbered lines into numbers, shape (t, column)."""
    width = len(names) or len(rows[0][1])
    table = np.empty((len(rows), width))
    for place, (line, row) in enumerate(rows):
        if len(row) != width:
            raise InputError(f"Line {line} of {name} has {len(row)} columns instead of {width}.")
        for column, cell in enumerate(row):
            value = _number(cell)
            if value is None or not np.isfinite(value):
                raise InputError(
                    f"Line {line} of {name} has {cell.strip()!r} in column {column + 1}, which is "
                    "no finite number: fill the gap, or leave the line out."
                )
            table[place, column] = value
    return table


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _is_time(table: Numbers, names: Sequence[str]) -> bool:
    """Tell whether the first of several columns is the time."""
    if table.shape[1] < 2 or len(table) < 2:
        return False
    if names and _TIME.match(names[0]):
        return True
    steps = np.diff(table[:, 0])
    return bool(steps.min() > 0 and np.ptp(steps) <= _EVEN * steps.mean() + 1e-9)


def _signal(table: Numbers, name: str, meta: dict[str, Any]) -> Signal:
    if not np.isfinite(table).all():
        place = tuple(int(n) for n in np.argwhere(~np.isfinite(table))[0])
        raise InputError(f"{name} has a number that is not finite, at {place}.")
    return Signal(torch.from_numpy(np.ascontiguousarray(table.T, np.float32)), "series", meta)
