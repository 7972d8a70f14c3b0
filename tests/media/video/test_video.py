"""Films are read upright, at their times, and written back with their sound."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from PIL import Image

from impasto import media
from impasto.errors import InputError, UsageError
from impasto.media import video
from impasto.media.video import Film, Frame, write_frames
from impasto.signal import Signal

RATE = 25


def frames(count: int = 6, height: int = 48, width: int = 64) -> list[Frame]:
    """A red left half, a green right half, and a blue bar that moves down."""
    made = []
    for number in range(count):
        picture = torch.zeros(3, height, width)
        picture[0, :, : width // 2] = 1
        picture[1, :, width // 2 :] = 1
        picture[:, 6 * number : 6 * number + 6] = torch.tensor([0.0, 0.0, 1.0]).view(3, 1, 1)
        made.append(Frame(picture, Fraction(number, RATE)))
    return made


def film_at(path: Path, **more: Any) -> Path:
    write_frames(frames(), path, rate_hz=RATE, **more)
    return path


def with_sound(path: Path, codec: str, rate_hz: int = 48_000) -> Path:
    """Write a film of a second with a tone."""
    with av.open(str(path), "w") as out:
        pictures = out.add_stream("libx264" if path.suffix == ".mp4" else "libvpx-vp9", rate=RATE)
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        track = out.add_stream(codec, rate=rate_hz, layout="mono")
        for number in range(RATE):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 9 * number, np.uint8), "rgb24")
            frame.pts, frame.time_base = number, Fraction(1, RATE)
            out.mux(pictures.encode(frame))
        tone = np.sin(np.arange(rate_hz) * 2 * np.pi * 440 / rate_hz).astype(np.float32)
        for start in range(0, rate_hz, 960):
            part = av.AudioFrame.from_ndarray(tone[None, start : start + 960], "fltp", "mono")
            part.sample_rate, part.pts, part.time_base = rate_hz, start, Fraction(1, rate_hz)
            out.mux(track.encode(part))
        out.mux(pictures.encode(None))
        out.mux(track.encode(None))
    return path


def heard(path: Path) -> tuple[str, np.ndarray[Any, Any]]:
    """Return the codec of a film's sound, and its first channel."""
    with av.open(str(path)) as source:
        track = source.streams.audio[0]
        parts = [frame.to_ndarray() for frame in source.decode(track)]
        return track.codec_context.name, np.concatenate([part[0] for part in parts])


class TestKinds:
    @pytest.mark.parametrize("suffix", video.OUTPUT_SUFFIXES)
    def test_what_is_written_is_read_again(self, tmp_path: Path, suffix: str) -> None:
        film = Film(film_at(tmp_path / f"film{suffix}", note='{"é": 1}'))
        assert (film.space, film.count, film.rate_hz) == ((48, 64), 6, RATE)
        assert video.read_note(tmp_path / f"film{suffix}") == '{"é": 1}'
        back = list(film.frames())
        assert [frame.seconds for frame in back] == [Fraction(n, RATE) for n in range(6)]
        for made, read in zip(frames(), back, strict=True):
            places = (..., 3 + 6 * round(made.seconds * RATE), 16), (..., 45, 16), (..., 45, 48)
            for place in places:  # away from edges, where colors of two pixels are one
                assert torch.allclose(read.picture[place], made.picture[place], atol=0.03)

    @pytest.mark.parametrize("suffix", [".mp4", ".webm"])
    def test_times_that_are_not_even_are_kept(self, tmp_path: Path, suffix: str) -> None:
        times = [Fraction(n, 100) for n in (0, 4, 8, 50, 54, 100)]
        uneven = [Frame(one.picture, t) for one, t in zip(frames(), times, strict=True)]
        write_frames(uneven, tmp_path / f"film{suffix}", rate_hz=6)
        read = [frame.seconds for frame in Film(tmp_path / f"film{suffix}").frames()]
        assert np.allclose([float(t) for t in read], [float(t) for t in times], atol=1e-3)

    @pytest.mark.parametrize("suffix", [".mp4", ".webm"])
    def test_an_odd_row_is_left_out(self, tmp_path: Path, suffix: str) -> None:
        write_frames(frames(2, 49, 63), tmp_path / f"film{suffix}", rate_hz=RATE)
        assert Film(tmp_path / f"film{suffix}").space == (48, 62)

    def test_one_frame_is_a_film(self, tmp_path: Path) -> None:
        write_frames(frames(1), tmp_path / "one.gif", rate_hz=RATE)
        write_frames(frames(1), tmp_path / "one.mp4", rate_hz=RATE)
        assert Film(tmp_path / "one.mp4").count == Film(tmp_path / "one.gif").count == 1

    def test_an_unknown_suffix_is_refused(self) -> None:
        with pytest.raises(UsageError, match=r"suffix \.mpg.*\.mp4"):
            media.check_output("video", "film.mpg")
        with pytest.raises(UsageError, match="without a suffix"):
            media.check_output("video", "film")


