"""Films in: one upright frame after another, each with its time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from impasto.errors import InputError
from impasto.media.extra import need
from impasto.signal import Signal, Space, fit, resample

INPUT_SUFFIXES = (".mp4", ".webm", ".gif")

VideoSource = str | os.PathLike[str] | BinaryIO

_HIGH_DEFINITION = 720  # lines from which a film that does not tell its matrix has that of BT.709


@dataclass(frozen=True)
class Frame:
    """A picture of a film.

    Attributes:
        picture: Shape (3, h, w), float32, sRGB from 0 to 1.
        seconds: When it is shown, from the beginning of the film.
    """

    picture: Tensor
    seconds: Fraction


class Film:
    """A film in a file, of which only what is looked at is in memory.

    Frames are upright, whatever way up the camera was, and their pixels are square.

    Attributes:
        name: What it is called in messages.
        space: Height and width of its frames.
        rate_hz: Frames a second, on average.
        count: How many frames there are, as the file tells without being decoded.
        promised: How many the file says that there are, which is more where it breaks off.
        note: A comment inside the file.
        path: The file, whose sound goes along; None for one in memory.

    Args:
        source: A path, or a binary stream that can seek.
        max_pixels: A film with more pixels a frame is refused.
    Raises:
        InputError: If it is missing, no film, damaged, empty or too large.
        UsageError: If PyAV is missing.
    """

    def __init__(self, source: VideoSource, *, max_pixels: int | None = None) -> None:
        self.source = source
        self.path = Path(source) if isinstance(source, str | os.PathLike) else None
        self.name = str(getattr(source, "name", "The film") if self.path is None else self.path)
        first = next(self.frames(), None)
        if first is None:
            raise InputError(f"{self.name} is empty: it holds no frame.")
        self.space: Space = tuple(first.picture.shape[1:])
        height, width = self.space
        if max_pixels is not None and height * width > max_pixels:
            raise InputError(
                f"{self.name} has {width}×{height} pixels, more than the limit of {max_pixels}: "
                "raise it with --max-pixels."
            )
        with self._opened() as (container, stream):
            packets = [packet for packet in container.demux(stream) if packet.size]
            self.count = max(1, sum(not packet.is_discard for packet in packets))
            self.promised = max(self.count, stream.frames)
            rate = stream.average_rate or stream.guessed_rate
            told = {name.lower(): value for name, value in container.metadata.items()}
        self.note: str | None = told.get("comment")
        self.rate_hz = float(rate) if rate else 25.0

    def frames(self) -> Iterator[Frame]:
        """Decode one frame after another.

        Raises:
            InputError: If the film is damaged; the frames before have been yielded.
        """
        with self._opened() as (container, stream):
            beginning: Fraction | None = None
            last = Fraction(-1)
            for number, decoded in enumerate(container.decode(stream)):
                seconds = self._seconds(decoded, stream, number)
                beginning = seconds if beginning is None else beginning
                seconds -= beginning
                if seconds <= last:  # times that do not rise cannot be written again
                    continue
                last = seconds
                yield Frame(_upright(decoded, stream), seconds)

    def _seconds(self, decoded: Any, stream: Any, number: int) -> Fraction:
        if decoded.pts is None or decoded.time_base is None:
            return number / Fraction(stream.average_rate or 25)
        return Fraction(decoded.pts * decoded.time_base)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, Any]]:
        """Open the file and its first stream of pictures, and say what is wrong with it."""
        av = need("av", extra="video")
        try:
            if self.path is not None:
                self.path.open("rb").close()  # says more clearly what is wrong with a path
                file: Any = os.fspath(self.path)
            else:
                file = self.source
                file.seek(0)
            with av.open(file) as container:
                if not container.streams.video:
                    raise InputError(f"{self.name} holds no pictures.")
                stream = container.streams.video[0]
                stream.thread_type = "AUTO"
                yield container, stream
        except av.FFmpegError as error:
            raise InputError(
                f"{self.name} is no film, or damaged ({error.strerror}), or its codec is unknown."
            ) from None
        except OSError as error:
            raise InputError(f"{self.name} cannot be read: {error.strerror}.") from None


@dataclass(frozen=True, eq=False)
class HeldFilm:
    """A film in memory, to be gone through as `Film` is.

    Attributes:
        signal: Samples of shape (3, time, h, w), with the meta of `read`.
    """

    signal: Signal

    @property
    def space(self) -> Space:
        """Height and width of its frames."""
        return self.signal.space[1:]

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.signal.space[0]

    @property
    def promised(self) -> int:
        """The same."""
        return self.count

    @property
    def rate_hz(self) -> float:
        """Frames a second, on average."""
        return float(self.signal.meta["rate_hz"])

    @property
    def path(self) -> Path | None:
        """The file that has the sound."""
        return self.signal.meta.get("sound")

    def frames(self) -> Iterator[Frame]:
        """Yield one frame after another."""
        times = self.signal.meta.get("times") or (
            number / Fraction(self.rate_hz) for number in range(self.count)
        )
        yield from map(Frame, self.signal.samples.unbind(1), times)


def read(source: VideoSource, *, longest: int | None = None, max_samples: int) -> Signal:
    """Read a film whole.

    Args:
        source: As for `Film`.
        longest: Longest side to which larger frames are reduced, in pixels; None for none.
        max_samples: A film with more pixels than this, over all frames, is refused.
    Returns:
        Samples of shape (3, time, h, w), sRGB from 0 to 1. meta: "rate_hz", "times" of the frames
        in seconds and "sound", the path of the file that the sound is in, or None.
    Raises:
        InputError: As `Film` does, or if it is too long.
    """
    film = Film(source, max_pixels=max_samples)
    space = film.space
    if longest is not None and max(space) > longest:
        space = fit(space, longest)
    pictures: list[Tensor] = []
    times: list[Fraction] = []
    for frame in film.frames():
        if (len(times) + 1) * space[0] * space[1] > max_samples:
            raise InputError(
                f"{film.name} is too long to be looked at as a whole: more than {len(times)} "
                f"frames of {space[1]}×{space[0]} pixels. Cut it into pieces."
            )
        pictures.append(resample(frame.picture[None], space)[0].clamp(0, 1))
        times.append(frame.seconds)
    meta = {"rate_hz": film.rate_hz, "times": tuple(times), "sound": film.path}
    return Signal(torch.stack(pictures, 1), "video", meta)


def read_note(path: str | os.PathLike[str]) -> str | None:
    """Read the note that `write` has put into a film, or None if it has none.

    Raises:
        InputError: If the file cannot be read.
    """
    film = Film(path)
    if Path(path).suffix.lower() == ".gif":
        with Image.open(path) as picture:
            note = picture.info.get("comment")
        return note.decode(errors="replace") if note else None
    return film.note


def _upright(decoded: Any, stream: Any) -> Tensor:
    """Turn a decoded frame into a picture (3, h, w) with square pixels, the right way up."""
    from av.video.reformatter import Colorspace

    told = int(decoded.colorspace) in (1, 5, 6, 7, 9)
    guess = Colorspace.ITU709 if decoded.height >= _HIGH_DEFINITION else Colorspace.ITU601
    ratio = stream.sample_aspect_ratio or Fraction(1)
    wide = {"width": max(1, round(decoded.width * ratio))} if ratio != 1 else {}
    shown = decoded.reformat(format="rgb24", src_colorspace=None if told else guess, **wide)
    pixels = np.rot90(shown.to_ndarray(), round(decoded.rotation / 90) % 4)
    return torch.from_numpy(np.ascontiguousarray(pixels)).movedim(-1, 0).float() / 255
