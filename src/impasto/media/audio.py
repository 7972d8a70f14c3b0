"""Sounds: read as signals of shape (channel, t) from -1 to 1, and written back."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.errors import InputError, UsageError
from impasto.media.extra import need
from impasto.media.files import atomic_write, unwritten
from impasto.signal import Signal

INPUT_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
OUTPUT_SUFFIXES = INPUT_SUFFIXES

AudioSource = str | os.PathLike[str] | bytes | BinaryIO

_FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}
_DEPTHS = {".wav": ("PCM_16", "PCM_24", "FLOAT"), ".flac": ("PCM_16", "PCM_24")}
_DEPTH = {".wav": "PCM_24", ".flac": "PCM_24", ".ogg": "VORBIS", ".mp3": "MPEG_LAYER_III"}
_START = 2**14  # bytes at the beginning of a file
_BLOCK = 2**16  # samples written at once: libsndfile's Vorbis overflows its stack with many more


class Sound:
    """A sound in a file or in memory, of which only what is asked for is decoded.

    Attributes:
        name: What it is called in messages.
        channels: Number of channels.
        length: Samples of each.
        meta: "rate_hz", the samples a second, and "subtype", how the file stores one.

    Args:
        source: A path, the bytes of a file, a binary stream that can seek, or a signal.
    Raises:
        InputError: If the source is missing, no sound, damaged or empty.
        UsageError: If soundfile is missing.
    """

    def __init__(self, source: AudioSource | Signal) -> None:
        self.name = _name(source)
        if isinstance(source, Signal):
            self.held, self.meta = source.samples, dict(source.meta)
            self.channels, self.length = self.held.shape
            return
        soundfile = need("soundfile", extra="audio")
        file = io.BytesIO(source) if isinstance(source, bytes) else source
        with self._told():
            if isinstance(file, str | os.PathLike):
                with Path(file).open("rb") as stream:  # says more clearly what is wrong with a path
                    _check_start(stream.read(_START), self.name)
            self.file = soundfile.SoundFile(file)
        self.channels, self.length = self.file.channels, len(self.file)
        self.meta = {"rate_hz": float(self.file.samplerate), "subtype": self.file.subtype}
        if not self.length:
            raise InputError(f"{self.name} is empty: it holds no samples.")

    def read(self, start: int = 0, stop: int | None = None) -> Signal:
        """Decode a stretch.

        Args:
            start: Its first sample.
            stop: Where it ends; None for the end of the sound.
        Returns:
            Samples of shape (channel, t), float32, full scale at 1; fewer where a damaged file
            holds less than it says.
        Raises:
            InputError: If it is damaged there, or holds numbers that are not finite.
        """
        stop = self.length if stop is None else min(stop, self.length)
        if hasattr(self, "held"):
            return Signal(self.held[:, start:stop], "audio", self.meta)
        with self._told():
            self.file.seek(start)
            samples = self.file.read(stop - start, dtype="float32", always_2d=True)
        if not samples.size:
            raise InputError(f"{self.name} breaks off at sample {start} of {self.length}.")
        if not np.isfinite(samples).all():
            raise InputError(f"{self.name} holds samples that are no finite numbers.")
        planes = torch.from_numpy(np.ascontiguousarray(samples.T))
        return Signal(planes, "audio", self.meta)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say what is wrong with a file in a sentence."""
        try:
            yield
        except OSError as error:
            raise InputError(f"{self.name} cannot be read: {error.strerror}.") from None
        except need("soundfile", extra="audio").SoundFileError as error:
            raise InputError(f"{self.name} is no sound, or damaged ({_reason(error)})") from None


def read(source: AudioSource) -> Signal:
    """Read a sound whole.

    Args:
        source: As for `Sound`.
    Returns:
        Samples of shape (channel, t), float32, full scale at 1, with the meta of `Sound`.
    Raises:
        InputError: If the source is missing, no sound, damaged or empty, or holds numbers that
            are not finite.
        UsageError: If soundfile is missing.
    """
    return Sound(source).read()


def write(signal: Signal, path: str | os.PathLike[str], *, note: str | None = None) -> None:
    """Write a sound that is in memory, whole or not at all; see `write_stretches`.

    Args:
        signal: Samples of shape (channel, t) from -1 to 1. meta: "rate_hz", and "subtype" if there
            is one.
        path: Where to; the suffix says which kind of file it becomes.
        note: Text to put inside, for `read_note`.
    """
    write_stretches([signal.samples], Path(path), meta=signal.meta, note=note)