class TestWayUp:
    @pytest.mark.parametrize(("matrix", "turns"), [((0, 1, -1, 0), -1), ((0, -1, 1, 0), 1)])
    def test_a_turned_camera_gives_upright_frames(
        self, tmp_path: Path, matrix: tuple[int, ...], turns: int
    ) -> None:
        path = film_at(tmp_path / "film.mp4")
        data = bytearray(path.read_bytes())
        place = data.index(b"tkhd") + 4 + 40  # of the display matrix, in 16.16
        for number, value in zip((0, 1, 3, 4), matrix, strict=True):
            at = place + 4 * number
            data[at : at + 4] = (value * 2**16).to_bytes(4, "big", signed=True)
        path.write_bytes(data)
        first = next(Film(path).frames()).picture
        assert first.shape == (3, 64, 48)
        lying = torch.rot90(frames()[0].picture, turns, (1, 2))  # counterclockwise
        assert (first - lying).abs().mean() < 0.03

    def test_pixels_become_square(self, tmp_path: Path) -> None:
        with av.open(str(tmp_path / "wide.mp4"), "w") as out:
            stream = out.add_stream("libx264", rate=RATE)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            stream.codec_context.sample_aspect_ratio = Fraction(3, 2)
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), "rgb24")
            frame.pts, frame.time_base = 0, Fraction(1, RATE)
            out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
        assert Film(tmp_path / "wide.mp4").space == (48, 96)


class TestSound:
    def test_a_track_is_taken_over_as_it_is(self, tmp_path: Path) -> None:
        source = with_sound(tmp_path / "source.mp4", "aac")
        signal = media.read(source)
        media.write(signal, tmp_path / "copy.mp4")
        assert heard(tmp_path / "copy.mp4")[0] == "aac"
        assert np.array_equal(heard(tmp_path / "copy.mp4")[1], heard(source)[1])

    @pytest.mark.parametrize("rate_hz", [48_000, 44_100])
    def test_a_track_that_does_not_fit_is_encoded_anew(self, tmp_path: Path, rate_hz: int) -> None:
        source = with_sound(tmp_path / "source.mp4", "aac", rate_hz)
        media.write(media.read(source), tmp_path / "other.webm")
        codec, samples = heard(tmp_path / "other.webm")
        assert codec in ("opus", "libopus")
        loudest = np.abs(np.fft.rfft(samples[9600:33600])).argmax() * 48_000 / 24_000
        assert abs(loudest - 440) < 3
        media.write(media.read(tmp_path / "other.webm"), tmp_path / "back.mp4")
        assert heard(tmp_path / "back.mp4")[0] == "aac"

    def test_sound_ends_with_the_pictures(self, tmp_path: Path) -> None:
        source = with_sound(tmp_path / "source.mp4", "aac")
        film = media.read(source)
        half = Signal(film.samples[:, :12], "video", film.meta)
        media.write(half, tmp_path / "half.mp4")
        assert len(heard(tmp_path / "half.mp4")[1]) == pytest.approx(12 / 25 * 48_000, abs=3000)

    def test_a_gif_has_none(self, tmp_path: Path) -> None:
        media.write(media.read(with_sound(tmp_path / "source.mp4", "aac")), tmp_path / "mute.gif")
        with av.open(str(tmp_path / "mute.gif")) as made:
            assert not made.streams.audio

    def test_sound_that_has_gone_is_left_out(self, tmp_path: Path) -> None:
        write_frames(frames(), tmp_path / "a.mp4", rate_hz=RATE, sound=tmp_path / "gone.mp4")
        with av.open(str(tmp_path / "a.mp4")) as made:
            assert not made.streams.audio


