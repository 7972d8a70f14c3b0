"""Stylizing with a trained network: at once, or as the start of a descent."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.canvas import make_canvas
from impasto.engine.device import pick_device
from impasto.engine.optimizers import Point, make_optimizer
from impasto.engine.precision import pick_precision
from impasto.engine.pyramid import Level
from impasto.engine.run import Step
from impasto.errors import InputError, UsageError
from impasto.fast.painter import Painter, Painting, Wanted, load_painter
from impasto.fast.shipped import find_model, model_for
from impasto.media import MEDIA, Source, medium_of, read
from impasto.objectives.objective import Costs
from impasto.settings import StylizeSettings
from impasto.signal import Signal, Space, fit
from impasto.stylization.domains import Domain, domain_for
from impasto.stylization.inputs import (
    Inputs,
    Mask,
    Style,
    StyleSource,
    identity,
    read_inputs,
    resolve,
    style_pairs,
)
from impasto.stylization.recipe import encoder_for, transfer_steps
from impasto.stylization.result import StylizeStep
from impasto.stylization.trace import record

PAINTED = ("image", "video")


class FastTransfer:
    """What a trained network does with one picture; see `result.Problem`.

    Args:
        domain: The picture, and how to stylize it.
        painting: Paints it.
        weights_hash: Hash of the network's file.
    """

    def __init__(self, domain: Domain, painting: Painting, weights_hash: str) -> None:
        self.domain, self.settings, self.painting = domain, domain.settings, painting
        self.inputs, self.original = domain.inputs, domain.original
        self._weights_hash = weights_hash

    @property
    def weights_hash(self) -> str:
        """Hash of the network's file."""
        return self._weights_hash

    @property
    def space(self) -> Space:
        """The space of the result."""
        native = self.inputs.content.space
        if self.settings.size == "original":
            return native
        return fit(native, self.settings.size or self.domain.size or max(native))

    def present(self, samples: Tensor) -> Signal:
        """Turn what was painted into a result."""
        return self.domain.present(samples)

    def paint(self) -> Tensor:
        """Paint the picture, shape (3, h, w)."""
        content = self.inputs.content
        content = content if content.space == self.space else content.resized(self.space)
        return self.painting(content.samples.clamp(0, 1))


@dataclass(frozen=True, eq=False)
class Chosen:
    """The styles as a painter takes them.

    Attributes:
        painter: Who paints.
        sources: The pictures that there are, with their weights.
        rows: For each style its number among those that the painter knows.
        entries: What the metadata of a result tells of each.
    """

    painter: Painter
    sources: list[StyleSource]
    rows: list[int | None]
    entries: list[dict[str, Any]]

    @property
    def has_pictures(self) -> bool:
        """Whether the picture of every style is there."""
        return len(self.sources) == len(self.entries)


def painter_for(
    settings: StylizeSettings, style: StyleSource | Sequence[StyleSource] = ()
) -> Painter:
    """Load the trained network that the settings name, or the one that suits the styles.

    Raises:
        WeightsError: If there is none, or its file is damaged.
        InputError: If a style cannot be read.
    """
    if settings.model is None:
        hashes = [str(identity(source)["sha256"]) for source, _ in style_pairs(_listed(style))]
        path = model_for(hashes)
    else:
        path = find_model(settings.model)
    device = pick_device(settings.device)
    precision = pick_precision(settings.precision, device)
    return load_painter(Path(path), device=device, precision=precision)


def choose(settings: StylizeSettings, style: StyleSource | Sequence[StyleSource]) -> Chosen:
    """Find each style that is asked for among those of the network.

    A style is the name of one that the network knows, or a picture: the one that it was trained
    with, or any, if it takes any. A network that knows but one style need not be told which.

    Raises:
        UsageError: If the network does not have a style, or not as many.
        ImpastoError: As `painter_for` does.
    """
    painter, given = painter_for(settings, style), _listed(style)
    if not given and not painter.is_any and len(painter.known) == 1:
        given = [painter.known[0].name]
    pairs = style_pairs(given)
    painter.check_count(len(pairs))
    chosen = Chosen(painter, [], [], [])
    for source, weight in pairs:
        row = painter.named(source) if isinstance(source, str) else None
        entry: dict[str, Any] = {"path": source, "sha256": None, "named": True}
        try:
            found = identity(source)
        except InputError:
            if row is None and isinstance(source, str) and not painter.is_any:
                raise painter.unknown(source) from None
            if row is None:
                raise
            found = {}
        if row is not None and found.get("sha256") != painter.known[row].sha256:
            found = {}  # no picture, or another one that has the same name
        if found:
            chosen.sources.append((source, weight))
            row = painter.pictured(str(found["sha256"])) if row is None else row
            if row is None and not painter.is_any:
                raise painter.unknown(str(found["path"] or "this picture"))
            entry = found
        chosen.rows.append(row)
        chosen.entries.append({**entry, "weight": weight})
    return chosen


