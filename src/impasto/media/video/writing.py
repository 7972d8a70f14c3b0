"""Films out: frames at their times, and the sound of the film that they were made from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from impasto.media.extra import need
from impasto.media.files import atomic_write, unwritten
from impasto.media.video.reading import Frame, HeldFilm
from impasto.signal import Signal

OUTPUT_SUFFIXES = (".mp4", ".webm", ".gif")


@dataclass(frozen=True)
class _Kind:
    """How a kind of file is encoded.

    Attributes:
        video: Encoder of the frames.
        encoder: Its options; the quality is one at which no loss is seen.
        muxer: Options of the file.
        sounds: Sound that is taken over as it is.
        audio: Encoder of any other.
        rate_hz: Samples a second that this asks for; None for those of the sound.
    """

    video: str
    encoder: dict[str, str]
    muxer: dict[str, str]
    sounds: tuple[str, ...]
    audio: str
    rate_hz: int | None = None


_KINDS = {
    ".mp4": _Kind("libx264", {"crf": "17"}, {"movflags": "faststart"}, ("aac", "mp3"), "aac"),
    ".webm": _Kind(
        "libvpx-vp9",
        {"crf": "24", "b": "0", "row-mt": "1", "cpu-used": "3"},
        {},
        ("opus", "vorbis"),
        "libopus",
        48_000,
    ),
}
_TICKS = 90_000  # a second, as finely as films tell their times
_LAST = Fraction(1, 10)  # seconds that the last frame of a GIF stays, if there is no other
_BT709, _LIMITED = 1, 1


def write(signal: Signal, path: str | os.PathLike[str], *, note: str | None = None) -> None:
    """Write a film that is in memory, whole or not at all; see `write_frames`.

    Args:
        signal: Samples of shape (3, time, h, w), sRGB from 0 to 1, with the meta of `read`.
        path: Where to; the suffix says which kind of file it becomes.
        note: Text to put inside, for `read_note`.
    """
    film = HeldFilm(signal)
    write_frames(film.frames(), Path(path), rate_hz=film.rate_hz, sound=film.path, note=note)


def write_frames(
    frames: Iterable[Frame],
    path: Path,
    *,
    rate_hz: float,
    sound: Path | None = None,
    note: str | None = None,
) -> None:
    """Write a film, whole or not at all, with one frame at a time in memory (of a GIF, all).

    Args:
        frames: At least one, all of one size. An odd row or column is left out of what is no GIF:
            these films have colors for pairs of pixels only.
        path: Where to; the suffix says which kind of file it becomes.
        rate_hz: Frames a second, on average.
        sound: Film whose sound goes along, up to the last frame; None for silence.
        note: Text to put inside, for `read_note`.
    Raises:
        UsageError: If the suffix is unknown, or PyAV is missing.
        OSError: If the file cannot be written.
    """
    check_output(path.suffix)
    with atomic_write(path) as temporary:
        if path.suffix.lower() == ".gif":
            _write_gif(frames, temporary, note)
        else:
            _write_film(frames, temporary, rate_hz, sound, note)


def check_output(suffix: str) -> None:
    """Refuse a kind of file that cannot be written, before any work is done.

    Raises:
        UsageError: If the suffix is unknown.
    """
    if suffix.lower() not in OUTPUT_SUFFIXES:
        raise unwritten(suffix, OUTPUT_SUFFIXES, "Films")


def _write_film(
    frames: Iterable[Frame], path: Path, rate_hz: float, sound: Path | None, note: str | None
) -> None:
    av = need("av", extra="video")
    kind, rate = _KINDS[path.suffix.lower()], Fraction(rate_hz).limit_denominator(1001)
    try:
        with ExitStack() as stack:
            out = stack.enter_context(av.open(os.fspath(path), "w", options=kind.muxer))
            if note is not None:
                out.metadata["comment"] = note
            stream = out.add_stream(kind.video, rate=rate, options=kind.encoder)
            source = _opened(sound, stack)
            track = _Track(out, kind, source) if source else None
            for number, frame in enumerate(frames):
                if number == 0:
                    _prepare(stream, frame.picture)
                out.mux(stream.encode(_encodable(frame)))
                if track:
                    track.send(until=frame.seconds + 1 / rate)
            out.mux(stream.encode(None))
            if track:
                track.end()
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None


def _prepare(stream: Any, picture: Tensor) -> None:
    height, width = picture.shape[1:]
    stream.width, stream.height, stream.pix_fmt = width - width % 2, height - height % 2, "yuv420p"
    context = stream.codec_context
    context.time_base = Fraction(1, _TICKS)
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    context.color_range = _LIMITED


def _encodable(frame: Frame) -> Any:
    import av

    pixels = _levels(frame.picture)
    height, width = (length - length % 2 for length in pixels.shape[:2])
    rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels[:height, :width]), "rgb24")
    coded = rgb.reformat(format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG")
    coded.pts, coded.time_base = round(frame.seconds * _TICKS), Fraction(1, _TICKS)
    return coded


class _Track:
    """The sound of a film, taken over packet by packet, or encoded anew where it must be.

    Args:
        out: The film that is written.
        kind: Its kind.
        source: The film that has the sound, opened.
    """

    def __init__(self, out: Any, kind: _Kind, source: Any) -> None:
        self.out, self.source, self.stream = out, source, source.streams.audio[0]
        self.copied = self.stream.codec_context.name in kind.sounds
        if self.copied:
            self.track = out.add_stream_from_template(self.stream)
        else:
            self.track = out.add_stream(kind.audio, rate=kind.rate_hz or self.stream.rate)
            self.track.layout = self.stream.layout.name
        self.pieces = self._pieces()
        self.waiting: Any = None

    def send(self, *, until: Fraction) -> None:
        """Send what sounds before a time in seconds, so that both tracks lie side by side."""
        while (piece := self.waiting or next(self.pieces, None)) is not None:
            self.waiting = piece
            if piece.pts * piece.time_base >= until:
                return
            self.waiting = None
            self.out.mux(piece if self.copied else self.track.encode(piece))

    def end(self) -> None:
        """Send what the encoder still holds."""
        if not self.copied:
            self.out.mux(self.track.encode(None))

    def _pieces(self) -> Iterator[Any]:
        """Yield packets or, where they are encoded anew, frames, counted from the first picture."""
        import av

        beginning = _beginning(self.source)
        with suppress(av.FFmpegError):  # a damaged sound ends where it is damaged
            for packet in self.source.demux(self.stream):
                for piece in [packet] if self.copied else packet.decode():
                    if piece.pts is None or (self.copied and not piece.size):
                        continue
                    shift = round(beginning / piece.time_base)
                    piece.pts -= shift
                    if self.copied:
                        piece.dts -= shift
                        piece.stream = self.track
                    if piece.pts + (piece.duration or 0) >= 0:  # the first fills the decoder
                        yield piece


def _beginning(source: Any) -> Fraction:
    """Return when the first picture of a film is shown, in seconds on its clock."""
    if not source.streams.video or source.streams.video[0].start_time is None:
        return Fraction(0)
    return Fraction(source.streams.video[0].start_time * source.streams.video[0].time_base)


def _opened(sound: Path | None, stack: ExitStack) -> Any:
    """Open the film that has the sound; None if there is none, or it has none."""
    import av

    with suppress(av.FFmpegError, OSError):
        if sound is not None and (source := stack.enter_context(av.open(os.fspath(sound)))):
            return source if source.streams.audio else None
    return None


def _write_gif(frames: Iterable[Frame], path: Path, note: str | None) -> None:
    pictures: list[Image.Image] = []
    times: list[Fraction] = []
    for frame in frames:
        colors = Image.fromarray(_levels(frame.picture))
        pictures.append(colors.quantize(256, dither=Image.Dither.FLOYDSTEINBERG))
        times.append(frame.seconds)
    shown = [later - time for time, later in pairwise(times)]
    shown.append(shown[-1] if shown else _LAST)
    extra: dict[str, Any] = {} if note is None else {"comment": note.encode()}
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=[max(10, round(seconds * 1000)) for seconds in shown],
        loop=0,
        **extra,
    )


def _levels(picture: Tensor) -> NDArray[np.uint8]:
    """Return a picture (3, h, w) as levels of 8 bits, shape (h, w, 3)."""
    levels: NDArray[np.uint8] = (
        (picture.clamp(0, 1) * 255).round().byte().movedim(0, -1).contiguous().numpy()
    )
    return levels
