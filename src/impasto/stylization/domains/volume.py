"""Volumes: windows of intensity, cubes for voxels, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from torch import Tensor

from impasto.errors import InputError
from impasto.media.color import luminance
from impasto.settings import StylizeSettings
from impasto.signal import Signal, resample
from impasto.stylization.domains.domain import Domain
from impasto.stylization.inputs import Inputs

Window = tuple[float, float]

PERCENTILES = (0.5, 99.5)
_MOST_SAMPLES = 2**22  # torch's quantile takes 2^24; a few millions tell as well


class VolumeDomain(Domain):
    """Shows volumes to a network as intensities from 0 to 1 over cubes.

    The network knows no millimeters: where voxels are longer along one axis, the volume is
    resampled to cubes first, so that strokes have one size along every axis. A picture as the style
    of a gray volume is seen in gray.

    Args:
        inputs: What was read.
        settings: Window and size.
    Raises:
        UsageError: If colors are asked for.
        InputError: If all voxels of the content are equal and no window is given.
    """

    medium = "volume"
    styles: ClassVar[tuple[str, ...]] = ("image", "volume")
    encoder = "vgg19"  # which sees the slices
    size = 96

    def __init__(self, inputs: Inputs, settings: StylizeSettings) -> None:
        super().__init__(inputs, settings)
        self.window = settings.window or robust_window(inputs.content, inputs.labels[0])
        low, high = self.window
        inside = ((self.original.samples - low) / (high - low)).clamp(0, 1)
        content = cubic(self.original.with_samples(inside))
        if content.space != self.original.space:
            spacing = self.original.meta["spacing_mm"]
            steps = " × ".join(f"{step:g}" for step in spacing[::-1])
            self.remarks.append(
                f"{inputs.labels[0]} has voxels of {steps} mm: resampled to cubes of "
                f"{min(spacing):g} mm."
            )
        gray = len(content.samples) == 1
        styles = []
        for style, label in zip(inputs.styles, inputs.labels[1:], strict=True):
            styles.append(replace(style, signal=_shown(style.signal, label, gray)))
        init = inputs.init and cubic(self._inside(inputs.init))
        self.inputs = replace(inputs, content=content, styles=styles, init=init)

    def present(self, samples: Tensor) -> Signal:
        """Turn what was optimized into a volume in the units of the file.

        At full size it lies on the grid of the original, and what the window had cut off is put
        back: a volume that was not changed is the original. Smaller ones have cubes for voxels.

        Args:
            samples: Shape (channel, *space), from 0 to 1.
        """
        low, high = self.window
        space = tuple(samples.shape[1:])
        if space != self.inputs.content.space:
            return on_grid(self.original, low + (high - low) * samples)
        own = resample(samples[None], self.original.space)[0]
        beyond = self.original.samples - self.original.samples.clamp(low, high)
        return self.original.with_samples(low + (high - low) * own + beyond)

    def _inside(self, signal: Signal) -> Signal:
        low, high = self.window
        return signal.with_samples(((signal.samples - low) / (high - low)).clamp(0, 1))


def robust_window(signal: Signal, label: str) -> Window:
    """Return the intensities that nearly all voxels lie between; colors go from 0 to 1.

    Raises:
        InputError: If all voxels are equal.
    """
    if len(signal.samples) == 3:
        return 0.0, 1.0
    values = signal.samples.flatten()
    few = values[:: -(-len(values) // _MOST_SAMPLES)].numpy()
    low, high = (float(value) for value in np.percentile(few, PERCENTILES))
    if low == high:  # a few bright voxels in the dark
        low, high = float(values.min()), float(values.max())
    if low == high:
        raise InputError(f"{label} has the value {low:g} everywhere: there is nothing to stylize.")
    return low, high


def cubic(signal: Signal) -> Signal:
    """Resample a volume to voxels that are as long along every axis as the shortest were."""
    spacing = signal.meta.get("spacing_mm", (1.0,) * 3)
    shortest = min(spacing)
    lengths = zip(signal.space, spacing, strict=True)
    space = tuple(max(1, round(length * step / shortest)) for length, step in lengths)
    return signal if space == signal.space else on_grid(signal, signal.resized(space).samples)


def on_grid(original: Signal, samples: Tensor) -> Signal:
    """Return samples over the same part of the world with other voxels.

    Voxels are boxes: the outer faces of the first and the last stay where they were.

    Args:
        original: Says where its voxels lie.
        samples: Shape (channel, *space).
    """
    space = tuple(samples.shape[1:])
    factors = [old / new for old, new in zip(original.space, space, strict=True)]
    meta = dict(original.meta)
    if "spacing_mm" in meta:
        meta["spacing_mm"] = tuple(
            step * factor for step, factor in zip(meta["spacing_mm"], factors, strict=True)
        )
    if "affine" in meta:
        turned = np.array(factors[::-1])  # of files the first axis is the last here
        finer = np.diag([*turned, 1.0])
        finer[:3, 3] = (turned - 1) / 2
        meta["affine"] = meta["affine"] @ finer
    return replace(original, samples=samples, meta=meta)


def _shown(style: Signal, label: str, gray: bool) -> Signal:
    """Return a style as the network shall see it: from 0 to 1, cubes, as many channels."""
    if style.medium == "volume":
        low, high = robust_window(style, label)
        style = cubic(style.with_samples(((style.samples - low) / (high - low)).clamp(0, 1)))
    samples = style.samples
    if gray and len(samples) == 3:
        samples = luminance(samples)
    elif not gray and len(samples) == 1:
        samples = samples.expand(3, *samples.shape[1:])
    return Signal(samples, style.medium)