def fast_steps(
    content: Source,
    style: StyleSource | Sequence[StyleSource],
    *,
    masks: Sequence[Mask],
    settings: StylizeSettings,
    encoder: Encoder | None,
    checkpoint: str | Path | None,
    checkpoint_every: float | None,
    ray: str | None,
    began: float,
) -> Iterator[StylizeStep]:
    """Do what `stylize_steps` does with a trained network.

    Yields:
        What it paints, as one step; and with `refine` every step from there.
    Raises:
        ImpastoError: As for `stylize`.
    """
    medium = medium_of(resolve(content))
    _check(medium, settings, ray)
    chosen = choose(settings, style)
    if settings.colors == "match" and not chosen.painter.is_any:
        raise UsageError(
            f"--colors match recolors the style, and {chosen.painter.label} knows its styles as "
            "they are: take --colors content or luminance."
        )
    if chosen.painter.is_any or settings.refine:
        encoder = encoder or encoder_for(settings, medium=medium)
    if medium == "video":
        from impasto.stylization.streams import open_fast_film, stream_steps

        stream = open_fast_film(content, chosen, masks=masks, settings=settings, encoder=encoder)
        yield from stream_steps(
            stream, checkpoint=checkpoint, checkpoint_every=checkpoint_every, began=began
        )
        return
    inputs = read_chosen(content, chosen, masks, settings)
    domain = domain_for(inputs, settings)
    painting = painting_of(chosen, domain, encoder)
    transfer = FastTransfer(domain, painting, chosen.painter.sha256)
    painted = transfer.paint()
    if not settings.refine:
        yield painted_step(painted, transfer, began=began)
        return
    assert encoder is not None
    descent = settings.changed({"levels": 1, "steps": settings.refine})
    yield from transfer_steps(
        replace(inputs, init=Signal(painted)),
        descent,
        encoder,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
        began=began,
    )


def painting_of(chosen: Chosen, domain: Domain, encoder: Encoder | None) -> Painting:
    """Return what paints in the chosen styles, in the colors of a domain."""
    styles: Sequence[Style | None] = domain.inputs.styles or [None] * len(chosen.rows)
    wanted = [
        Wanted(entry["weight"], row)
        if style is None
        else Wanted(entry["weight"], row, style.signal.samples, style.regions)
        for entry, row, style in zip(chosen.entries, chosen.rows, styles, strict=True)
    ]
    return chosen.painter.painting(wanted, strength=domain.settings.strength, encoder=encoder)


def painted_step(painted: Tensor, transfer: FastTransfer, *, began: float) -> StylizeStep:
    """Return a painting as the only step of a run that measured no costs."""
    step = bare_step(painted, began=began)
    return StylizeStep.of(step, transfer, [record(step)])


def bare_step(painted: Tensor, *, began: float) -> Step:
    """Return a painting (3, h, w) as a step of the engine."""
    space = tuple(painted.shape[1:])
    nothing = Costs((), torch.zeros(0, 1))
    return Step(
        level=0,
        levels=[Level(space, 1)],
        index=0,
        seconds=time.monotonic() - began,
        point=Point(painted[None], nothing, torch.zeros(0)),
        canvas=make_canvas("samples", space),
        optimizer=make_optimizer("adam", memory=1),
    )


def _listed(style: StyleSource | Sequence[StyleSource]) -> list[StyleSource]:
    return [*style] if isinstance(style, list | tuple) and not _is_pair(style) else [style]  # type: ignore[list-item]


def _is_pair(style: Any) -> bool:
    return isinstance(style, tuple) and len(style) == 2 and isinstance(style[1], int | float)


def _check(medium: str, settings: StylizeSettings, ray: str | None) -> None:
    """Refuse what a trained network does not do."""
    if medium not in PAINTED:
        raise UsageError(f"--fast is for pictures and films: a {MEDIA[medium].noun} takes none.")
    if ray is not None:
        raise UsageError("A trained network paints at once, on one machine: leave out --ray.")
    if medium == "video" and settings.refine:
        raise UsageError("--refine is for pictures: films are painted frame by frame.")
    if settings.style_scale != 1:
        raise UsageError("--style-scale is for descending: a trained network has its own scale.")


def read_chosen(
    content: Source,
    chosen: Chosen,
    masks: Sequence[Mask],
    settings: StylizeSettings,
    *,
    seen: Signal | None = None,
) -> Inputs:
    """Read the content, and the styles of which there are pictures.

    Args:
        content: As for `stylize`.
        chosen: The styles.
        masks: As for `stylize`.
        settings: How to stylize.
        seen: The content, where it has been read, or as much of it as stands for it.
    Raises:
        UsageError: If something needs the picture of a style that only has a name.
        InputError: If something cannot be read.
    """
    origin_model = {"path": None, "sha256": chosen.painter.sha256}
    if settings.model is not None:
        origin_model["path"] = str(settings.model)
    if chosen.has_pictures:
        inputs = read_inputs(
            content, chosen.sources, masks=masks, max_pixels=settings.max_pixels, seen=seen
        )
    elif masks or settings.refine:
        asked = "--mask" if masks else "--refine"
        raise UsageError(f"{asked} needs the picture of each style: name files, not styles.")
    else:
        subject = seen or read(resolve(content), max_pixels=settings.max_pixels)
        told: dict[str, Any] = {
            "content": identity(content),
            "styles": [],
            "masks": [],
            "init": None,
        }
        inputs = Inputs(subject, [], None, told)
    origin = {**inputs.origin, "styles": chosen.entries, "model": origin_model}
    return replace(inputs, origin=origin)