def encode(signal: Signal, suffix: str, *, note: str | None = None) -> bytes:
    """Return the bytes that `write` writes."""
    stream = io.BytesIO()
    _write([signal.samples], stream, suffix, signal.meta, note)
    return stream.getvalue()


def write_stretches(
    stretches: Iterable[Tensor], path: Path, *, meta: Mapping[str, Any], note: str | None = None
) -> None:
    """Write a sound stretch after stretch, whole or not at all.

    Args:
        stretches: At least one, shapes (channel, t), from -1 to 1; what lies beyond is cut off.
        path: Where to; the suffix says which kind of file it becomes.
        meta: "rate_hz", and "subtype" if there is one.
        note: Text to put inside, for `read_note`.
    Raises:
        UsageError: If the suffix is unknown, the kind of file cannot hold the sound, or soundfile
            is missing.
        OSError: If the file cannot be written.
    """
    check_output(path.suffix)
    with atomic_write(path) as temporary, temporary.open("w+b") as stream:
        _write(stretches, stream, path.suffix, meta, note)


def _write(
    stretches: Iterable[Tensor],
    stream: BinaryIO,
    suffix: str,
    meta: Mapping[str, Any],
    note: str | None,
) -> None:
    soundfile = need("soundfile", extra="audio")
    check_output(suffix)
    suffix, depth = suffix.lower(), meta.get("subtype")
    following = iter(stretches)
    first = next(following)
    try:
        with soundfile.SoundFile(
            stream,
            "w",
            samplerate=round(meta["rate_hz"]),
            channels=len(first),
            format=_FORMATS[suffix],
            subtype=depth if depth in _DEPTHS.get(suffix, ()) else _DEPTH[suffix],
        ) as sound:
            if note is not None:
                sound.comment = note
            for stretch in chain([first], following):
                samples: NDArray[Any] = stretch.clamp(-1, 1).T.contiguous().numpy()
                for start in range(0, len(samples), _BLOCK):
                    sound.write(samples[start : start + _BLOCK])
    except soundfile.SoundFileError as error:
        raise UsageError(
            f"A {suffix} file cannot hold {len(first)} channels at {meta['rate_hz']:g} Hz "
            f"({_reason(error)}) Write a .wav file instead."
        ) from None


def check_output(suffix: str) -> None:
    """Refuse a kind of file that cannot be written, before any work is done.

    Raises:
        UsageError: If the suffix is unknown.
    """
    if suffix.lower() not in OUTPUT_SUFFIXES:
        raise unwritten(suffix, OUTPUT_SUFFIXES, "Sounds")


def read_note(source: AudioSource) -> str | None:
    """Read the note that `write` has put into a sound, or None if there is none.

    Raises:
        InputError: If the file cannot be read.
    """
    soundfile = need("soundfile", extra="audio")
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with soundfile.SoundFile(file) as sound:
            return sound.comment or None
    except (OSError, soundfile.SoundFileError):
        raise InputError(f"{_name(source)} is no sound, or cannot be read.") from None


def at_rate(signal: Signal, rate_hz: float) -> Signal:
    """Resample a sound to a rate, without what the rate cannot hold.

    Args:
        signal: Samples of shape (channel, t) at meta["rate_hz"].
        rate_hz: Wanted samples a second.
    Raises:
        UsageError: If soxr is missing.
    """
    own = signal.meta["rate_hz"]
    if own == rate_hz:
        return signal
    samples = need("soxr", extra="audio").resample(signal.samples.T.numpy(), own, rate_hz)
    planes: Tensor = torch.from_numpy(np.ascontiguousarray(samples.T, np.float32))
    return Signal(planes, signal.medium, {**signal.meta, "rate_hz": float(rate_hz)})


def _check_start(start: bytes, name: str) -> None:
    """Refuse what is no MP3 file, which libsndfile would complain about on the terminal.

    Raises:
        InputError: If a file of that name holds no beginning of a frame, and is no other sound.
    """
    known = (b"RIFF", b"fLaC", b"OggS", b"ID3")
    if not name.lower().endswith(".mp3") or start.startswith(known) or not start:
        return
    if not any(start[at] == 0xFF and start[at + 1] >= 0xE0 for at in range(len(start) - 1)):
        raise InputError(f"{name} is no sound, or damaged (it holds nothing of an MP3 file).")


def _name(source: AudioSource | Signal) -> str:
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return str(getattr(source, "name", "The sound"))


def _reason(error: Exception) -> str:
    """Return what libsndfile says, without the path that it begins with."""
    text = str(error).rpartition(": ")[2] or str(error)
    return text if text.endswith(".") else f"{text}."
