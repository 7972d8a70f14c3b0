"""What goes into a stylization: content, styles and masks, read and checked."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from impasto.errors import InputError, UsageError, nearest
from impasto.media import MEDIA, Source, read
from impasto.media.mask import paired_regions
from impasto.samples import find, samples
from impasto.settings import check_weight
from impasto.signal import Signal

INITS = ("content", "noise", "style")
MASKED = ("image", "volume")  # media in which regions can be painted

StyleSource = Source | tuple[Source, float]
Mask = tuple[Source, Source]


@dataclass(frozen=True, eq=False)
class Style:
    """One style and what of it goes where.

    Attributes:
        signal: The style itself.
        weight: Its share among the styles.
        regions: Regions of the content and the regions of the style that pair with them, shapes
            (r, *space) over the space of the mask each; None without masks.
    """

    signal: Signal
    weight: float = 1.0
    regions: tuple[Tensor, Tensor] | None = None


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything that was read.

    Attributes:
        content: The content.
        styles: One style or several.
        init: Where G begins, if that is a picture of its own.
        origin: Where each came from: names, hashes and weights, as a result's metadata has them.
    """

    content: Signal
    styles: Sequence[Style]
    init: Signal | None
    origin: dict[str, Any]

    @property
    def labels(self) -> list[str]:
        """Names of the content and of each style, for messages."""
        content, styles = self.origin["content"]["path"], self.origin["styles"]
        return [content or "The content", *(style["path"] or "A style" for style in styles)]


def read_inputs(
    content: Source,
    style: StyleSource | Sequence[StyleSource],
    *,
    masks: Sequence[Mask] = (),
    init: str = "content",
    max_pixels: int,
    frame: int | None = None,
) -> Inputs:
    """Read the content, the styles with their weights, and a pair of masks for each style.

    Args:
        content: Path, name of a sample, bytes, PIL image, array, tensor or signal.
        style: The same, or a list of them, each alone or in a pair with its weight.
        masks: For each style the mask of the content and that of the style; or none.
        init: One of INITS, or the path of a picture.
        max_pixels: Larger pictures are refused.
        frame: Which volume of a series the content is.
    Raises:
        InputError: If something cannot be read.
        UsageError: If there is no style, a weight is out of range, or masks do not fit.
    """
    pairs = style_pairs(style)
    if masks and len(masks) != len(pairs):
        raise UsageError(
            f"There are {len(pairs)} styles and {len(masks)} pairs of masks: give --mask once for "
            "each --style, in the same order."
        )
    subject = read(resolve(content), max_pixels=max_pixels, frame=frame)
    styles = []
    for number, (source, weight) in enumerate(pairs):
        signal = read(resolve(source), max_pixels=max_pixels)
        regions = _read_masks(masks[number], subject, signal, max_pixels) if masks else None
        styles.append(Style(signal, weight, regions))
    begin = None if init in INITS else resolve(init, others=INITS)
    origin = {
        "content": identity(content),
        "styles": [{**identity(source), "weight": weight} for source, weight in pairs],
        "masks": [[identity(mask) for mask in pair] for pair in masks],
        "init": identity(init) if begin else None,
    }
    first = read(begin, max_pixels=max_pixels) if begin else None
    return Inputs(subject, styles, first, origin)


def style_pairs(style: StyleSource | Sequence[StyleSource]) -> list[tuple[Source, float]]:
    """Return each style with its weight, 1 where none is given.

    Raises:
        UsageError: If there is none, or a weight is out of range or all are zero.
    """
    given = style if isinstance(style, list) else [style]
    pairs = [item if isinstance(item, tuple) else (item, 1.0) for item in given]
    for _, weight in pairs:
        check_weight("The weight of a style", weight)
    if not pairs or not sum(weight for _, weight in pairs) > 0:
        raise UsageError("There is no style: add --style PICTURE with a weight above 0.")
    return pairs


def resolve(source: Source, *, others: Sequence[str] = ()) -> Source:
    """Turn the name of a bundled sample into its path; a file of that name comes first.

    Args:
        source: Whatever `media.read` takes, or the name of a sample.
        others: What else could have been meant by a name that is unknown.
    Raises:
        InputError: If a name is neither a file nor a sample.
    """
    if not isinstance(source, str | os.PathLike) or os.path.exists(source):
        return source
    name = os.fspath(source)
    if (sample := find(name)) is not None:
        return sample
    if "://" in name:
        return name  # the reader knows what to say about addresses
    if name and Path(name).name == name and not Path(name).suffix:
        hint = nearest(name, [*others, *(sample.name for sample in samples())])
        raise InputError(f"There is no file {name!r}, and no sample of that name. {hint}")
    raise InputError(f"There is no file {name!r}.")


def identity(source: Source) -> dict[str, Any]:
    """Return path and SHA-256 of a source; the path is None for data in memory.

    Raises:
        InputError: If a file cannot be read.
    """
    found = resolve(source)
    if isinstance(found, str | os.PathLike):
        try:
            digest = hashlib.sha256(Path(found).read_bytes()).hexdigest()
        except OSError as error:
            raise InputError(f"{found} cannot be read: {error.strerror}.") from None
        return {"path": os.fspath(source), "sha256": digest}  # type: ignore[arg-type]
    samples = read(found).samples.contiguous()
    return {"path": None, "sha256": hashlib.sha256(samples.numpy().tobytes()).hexdigest()}


def _read_masks(
    pair: Mask, content: Signal, style: Signal, max_pixels: int
) -> tuple[Tensor, Tensor]:
    if content.medium not in MASKED:
        noun = MEDIA[content.medium].noun
        raise UsageError(f"--mask is for pictures and volumes: a {noun} takes none.")
    masks = [read(resolve(mask), max_pixels=max_pixels) for mask in pair]
    for mask, signal, name in zip(masks, (content, style), ("content", "style"), strict=True):
        own, noun = MEDIA[mask.medium].noun, MEDIA[signal.medium].noun
        if own != noun:
            raise UsageError(f"The {name} is a {noun} and its mask a {own}: both must be the same.")
        unit = "voxels" if mask.medium == "volume" else "pixels"
        # a smaller mask will do as long as it has the same proportions, to a sample
        for mine, whole in zip(mask.space, signal.space, strict=True):
            factor = max(signal.space) / max(mask.space)
            if abs(mine * factor - whole) > max(1.0, factor):
                raise UsageError(
                    f"The {name} mask has {_by(mask)} {unit} and the {name} {_by(signal)}: "
                    f"a mask needs the proportions of its {noun}."
                )
    return paired_regions(*masks)


def _by(signal: Signal) -> str:
    return "×".join(str(length) for length in reversed(signal.space))
