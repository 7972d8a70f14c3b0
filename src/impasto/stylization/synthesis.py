"""Textures: a new signal in the style of another, with no content."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch

from impasto.encoders.encoder import Encoder
from impasto.errors import UsageError
from impasto.media import Source, medium_of, read
from impasto.settings import StylizeSettings
from impasto.signal import Signal, Space
from impasto.stylization.inputs import read_inputs, resolve
from impasto.stylization.recipe import encoder_for, transfer_steps
from impasto.stylization.result import Stylization, StylizeStep

MEDIA_OVER = {2: "image", 3: "volume"}  # axes that can be asked for
SIDES = {2: 512, 3: 64}  # where no size is asked for


def synthesize(
    style: Source,
    *,
    axes: int | None = None,
    settings: StylizeSettings | None = None,
    **changes: Any,
) -> Stylization:
    """Make a texture from a style alone.

        impasto.synthesize("marble.jpg", axes=3, size=64).save("marble.nii.gz")

    Args:
        style: Path, name of a bundled sample, or anything else that `stylize` takes.
        axes: 2 for a picture, 3 for a solid texture, a volume whose every cut looks like the
            style; None for as many as the style has. A film makes one that moves likewise.
        settings: How to do it; its size is the length of every side.
        **changes: Single settings, by the names of the fields of StylizeSettings.
    Raises:
        ImpastoError: One of its kinds, with a sentence that says what was wrong.
    Source:
        Gatys, Ecker, Bethge, arXiv:1505.07376; solid: Gutierrez, Rabin, Galerne, Hurtut,
        arXiv:2001.04528.
    """
    steps = synthesize_steps(style, axes=axes, settings=settings, **changes)
    return deque(steps, maxlen=1).pop().finish()


def synthesize_steps(
    style: Source,
    *,
    axes: int | None = None,
    settings: StylizeSettings | None = None,
    encoder: Encoder | None = None,
    began: float | None = None,
    **changes: Any,
) -> Iterator[StylizeStep]:
    """Do what `synthesize` does, and yield every step of it; see `stylize_steps`."""
    settings = (settings or StylizeSettings()).changed(changes)
    if settings.fast:
        raise UsageError("A trained network paints photographs: it makes no textures.")
    signal = _read(style, settings)
    axes = axes or len(signal.space)
    if axes != len(signal.space) and (len(signal.space), axes) != (2, 3):
        raise UsageError(
            f"A style with {len(signal.space)} axes makes no texture with {axes}: only a picture "
            "makes one with another number, a volume with 3."
        )
    medium = signal.medium if axes == len(signal.space) else MEDIA_OVER[axes]
    if axes == 1:  # as long as the style
        space, size = signal.space, settings.size
    elif settings.size == "original":
        raise UsageError("A texture has no original size: give --size N.")
    else:
        size = settings.size or SIDES[axes]
        space = (size,) * axes
    settings = replace(settings, size=size, content_weight=0.0, init="content")
    content = noise_like(signal, medium, space, seed=settings.seed)
    seen = signal if medium == "video" else style
    inputs = read_inputs(content, seen, max_pixels=settings.max_pixels)
    yield from transfer_steps(
        inputs, settings, encoder or encoder_for(settings, medium=medium), began=began
    )


def _read(style: Source, settings: StylizeSettings) -> Signal:
    """Read a style; of a film no more, and no larger, frames than the texture will have."""
    found = resolve(style)
    if medium_of(found) != "video":
        return read(found, max_pixels=settings.max_pixels, frame=settings.frame)
    side = settings.size if isinstance(settings.size, int) else SIDES[3]
    film = read(found, max_pixels=settings.max_pixels, longest=side)
    return film.with_samples(film.samples[:, :side])


def noise_like(style: Signal, medium: str, space: Space, *, seed: int) -> Signal:
    """Return white noise over a space with the mean and the spread of a style's channels.

    Args:
        style: A signal.
        medium: That of the noise.
        space: One to three axes.
        seed: Seed of the noise.
    """
    samples = style.samples
    generator = torch.Generator().manual_seed(seed)
    white = torch.randn(len(samples), *space, generator=generator)
    shape = (-1, *[1] * len(space))
    mean, spread = samples.flatten(1).mean(1), samples.flatten(1).std(1)
    meta: dict[str, Any] = dict(style.meta) if len(space) == 1 else {}
    if medium == "video":
        meta = {"rate_hz": style.meta["rate_hz"]}
    if medium == "volume":
        shortest = min(style.meta.get("spacing_mm", (1.0,)))
        meta = {"dtype": style.meta.get("dtype", "rgb"), "spacing_mm": (shortest,) * 3}
    return Signal(mean.view(shape) + spread.view(shape) * white, medium, meta)
