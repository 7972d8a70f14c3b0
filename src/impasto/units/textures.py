"""Textures: new signals whose units are active together as often as over an example."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.evaluator import LocalEvaluator
from impasto.engine.memory import make_plan
from impasto.engine.optimizers import OptimizerName
from impasto.engine.pyramid import plan_levels
from impasto.engine.run import run
from impasto.engine.sweep import visit
from impasto.errors import InputError, UsageError
from impasto.objectives.gram import gram
from impasto.objectives.objective import Objective
from impasto.objectives.regularizers import Bounds
from impasto.objectives.style import Style
from impasto.signal import Signal, Space, fit

LEAST_NOISE = 0.1  # standard deviation at the start, where the example is flat
BOUNDS_WEIGHT = 10.0


def synthesize(
    encoder: Encoder,
    example: Signal,
    layers: Iterable[str],
    *,
    space: Space | None = None,
    steps: int = 100,
    levels: int | None = None,
    optimizer: OptimizerName = "lbfgs",
    bounds: tuple[float, float] | None = (0.0, 1.0),
    seed: int = 0,
) -> Signal:
    """Make a texture from noise whose Gram matrices at some layers are those of an example.

    What a layer's statistics hold is seen by taking them alone: colors and grain of a shallow
    layer, parts of things of a deep one. The paper takes conv1_1 and pool1 to pool4 of VGG19
    together.

    Each layer's cost is its squared relative error, so that none outweighs the others, where the
    paper divides by 4N²M² and scales the network. Large textures appear from coarse to fine.

    Args:
        encoder: Any network.
        example: The signal whose texture it is.
        layers: Layers whose statistics count.
        space: Samples of the texture along each axis; None for those of the example.
        steps: Steps of descent at each level, at most.
        levels: Sizes to go through, each half of the next; None for as many as make sense.
        optimizer: Method of descent.
        bounds: Least and largest sample that the medium can store; None if there are none.
        seed: Seed of the noise.
    Returns:
        A signal over the space, which may lie a little outside of the bounds.
    Raises:
        UsageError: If there is no layer, or none of that name.
        InputError: If the example or the texture is too small for the network.
    Source:
        Gatys, Ecker, Bethge, "Texture synthesis using convolutional neural networks",
        arXiv:1505.07376.
    """
    names = encoder.check(layers)
    if not names:
        raise UsageError("A texture needs at least one layer.")
    space = example.space if space is None else space
    _check_sizes(encoder, names, example.space, space)
    plan = make_plan(encoder, names, space, channels=example.samples.shape[0])

    def evaluator_at(own: Space) -> LocalEvaluator:
        scaled = _shrunk(encoder, names, example, max(own) / max(space))
        costs = _costs(encoder, names, scaled, own, plan.tile_bytes)
        if bounds is not None:
            low, high = bounds
            samples = example.samples.shape[0] * math.prod(own)
            costs += BOUNDS_WEIGHT * Bounds(low=low, high=high, scale=1 / samples)
        return LocalEvaluator(encoder, costs, tile_bytes=plan.tile_bytes)

    minimum = encoder.minimum_length(names)
    sizes = plan_levels(space, steps=steps, levels=levels, minimum=minimum)
    start = _noise(example.samples, sizes[0].space, seed)
    for step in run(
        evaluator_at, sizes, start, optimizer=optimizer, correction_bytes=plan.correction_bytes
    ):
        last = step
    return Signal(last.samples, example.medium)


def _check_sizes(encoder: Encoder, layers: list[str], *spaces: Space) -> None:
    minimum = encoder.minimum_length(layers)
    for kind, space in zip(("example", "texture"), spaces, strict=True):
        if min(space) < minimum:
            raise InputError(
                f"The {kind} has a short side of {min(space)} samples, and {encoder.name} needs "
                f"at least {minimum} for these layers."
            )


def _shrunk(encoder: Encoder, layers: list[str], example: Signal, factor: float) -> Tensor:
    """Return the example as a level sees it, shape (1, channel, *space)."""
    minimum = encoder.minimum_length(layers)
    longest = max(example.space)
    least = math.ceil(minimum * longest / min(example.space))
    wanted = min(longest, max(round(longest * factor), least))
    return example.resized(fit(example.space, wanted)).samples[None]


def _costs(
    encoder: Encoder, layers: list[str], example: Tensor, space: Space, tile_bytes: int | None
) -> Objective:
    """Compare each layer's mean Gram matrix with that of the example."""
    targets: dict[str, Tensor] = {}
    for piece in visit(encoder, layers, example, tile_bytes=tile_bytes):
        own = gram(piece.features)[0] / math.prod(piece.space)
        targets[piece.layer] = targets[piece.layer] + own if piece.layer in targets else own
    blank = example.new_zeros(*example.shape[:2], *space)
    positions = {
        piece.layer: math.prod(piece.space)
        for piece in visit(encoder, layers, blank, tile_bytes=tile_bytes)
    }
    return Objective(
        (1.0, Style(layer, target, positions=positions[layer], scale=_relative(target)))
        for layer, target in targets.items()
    )


def _relative(target: Tensor) -> float:
    return 1 / (float(target.square().sum()) + 1e-12)


def _noise(samples: Tensor, space: Space, seed: int) -> Tensor:
    """Draw noise with the example's mean and spread, shape (1, channel, *space)."""
    generator = torch.Generator().manual_seed(seed)
    white = torch.randn(1, len(samples), *space, generator=generator).to(samples.device)
    axes = tuple(range(1, samples.ndim))
    mean, spread = samples.mean(axes, keepdim=True), samples.std(axes, keepdim=True)
    return mean + spread.clamp(min=LEAST_NOISE) * white