class TestWhole:
    def test_a_film_is_read_whole(self, tmp_path: Path) -> None:
        signal = media.read(film_at(tmp_path / "film.mp4"), longest=32)
        assert (signal.medium, signal.samples.shape) == ("video", (3, 6, 24, 32))
        assert signal.meta["times"][2] == Fraction(2, RATE)

    def test_a_long_one_is_refused(self, tmp_path: Path) -> None:
        path = film_at(tmp_path / "film.mp4")
        with pytest.raises(InputError, match="too long to be looked at as a whole: more than 3 "):
            media.read(path, max_pixels=48 * 64 * 4 - 1)
        with pytest.raises(InputError, match="64×48 pixels, more than the limit of 3000"):
            media.read(path, max_pixels=3000)

    def test_only_a_gif_that_moves_is_a_film(self, tmp_path: Path) -> None:
        film_at(tmp_path / "moves.gif")
        Image.new("RGB", (8, 8)).save(tmp_path / "still.gif")
        (tmp_path / "broken.gif").write_bytes(b"GIF89a")
        assert media.medium_of(tmp_path / "moves.gif") == "video"
        assert media.medium_of(tmp_path / "still.gif") == "image"
        assert media.medium_of(tmp_path / "broken.gif") == "image"
        assert media.medium_of(tmp_path / "any.MP4") == "video"

    def test_a_stream_in_memory_is_read(self, tmp_path: Path) -> None:
        data = io.BytesIO(film_at(tmp_path / "film.mp4").read_bytes())
        assert len(list(Film(data).frames())) == 6


class TestFaults:
    def test_a_missing_file_and_a_folder_are_told(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"gone\.mp4 cannot be read: No such file"):
            Film(tmp_path / "gone.mp4")
        with pytest.raises(InputError, match="cannot be read: Is a directory"):
            Film(tmp_path)

    @pytest.mark.parametrize("data", [b"", b"hello", b"\0" * 999], ids=["empty", "text", "zeros"])
    def test_what_is_no_film_is_told(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "film.mp4").write_bytes(data)
        with pytest.raises(InputError, match=r"film\.mp4 is no film, or damaged"):
            Film(tmp_path / "film.mp4")

    def test_a_sound_is_no_film(self, tmp_path: Path) -> None:
        with av.open(str(tmp_path / "sound.mp4"), "w") as out:
            track = out.add_stream("aac", rate=48_000, layout="mono")
            part = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            part.sample_rate = 48_000
            out.mux(track.encode(part))
            out.mux(track.encode(None))
        with pytest.raises(InputError, match="holds no pictures"):
            Film(tmp_path / "sound.mp4")

    def test_a_film_that_breaks_off_gives_what_it_has(self, tmp_path: Path) -> None:
        noise = torch.rand(12, 3, 48, 64, generator=torch.Generator().manual_seed(0))
        made = [Frame(picture, Fraction(n, RATE)) for n, picture in enumerate(noise)]
        write_frames(made, tmp_path / "film.webm", rate_hz=RATE)
        whole = (tmp_path / "film.webm").read_bytes()
        (tmp_path / "cut.webm").write_bytes(whole[: len(whole) * 2 // 3])
        assert 0 < len(list(Film(tmp_path / "cut.webm").frames())) < 12

    def test_a_file_that_promises_more_says_so(self, tmp_path: Path) -> None:
        noise = torch.rand(12, 3, 48, 64, generator=torch.Generator().manual_seed(0))
        made = [Frame(picture, Fraction(n, RATE)) for n, picture in enumerate(noise)]
        write_frames(made, tmp_path / "film.mp4", rate_hz=RATE)
        whole = (tmp_path / "film.mp4").read_bytes()
        (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) * 2 // 3])
        film = Film(tmp_path / "cut.mp4")
        assert film.promised == 12 > film.count >= len(list(film.frames())) > 0

    def test_a_codec_that_nobody_knows_is_told(self, tmp_path: Path) -> None:
        data = film_at(tmp_path / "film.mp4").read_bytes()
        (tmp_path / "film.mp4").write_bytes(data.replace(b"avc1", b"zzzz"))
        with pytest.raises(InputError, match=r"Decoder not found.*codec is unknown"):
            Film(tmp_path / "film.mp4")

    def test_an_mp4_that_breaks_off_is_told(self, tmp_path: Path) -> None:
        whole = (film_at(tmp_path / "film.mp4")).read_bytes()
        (tmp_path / "cut.mp4").write_bytes(whole[:600])
        with pytest.raises(InputError, match="is no film, or damaged"):
            Film(tmp_path / "cut.mp4")

    def test_an_older_film_stays_where_writing_fails(self, tmp_path: Path) -> None:
        (tmp_path / "film.mp4").write_text("older")

        def failing() -> Any:
            yield frames()[0]
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_frames(failing(), tmp_path / "film.mp4", rate_hz=RATE)
        assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
        assert (tmp_path / "film.mp4").read_text() == "older"

    def test_a_missing_package_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = film_at(tmp_path / "film.mp4")
        monkeypatch.setitem(__import__("sys").modules, "av", None)
        with pytest.raises(UsageError, match=r"impasto\[video\]"):
            Film(path)
