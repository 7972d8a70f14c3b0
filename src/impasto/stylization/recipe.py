"""The main job: a content, styles and settings go in, steps and a result come out."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from impasto.encoders.catalog import load_encoder
from impasto.encoders.encoder import Encoder
from impasto.engine.placement import place
from impasto.engine.pyramid import plan_levels
from impasto.engine.run import run
from impasto.engine.workers import hire
from impasto.errors import UsageError
from impasto.media import MEDIA, Source, medium_of
from impasto.objectives.conventions import convention
from impasto.settings import StylizeSettings
from impasto.stylization.domains import DOMAINS, DynamicTexture, domain_for
from impasto.stylization.inputs import Inputs, Mask, StyleSource, read_inputs, resolve
from impasto.stylization.keeper import Keeper
from impasto.stylization.problem import StyleTransfer
from impasto.stylization.result import Stylization, StylizeStep
from impasto.stylization.slicing import SliceTransfer
from impasto.stylization.streams import stream_for, stream_steps
from impasto.stylization.trace import Record, record


def stylize(
    content: Source,
    style: StyleSource | Sequence[StyleSource],
    *,
    masks: Sequence[Mask] = (),
    settings: StylizeSettings | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: float | None = None,
    ray: str | None = None,
    **changes: Any,
) -> Stylization:
    """Make a picture with the content of one picture and the style of another.

        result = impasto.stylize("photo.jpg", "painting.jpg", size=512)
        result.save("out.png")

    Args:
        content: Path, name of a bundled sample, bytes, PIL image, array, tensor or signal.
        style: The same, or a list of styles, each alone or in a pair with its weight.
        masks: For each style a mask of the content and one of the style; equal colors pair up.
        settings: How to do it; None for the defaults.
        checkpoint: File in which the run keeps its state, and from which it goes on.
        checkpoint_every: Seconds between writing it; None for as often as a hundredth of the time
            allows.
        ray: Address of a Ray cluster whose machines share the work: "host:port", "auto" or
            "local"; None to work on this machine alone.
        **changes: Single settings, by the names of the fields of StylizeSettings.
    Raises:
        ImpastoError: One of its kinds, with a sentence that says what was wrong.
    Source:
        Gatys, Ecker, Bethge, arXiv:1508.06576.
    """
    steps = stylize_steps(
        content,
        style,
        masks=masks,
        settings=settings,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
        ray=ray,
        **changes,
    )
    return deque(steps, maxlen=1).pop().finish()


def stylize_steps(
    content: Source,
    style: StyleSource | Sequence[StyleSource],
    *,
    masks: Sequence[Mask] = (),
    settings: StylizeSettings | None = None,
    checkpoint: str | Path | None = None,
    checkpoint_every: float | None = None,
    encoder: Encoder | None = None,
    ray: str | None = None,
    began: float | None = None,
    **changes: Any,
) -> Iterator[StylizeStep]:
    """Do what `stylize` does, and yield every step of it.

    Everything is read and checked before the first step. To stop, leave the loop: the last step
    holds the picture so far, and `step.finish()` makes it a result.

    Args:
        content: As for `stylize`.
        style: As for `stylize`.
        masks: As for `stylize`.
        settings: As for `stylize`.
        checkpoint: As for `stylize`.
        checkpoint_every: As for `stylize`.
        encoder: A network of the caller's; None to load what the settings name.
        ray: As for `stylize`.
        began: Reading of time.monotonic() from which seconds are counted; None for now.
        **changes: As for `stylize`.
    Yields:
        The start of each level and every step from it.
    Raises:
        ImpastoError: As for `stylize`.
    """
    began = time.monotonic() if began is None else began
    settings = (settings or StylizeSettings()).changed(changes)
    if settings.fast:
        from impasto.stylization.feedforward import fast_steps  # which needs this module

        yield from fast_steps(
            content,
            style,
            masks=masks,
            settings=settings,
            encoder=encoder,
            checkpoint=checkpoint,
            checkpoint_every=checkpoint_every,
            ray=ray,
            began=began,
        )
        return
    encoder = encoder or encoder_for(settings, medium=medium_of(resolve(content)), ray=ray)
    stream = stream_for(content, style, masks=masks, settings=settings, encoder=encoder)
    if stream is not None:
        if ray is not None:
            raise UsageError(f"A {stream.noun} needs the one before it: leave out --ray.")
        yield from stream_steps(
            stream, checkpoint=checkpoint, checkpoint_every=checkpoint_every, began=began
        )
        return
    inputs = read_inputs(
        content,
        style,
        masks=masks,
        init=settings.init,
        max_pixels=settings.max_pixels,
        frame=settings.frame,
    )
    yield from transfer_steps(
        inputs,
        settings,
        encoder,
        checkpoint=checkpoint,
        checkpoint_every=checkpoint_every,
        ray=ray,
        began=began,
    )


def transfer_steps(
    inputs: Inputs,
    settings: StylizeSettings,
    encoder: Encoder,
    *,
    checkpoint: str | Path | None = None,
    checkpoint_every: float | None = None,
    ray: str | None = None,
    began: float | None = None,
) -> Iterator[StylizeStep]:
    """Do the same with inputs that have been read; see `stylize_steps`."""
    problem = problem_for(encoder, inputs, settings)
    plan = problem.plan()
    levels = plan_levels(
        problem.space,
        quality=settings.quality,
        steps=settings.steps,
        levels=1 if problem.domain.size is None else settings.levels,
        minimum=problem.minimum,
    )
    keeper = Keeper(
        checkpoint, settings, inputs.origin, encoder.weights_hash, every=checkpoint_every
    )
    resume = keeper.load()
    records: list[Record] = [dict(entry) for entry in resume.records] if resume else []
    with hire(ray) as workers:
        steps = run(
            partial(problem.evaluator, tile_bytes=plan.tile_bytes, workers=workers),
            levels,
            problem.start(levels[0].space),
            optimizer=settings.optimizer,
            canvas=settings.canvas or problem.domain.canvas,
            correction_bytes=plan.correction_bytes,
            resume=resume,
            began=began,
        )
        for step in steps:
            records = [*records, record(step)]
            keeper.keep(step, records)
            yield StylizeStep.of(step, problem, records)


def problem_for(encoder: Encoder, inputs: Inputs, settings: StylizeSettings) -> StyleTransfer:
    """Set up what is minimized: volumes by slices where the network is one for pictures."""
    whole_film = inputs.content.medium == "video"  # others are streams of frames
    domain = DynamicTexture(inputs, settings) if whole_film else domain_for(inputs, settings)
    axes = len(inputs.content.space)
    if axes == encoder.axes:
        return StyleTransfer(encoder, domain)
    if (axes, encoder.axes) == (3, 2):
        return SliceTransfer(encoder, domain)
    noun = MEDIA[domain.medium].noun
    raise UsageError(f"{encoder.name} sees over {encoder.axes} axes, and a {noun} has {axes}.")


def encoder_for(
    settings: StylizeSettings, *, medium: str = "image", ray: str | None = None
) -> Encoder:
    """Load the network that the settings name, in the precision that they name.

    Args:
        settings: How to stylize.
        medium: That of the content, which decides where the settings name no network.
        ray: As for `stylize`; the workers of a cluster compute on their processors.
    Raises:
        UsageError: If there is no network or no device of that name.
        WeightsError: If its weights are missing or damaged.
    """
    encoder = load_encoder(
        settings.encoder or DOMAINS[medium].encoder,
        weights=settings.weights,
        convention=settings.weights_convention,
        pooling=settings.pooling or convention(settings.objective).pooling,
    )
    return place(encoder, device=settings.device, precision=settings.precision, local=ray is None)
