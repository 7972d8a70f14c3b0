"""One signal: which units of a layer it excites most."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from impasto.encoders.encoder import Encoder
from impasto.errors import ShapeError
from impasto.signal import Signal


@dataclass(frozen=True)
class Excited:
    """A unit that a signal excites.

    Attributes:
        unit: Channel of the layer.
        activation: The highest activation of the unit in the signal.
        share: That activation, in units of what the unit usually reaches.
    """

    unit: int
    activation: float
    share: float


@torch.no_grad()
def excited(
    encoder: Encoder,
    signal: Signal,
    layer: str,
    *,
    k: int = 9,
    usual: torch.Tensor | None = None,
) -> list[Excited]:
    """Find the units of a layer that a signal excites most.

    Units have scales of their own: some are never above 10, others hardly ever below 100. So they
    are compared with what each usually reaches.

    Args:
        encoder: The network.
        signal: What is looked at.
        layer: Name of the layer.
        k: How many units.
        usual: What each unit reaches, shape (c,), such as its highest activation over a dataset;
            None to compare activations as they are. Units that reach nothing are left out.
    Returns:
        The units, those excited most first; fewer than k if fewer are above zero.
    Raises:
        UsageError: If there is no such layer.
        ShapeError: If what is usual does not have a number for each unit.
    """
    encoder.check([layer])
    features = encoder(signal.samples[None].to(encoder.device), [layer])[layer][0]
    highest = features.float().flatten(1).amax(1).cpu()
    usual = torch.ones_like(highest) if usual is None else usual.float()
    if usual.shape != highest.shape:
        raise ShapeError(f"{layer} has {len(highest)} units, and {tuple(usual.shape)} are usual.")
    shares = torch.where(usual > 0, highest / usual.clamp(min=1e-12), 0.0)
    order = shares.argsort(descending=True, stable=True)[:k].tolist()
    return [
        Excited(unit, float(highest[unit]), float(shares[unit]))
        for unit in order
        if shares[unit] > 0
    ]
