"""Maximization: for a unit the picture that it would like to see most."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Literal

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.canvas import Canvas, Mixed, Spectrum
from impasto.engine.evaluator import Evaluator, LocalEvaluator
from impasto.engine.optimizers import Adam
from impasto.engine.sweep import visit
from impasto.errors import InputError, ShapeError, UsageError, nearest
from impasto.objectives.activation import Activation, central, everywhere
from impasto.objectives.objective import Costs, Objective
from impasto.signal import Space
from impasto.units.receptive import receptive_fields
from impasto.units.rectifiers import Rectifying
from impasto.units.views import Bounded, Jittered

PlaceName = Literal["everywhere", "center"]
_PLACES: Mapping[str, Callable[[Space], Tensor]] = {"everywhere": everywhere, "center": central}

# Red, green and blue of what pictures vary in: lightness, orange against blue, magenta against
# green: the principal components of 205 photographs, with a mean variance of 1.
COLORS = torch.tensor([[0.892, 0.403, 0.088], [0.929, 0.026, -0.170], [0.993, -0.387, 0.080]])

SHORTEST, MOST = 32, 96**2  # samples along an axis, and in all, of a picture by default
NOISE = 0.05  # standard deviation of the start, in the units of the parameters


def maximize(
    encoder: Encoder,
    layer: str,
    units: Sequence[int],
    *,
    place: PlaceName = "everywhere",
    size: int | Space | None = None,
    steps: int = 32,
    rate: float = 0.02,
    jitter: int | None = None,
    channels: int = 3,
    mixing: Tensor | None = None,
    bounds: tuple[float, float] | None = (0.0, 1.0),
    seed: int = 0,
) -> Tensor:
    """Make for each unit a signal that excites it as much as can be.

    The signals of several units are one batch, and each is the same as if it were made alone.

    Args:
        encoder: Any network.
        layer: Layer of the units.
        units: Channels of the layer.
        place: Which part of a unit's map shall be high: "everywhere" its mean, which fills the
            picture with what the unit looks for; "center" its middle, which shows it once.
        size: Samples of a signal along each axis; None for as many as the layer's units see, in
            some limits.
        steps: Steps of descent.
        rate: Length of a step, in the units of the medium.
        jitter: Largest offset of the random shifts, in samples; None for a sixteenth of the size.
        channels: Channels of the signal.
        mixing: Matrix that mixes uncorrelated channels to those of the signal, shape
            (channel, channel); None for the colors of photographs where there are three channels
            over two axes, and for no mixture otherwise.
        bounds: Least and largest sample of the medium; None if there are none.
        seed: Seed of the start, which is the same for all units, and of the shifts.
    Returns:
        Shape (unit, channel, *space), float32.
    Raises:
        UsageError: If there is no such layer, unit or place.
        ShapeError: If size or mixing do not fit the axes or the channels.
        InputError: If the size is too small for the network.
    Source:
        Olah, Mordvintsev, Schubert, "Feature Visualization", Distill 2017,
        doi:10.23915/distill.00007.
    """
    space = _space(encoder, layer, size, channels)
    cost = _cost(encoder, layer, units, place, torch.zeros(1, channels, *space))
    evaluator: Evaluator = Jittered(
        LocalEvaluator(encoder, Objective([(1.0, cost)])),
        max(space) // 16 if jitter is None else jitter,
        seed=seed,
    )
    bounded = Bounded(evaluator, bounds) if bounds is not None else None
    canvas = _canvas(space, channels, mixing)

    def evaluate(parameters: Tensor) -> tuple[Costs, Tensor]:
        costs, gradient = (bounded or evaluator).value_and_gradient(canvas.decode(parameters))
        return costs, canvas.pullback(gradient)

    start = _start(canvas, (len(units), channels, *space), bounds, seed).to(encoder.device)
    with Rectifying(redirected):
        for point in islice(Adam(rate=rate).iterate(evaluate, start), steps + 1):
            last = point.parameters
    made = canvas.decode(last)
    return (bounded.show(made) if bounded else made).cpu()


def redirected(gradient: Tensor, passing: Tensor) -> Tensor:
    """Take a gradient back through a rectifier, even where a unit is silent everywhere.

    The gradient is the true one unless it would vanish for a whole signal: then it goes back as
    if nothing had been cut off, so that what is silent can be awakened.
    """
    passed = gradient * passing
    silent = ~passed.flatten(1).any(1)
    return gradient.where(silent.view(-1, *[1] * (gradient.ndim - 1)), passed)


def _space(encoder: Encoder, layer: str, size: int | Space | None, channels: int) -> Space:
    """Return the space of the signals."""
    minimum, axes = encoder.minimum_length([layer]), encoder.axes
    if size is None:
        longest = round(MOST ** (1 / axes))
        least = max(min(SHORTEST, longest), minimum)
        fields = receptive_fields(encoder, [layer], (longest,) * axes, channels=channels)[layer]
        wanted = [
            longest if own.whole else min(-(-own.size // own.stride) * own.stride, longest)
            for own in fields
        ]
        return tuple(max(length, least) for length in wanted)
    space = (size,) * axes if isinstance(size, int) else tuple(size)
    if len(space) != axes:
        raise ShapeError(f"{encoder.name} takes signals over {axes} axes, not of size {size}.")
    if min(space) < minimum:
        raise InputError(
            f"A size of {min(space)} is too small: {encoder.name} needs at least {minimum} for "
            f"{layer}."
        )
    return space


def _cost(
    encoder: Encoder, layer: str, units: Sequence[int], place: str, blank: Tensor
) -> Activation:
    """Return the cost of a layer over signals of the shape of a blank one."""
    if place not in _PLACES:
        raise UsageError(f"There is no place {place!r}. {nearest(place, _PLACES)}")
    (features,) = (piece.features for piece in visit(encoder, [layer], blank))
    last = features.shape[1] - 1
    if not units or not all(0 <= unit <= last for unit in units):
        raise UsageError(f"{layer} has units from 0 to {last}, not {list(units)}.")
    weights = _PLACES[place](tuple(features.shape[2:]))
    return Activation(layer, torch.tensor(list(units)), weights)


def _canvas(space: Space, channels: int, mixing: Tensor | None) -> Canvas:
    """Return a canvas of signals that look natural: smooth, and of natural colors."""
    if mixing is None:
        colored = (channels, len(space)) == (3, 2)
        mixing = COLORS if colored else torch.eye(channels)
    if mixing.shape != (channels, channels):
        raise ShapeError(
            f"The mixing of {channels} channels has shape {(channels, channels)}, not "
            f"{tuple(mixing.shape)}."
        )
    return Mixed(Spectrum(space), mixing)


def _start(
    canvas: Canvas, shape: tuple[int, ...], bounds: tuple[float, float] | None, seed: int
) -> Tensor:
    """Return parameters that decode to the middle of the range and some noise, for every unit."""
    one = (1, *shape[1:])
    middle = sum(bounds) / 2 if bounds else 0.0
    generator = torch.Generator().manual_seed(seed)
    noise = NOISE * torch.randn(one, generator=generator)
    return (canvas.encode(torch.full(one, middle)) + noise).expand(shape).contiguous()
