"""Sounds as waveform over spectrogram, and to listen to."""

from __future__ import annotations

import io
import math
import wave
from collections.abc import Sequence

import matplotlib
import numpy as np
from PIL import Image
from torch import Tensor

from impasto.encoders.window import Range
from impasto.signal import Space
from impasto.units.portraits.curves import Values, draw_curve, draw_signed
from impasto.units.portraits.portrait import Colors, Extent, Frame, Portrait, levels, plain

HEARD_SECONDS = 0.6  # a shorter stretch is played with what is around it

_WIDTH, _HEIGHT = 640, 200  # pixels of a whole
_SHARE = 0.4  # of the height that the waveform takes
_QUIETEST_DB = -70.0
_SILENCE = 1e-4  # a quieter stretch is drawn as quiet as it is


class SoundPortrait(Portrait):
    """Sounds: samples of shape (channel, time) from -1 to 1."""

    medium, axes, noun, nouns, unit = "audio", 1, "sound", "sounds", "samples"
    plays = True
    bounds = (-1.0, 1.0)

    def patch(self, samples: Tensor, side: int) -> Colors:
        """See Portrait.patch: as loud as can be drawn."""
        self.check(samples)
        return _drawn(plain(samples).mean(0), side, side)

    def projection(self, values: Tensor, side: int) -> Colors:
        """See Portrait.projection: a waveform, in one color above zero and in another below."""
        self.check(values)
        mono = plain(values).mean(0)
        return draw_signed(mono, side, side, peak=float(np.abs(mono).max()))

    def whole(self, samples: Tensor, *, longest: int | None = None) -> Image.Image:
        """See Portrait.whole."""
        self.check(samples)
        width = longest or _WIDTH
        height = width * _HEIGHT // _WIDTH
        return Image.fromarray(levels(_drawn(plain(samples).mean(0), height, width)))

    def extent(self, space: Space) -> Extent:
        """See Portrait.extent: in samples across, and as high as the picture is drawn."""
        return wide(space)

    def frames(self, box: Sequence[Range], space: Space) -> list[Frame]:
        """See Portrait.frames: one, over the whole height."""
        return upright(box, space)

    def heard(self, samples: Tensor) -> bytes:
        """See Portrait.heard: 16 bits, at most two channels."""
        self.check(samples)
        values = plain(samples)[:2].T.clip(-1, 1) * (2**15 - 1)
        stream = io.BytesIO()
        with wave.open(stream, "wb") as file:
            file.setnchannels(values.shape[1])
            file.setsampwidth(2)
            file.setframerate(round(self.rate_hz or 16_000))
            file.writeframes(np.ascontiguousarray(values.round(), "<i2").tobytes())
        return stream.getvalue()

    def _measured(self, lengths: Sequence[str]) -> str:
        said = super()._measured(lengths)
        if self.rate_hz is None or not lengths[0].isdecimal():
            return said
        return f"{said} ({told_seconds(int(lengths[0]) / self.rate_hz)})"


def told_seconds(seconds: float) -> str:
    """Say a time as people do: "4 ms", "1.5 s"."""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def wide(space: Space) -> Extent:
    """Return the extent of a picture of something over one axis."""
    return max(1, round(space[0] * _HEIGHT / _WIDTH)), space[0]


def upright(box: Sequence[Range], space: Space) -> list[Frame]:
    """Return a frame over the whole height."""
    ((start, stop),) = box
    return [(0, wide(space)[0], start, stop)]


def _drawn(mono: Values, height: int, width: int) -> Colors:
    above = round(height * _SHARE)
    peak = max(float(np.abs(mono).max()), _SILENCE)
    curve = draw_curve(mono, above, width, low=-1.05 * peak, high=1.05 * peak)
    return np.concatenate([curve, _spectrogram(mono, height - above, width)])


def _spectrogram(mono: Values, height: int, width: int) -> Colors:
    """Draw how loud each frequency is, from zero at the bottom to half the rate at the top."""
    # As fine in time as in frequency, as far as the picture can show it.
    window = 2 ** round(math.log2(min(max(math.sqrt(8 * len(mono)), 16), 1024)))
    hop = max(1, len(mono) // (2 * width), window // 16 if len(mono) < 2**14 else window // 4)
    padded = np.pad(mono, window // 2, "symmetric")  # silence would click at the ends
    stretches = np.lib.stride_tricks.sliding_window_view(padded, window)[::hop]
    loud = np.abs(np.fft.rfft(stretches * np.hanning(window + 2)[1:-1], axis=1))
    decibels = 20 * np.log10(np.maximum(loud / max(float(loud.max()), _SILENCE), 1e-9))
    shares = (1 - decibels / _QUIETEST_DB).clip(0, 1).T[::-1]
    plane = np.ascontiguousarray(shares, np.float32)
    small = Image.fromarray(plane).resize((width, height), Image.Resampling.BILINEAR)
    colors: Colors = matplotlib.colormaps["magma"](np.asarray(small))[..., :3].astype(np.float32)
    return colors
