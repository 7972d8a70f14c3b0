"""Sounds: read as signals of shape (channel, t) from -1 to 1, and written back."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.errors import InputError, UsageError, nearest
from impasto.media.extra import need
from impasto.media.files import atomic_write
from impasto.signal import Signal

INPUT_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
OUTPUT_SUFFIXES = INPUT_SUFFIXES

AudioSource = str | os.PathLike[str] | bytes | BinaryIO

_FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}
_DEPTHS = {".wav": ("PCM_16", "PCM_24", "FLOAT"), ".flac": ("PCM_16", "PCM_24")}
_DEPTH = {".wav": "PCM_24", ".flac": "PCM_24", ".ogg": "VORBIS", ".mp3": "MPEG_LAYER_III"}
_START = 2**14  # bytes at the beginning of a file
_BLOCK = 2**16  # samples written at once: libsndfile's Vorbis overflows its stack with many more


def read(source: AudioSource) -> Signal:
    """Read a sound.

    Args:
        source: A path, the bytes of a file, or a binary stream.
    Returns:
        Samples of shape (channel, t), float32, full scale at 1. meta: "rate_hz", the samples a
        second, and "subtype", how the file stores one.
    Raises:
        InputError: If the source is missing, no sound, damaged or empty, or holds numbers that
            are not finite.
        UsageError: If soundfile is missing.
    """
    soundfile = need("soundfile", extra="audio")
    name = _name(source)
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        if isinstance(file, str | os.PathLike):
            with Path(file).open("rb") as stream:  # says more clearly what is wrong with a path
                _check_start(stream.read(_START), name)
        with soundfile.SoundFile(file) as sound:
            rate_hz, subtype = sound.samplerate, sound.subtype
            samples = sound.read(dtype="float32", always_2d=True)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror}.") from None
    except soundfile.SoundFileError as error:
        raise InputError(f"{name} is no sound, or damaged ({_reason(error)})") from None
    if not samples.size:
        raise InputError(f"{name} is empty: it holds no samples.")
    if not np.isfinite(samples).all():
        raise InputError(f"{name} holds samples that are no finite numbers.")
    planes = torch.from_numpy(np.ascontiguousarray(samples.T))
    return Signal(planes, "audio", {"rate_hz": float(rate_hz), "subtype": subtype})


def write(signal: Signal, path: str | os.PathLike[str], *, note: str | None = None) -> None:
    """Write a sound, whole or not at all.

    Args:
        signal: Samples of shape (channel, t) from -1 to 1; what lies beyond is cut off. meta:
            "rate_hz", and "subtype" if there is one.
        path: Where to; the suffix says which kind of file it becomes.
        note: Text to put inside, for `read_note`.
    Raises:
        UsageError: If the suffix is unknown, the kind of file cannot hold the sound, or soundfile
            is missing.
        OSError: If the file cannot be written.
    """
    target = Path(path)
    data = encode(signal, target.suffix, note=note)
    with atomic_write(target) as temporary:
        temporary.write_bytes(data)


def encode(signal: Signal, suffix: str, *, note: str | None = None) -> bytes:
    """Return the bytes that `write` writes."""
    soundfile = need("soundfile", extra="audio")
    check_output(suffix)
    suffix = suffix.lower()
    depth = signal.meta.get("subtype")
    samples: NDArray[Any] = signal.samples.clamp(-1, 1).T.contiguous().numpy()
    stream = io.BytesIO()
    try:
        with soundfile.SoundFile(
            stream,
            "w",
            samplerate=round(signal.meta["rate_hz"]),
            channels=samples.shape[1],
            format=_FORMATS[suffix],
            subtype=depth if depth in _DEPTHS.get(suffix, ()) else _DEPTH[suffix],
        ) as sound:
            if note is not None:
                sound.comment = note
            for start in range(0, len(samples), _BLOCK):
                sound.write(samples[start : start + _BLOCK])
    except soundfile.SoundFileError as error:
        rate = f"{signal.meta['rate_hz']:g} Hz"
        raise UsageError(
            f"A {suffix} file cannot hold {samples.shape[1]} channels at {rate} "
            f"({_reason(error)}) Write a .wav file instead."
        ) from None
    return stream.getvalue()


def check_output(suffix: str) -> None:
    """Refuse a kind of file that cannot be written, before any work is done.

    Raises:
        UsageError: If the suffix is unknown.
    """
    if suffix.lower() not in OUTPUT_SUFFIXES:
        kind = f"with the suffix {suffix}" if suffix else "without a suffix"
        hint = nearest(suffix.lower(), OUTPUT_SUFFIXES)
        raise UsageError(f"Sounds are not written to files {kind}. {hint}")


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


def _name(source: AudioSource) -> str:
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    return str(getattr(source, "name", "The sound"))


def _reason(error: Exception) -> str:
    """Return what libsndfile says, without the path that it begins with."""
    text = str(error).rpartition(": ")[2] or str(error)
    return text if text.endswith(".") else f"{text}."
