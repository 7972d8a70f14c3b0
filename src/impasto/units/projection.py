"""From an activation back to the input: what of a signal it is that a unit answers to."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Literal

import torch
from torch import Tensor

from impasto.encoders.encoder import Chain, Encoder
from impasto.errors import ShapeError, UsageError, nearest
from impasto.units.rectifiers import Rectifying, Rule

MethodName = Literal["deconvnet", "guided", "gradient"]


def rectified(gradient: Tensor, passing: Tensor) -> Tensor:  # noqa: ARG001 - it is a Rule
    """Rectify what comes back, wherever the way forward was open.

    Source:
        Zeiler, Fergus, arXiv:1311.2901, section 2.1.
    """
    return gradient.clamp(min=0)


def guided(gradient: Tensor, passing: Tensor) -> Tensor:
    """Rectify what comes back, and let it through only where the way forward was open.

    Source:
        Springenberg, Dosovitskiy, Brox, Riedmiller, arXiv:1412.6806, section 3.4.
    """
    return gradient.clamp(min=0) * passing


RULES: Mapping[MethodName, Rule | None] = {
    "deconvnet": rectified,
    "guided": guided,
    "gradient": None,
}


def project(
    encoder: Encoder,
    batch: Tensor,
    layer: str,
    units: Tensor,
    positions: Tensor,
    *,
    method: MethodName = "deconvnet",
) -> Tensor:
    """Project one activation of each signal back to the input.

    All three methods go back through the filters transposed and through max pooling by its
    switches. They differ in the rectifiers, and in where they begin:

    - "deconvnet" rectifies what comes back. It begins with the activation itself, all others
      being set to zero.
    - "guided" also lets through only what the rectifier let through on the way forward. It begins
      likewise.
    - "gradient" is the derivative of the activation by the input. It begins with 1.

    Biases are not subtracted on the way back, and whatever else a network computes (batch
    normalization, average pooling, sums, smooth nonlinearities) goes back by its derivative.

    Args:
        encoder: Any network.
        batch: Signals, shape (b, channel, *space), float32, in the units of their medium.
        layer: Layer of the units.
        units: For each signal the unit (channel of the layer), shape (b,), integers.
        positions: For each signal the position in the unit's map, shape (b, axes), integers.
        method: How rectifiers are taken back.
    Returns:
        Shape (b, channel, *space), in the precision of the batch.
    Raises:
        UsageError: If there is no such layer, unit, position or method.
        ShapeError: If units or positions do not fit the batch.
    Source:
        Zeiler, Fergus, arXiv:1311.2901; Springenberg et al., arXiv:1412.6806; Simonyan, Vedaldi,
        Zisserman, arXiv:1312.6034, section 3 and, on how they compare, section 4.
    """
    if method not in RULES:
        raise UsageError(f"There is no method {method!r}. {nearest(method, RULES)}")
    rule = RULES[method]
    leaf = batch.detach().requires_grad_()
    with torch.enable_grad(), Rectifying(rule) if rule else nullcontext():
        features = encoder(leaf, _on_the_way(encoder, layer))[layer]
    _check(features, layer, units, positions)
    chosen = (torch.arange(len(units)), units, *positions.unbind(1))
    start = torch.zeros_like(features)
    start[chosen] = features.detach()[chosen] if rule else 1.0
    return torch.autograd.grad(features, leaf, start)[0]


def _on_the_way(encoder: Encoder, layer: str) -> list[str]:
    """Return the layers to ask for.

    A chain pools before it rectifies where nobody looks at what lies between. The activations
    are the same, but not the switches of windows without a positive number, nor sums over windows
    that overlap. So all that lies on the way is asked for.
    """
    wanted = encoder.check([layer])
    names = list(encoder.table)
    return names[: names.index(layer) + 1] if isinstance(encoder, Chain) else wanted


def _check(features: Tensor, layer: str, units: Tensor, positions: Tensor) -> None:
    """Refuse units and positions that the features do not have."""
    b, channels, *space = features.shape
    if units.shape != (b,) or positions.shape != (b, len(space)):
        raise ShapeError(
            f"A batch of {b} needs units of shape {(b,)} and positions of shape {(b, len(space))}, "
            f"not {tuple(units.shape)} and {tuple(positions.shape)}."
        )
    lengths = torch.tensor([channels, *space], device=units.device)
    chosen = torch.cat([units[:, None], positions.to(units.device)], 1)
    if bool(((chosen < 0) | (chosen >= lengths)).any()):
        raise UsageError(
            f"{layer} has units from 0 to {channels - 1} and, over these signals, "
            f"{' x '.join(map(str, space))} positions."
        )
