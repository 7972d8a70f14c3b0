"""What a network sees of a file: signals of its medium, at its rate, with its channels."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.errors import InputError, UsageError
from impasto.media import MAX_PIXELS, MEDIA, Source
from impasto.media.audio import at_rate
from impasto.media.dataset import Dataset
from impasto.signal import Signal
from impasto.units.portraits import PORTRAITS, Portrait, portrait_of

LONGEST = {"image": 640, "video": 160}  # samples along an axis, of what is larger by default
OUTLIERS = 0.002  # of the voxels of a volume at each end, which set no limits

_SILENCE = 1e-5  # root mean square; less than the last of 16 bits
_COUNTED = 2**22  # voxels whose limits are looked for


@dataclass(frozen=True)
class Preparation:
    """What is done to each signal before a network sees it.

    Attributes:
        medium: What the signals are.
        axes: Space axes that the network takes.
        network: Its name.
        channels: Channels that it takes; None where nobody knows.
        rate_hz: Samples a second that it takes; None for those of the signal.
        loudness: Root mean square of the sounds that it takes; None for that of the signal.
    """

    medium: str
    axes: int
    network: str
    channels: int | None = None
    rate_hz: float | None = None
    loudness: float | None = None

    def __call__(self, signal: Signal) -> Signal:
        """Return what the network sees.

        Raises:
            InputError: If it cannot see it.
        """
        if len(signal.space) != self.axes:
            raise InputError(
                f"It has {len(signal.space)} axes, and {self.network} sees signals over "
                f"{self.axes}."
            )
        if self.medium == "audio":
            signal = _as_loud(_at_rate(_mono(signal), self.rate_hz), self.loudness)
        elif self.medium == "volume":
            signal = signal.with_samples(_scaled(signal))
        return self._with_channels(signal)

    def _with_channels(self, signal: Signal) -> Signal:
        own = len(signal.samples)
        if self.channels is None or own == self.channels:
            return signal
        if own == 1:
            alike = signal.samples.expand(self.channels, *signal.space)
            return signal.with_samples(alike.contiguous())
        raise InputError(f"It has {own} channels, and {self.network} sees {self.channels}.")


def opened(
    origin: str | os.PathLike[str] | Sequence[Source],
    encoder: Encoder,
    *,
    max_size: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> tuple[Dataset, Portrait]:
    """Open a dataset as a network sees it, and say how its signals are shown.

    The network decides which files are looked at: those over its number of axes. Where several
    media have as many, it is that of the first file.

    Args:
        origin: See `Dataset`.
        encoder: The network.
        max_size: Longest side of what has sides; None for what is usual.
        max_pixels: Pictures with more pixels are not read.
    Raises:
        InputError: If there is nothing that the network can see.
        UsageError: If a size is given for what has none.
    """
    medium = _medium(origin, encoder)
    longest = max_size or LONGEST.get(medium)
    if max_size and encoder.axes == 1:
        raise UsageError(
            f"--max-size is for what has sides: leave it out, {PORTRAITS[medium].nouns} go through "
            "at their whole length."
        )
    if medium == "image":  # which readers check themselves
        dataset = Dataset(origin, longest=longest, max_pixels=max_pixels)
        return dataset, portrait_of(medium)
    rate_hz = encoder.rate_hz
    if medium == "audio" and rate_hz is None:
        rate_hz = _first_rate(Dataset(origin, medium=medium))
    prepare = Preparation(
        medium,
        encoder.axes,
        encoder.name,
        channels=channels_of(encoder, medium),
        rate_hz=rate_hz,
        loudness=encoder.loudness,
    )
    dataset = Dataset(
        origin, medium=medium, longest=longest, max_pixels=max_pixels, prepare=prepare
    )
    return dataset, portrait_of(medium, rate_hz=rate_hz)


def only(
    source: Source,
    encoder: Encoder,
    *,
    max_size: int | None = None,
    max_pixels: int = MAX_PIXELS,
) -> tuple[Signal, Portrait]:
    """Read one signal as a network sees it, and say how it is shown; see `opened`.

    Raises:
        InputError: If it cannot be read, or the network cannot see it.
    """
    dataset, portrait = opened([source], encoder, max_size=max_size, max_pixels=max_pixels)
    ((entry, signal),) = dataset.signals()
    if isinstance(signal, Signal):
        return signal, portrait
    reason = str(signal)
    raise type(signal)(reason if entry.name in reason else f"{entry.name}: {reason}")


def medium_of(encoder: Encoder) -> str:
    """Return what a network was made to see, or the first medium over its axes."""
    return encoder.medium or _fitting(encoder)[0]


def channels_of(encoder: Encoder, medium: str) -> int | None:
    """Return how many channels a network takes: of sounds one, else as its first convolution."""
    if medium == "audio":
        return 1
    found = (getattr(module, "in_channels", None) for module in encoder.modules())
    return next((int(channels) for channels in found if channels is not None), None)


def _medium(origin: str | os.PathLike[str] | Sequence[Source], encoder: Encoder) -> str:
    """Choose among the media that the network sees."""
    if encoder.medium is not None:
        return encoder.medium
    fitting = _fitting(encoder)
    known = [medium for medium in fitting if medium in MEDIA]
    if isinstance(origin, str | os.PathLike):
        return _held(origin, known, encoder)
    first = next(iter(origin), None)
    given = first.medium if isinstance(first, Signal) else _by_suffix(first, known)
    return given if given in fitting else fitting[0]


def _fitting(encoder: Encoder) -> list[str]:
    return [own.medium for own in PORTRAITS.values() if own.axes == encoder.axes]


def _held(origin: str | os.PathLike[str], media: Sequence[str], encoder: Encoder) -> str:
    """Return the first of some media of which a dataset holds anything."""
    for medium in media:
        with suppress(InputError):
            Dataset(origin, medium=medium)
            return medium
    if len(media) == 1 or not Path(origin).exists():
        Dataset(origin, medium=media[0])  # which says what is wrong
    nouns = " and no ".join(MEDIA[medium].noun for medium in media)
    kinds = ", ".join(dict.fromkeys(chain(*(MEDIA[medium].inputs for medium in media))))
    raise InputError(
        f"{os.fspath(origin)} holds nothing that {encoder.name} sees, over {encoder.axes} "
        f"{'axis' if encoder.axes == 1 else 'axes'}: no {nouns} ({kinds})."
    )


def _by_suffix(source: object, media: Iterable[str]) -> str | None:
    name = os.fspath(source).lower() if isinstance(source, str | os.PathLike) else ""
    return next((medium for medium in media if name.endswith(MEDIA[medium].inputs)), None)


def _first_rate(dataset: Dataset) -> float | None:
    for _, signal in dataset.signals():
        if isinstance(signal, Signal):
            return float(signal.meta["rate_hz"]) if "rate_hz" in signal.meta else None
    return None


def _mono(signal: Signal) -> Signal:
    return signal.with_samples(signal.samples.mean(0, keepdim=True))


def _at_rate(signal: Signal, rate_hz: float | None) -> Signal:
    """Resample a sound to a rate."""
    own = signal.meta.get("rate_hz")
    return signal if rate_hz is None or own is None else at_rate(signal, rate_hz)


def _as_loud(signal: Signal, loudness: float | None) -> Signal:
    """Bring a sound to a loudness, without DC; silence stays silent."""
    if loudness is None:
        return signal
    centered = signal.samples - signal.samples.mean(-1, keepdim=True)
    own = float(centered.square().mean().sqrt())
    return signal.with_samples(centered * (loudness / max(own, _SILENCE)))


def _scaled(signal: Signal) -> Tensor:
    """Bring the intensities of a volume to 0 to 1, but for a few at both ends."""
    samples = signal.samples.nan_to_num(0, 0, 0)
    flat = samples.flatten()
    low, high = torch.quantile(
        flat[:: -(-flat.numel() // _COUNTED)], torch.tensor([OUTLIERS, 1 - OUTLIERS])
    )
    if high <= low:
        low, high = flat.aminmax()
    span = high - low
    return ((samples - low) / span if span > 0 else samples * 0).clamp(0, 1)
