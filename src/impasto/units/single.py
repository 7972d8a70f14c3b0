"""One unit and one signal: what excites the unit there most."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.errors import UsageError
from impasto.signal import Region, Signal, cut
from impasto.units.crops import enclose, within
from impasto.units.locating import unraveled
from impasto.units.projection import MethodName, project
from impasto.units.receptive import receptive_fields


@dataclass(frozen=True)
class Strongest:
    """The highest activation of a unit in a signal.

    Attributes:
        activation: Its value.
        position: Where it is in the unit's map.
        box: What the unit sees there of the signal.
        projection: What of it made the unit respond, shape (channel, *space of the box).
    """

    activation: float
    position: tuple[int, ...]
    box: Region
    projection: Tensor


def strongest(
    encoder: Encoder, signal: Signal, layer: str, unit: int, *, method: MethodName = "deconvnet"
) -> Strongest:
    """Find the highest activation of a unit in a signal, and project it back.

    Args:
        encoder: The network.
        signal: What is looked at.
        layer: Layer of the unit.
        unit: Channel of the layer.
        method: As for `project`.
    Raises:
        UsageError: If there is no such layer or unit.
    """
    encoder.check([layer])
    if not 0 <= unit < encoder.table[layer].channels:
        raise UsageError(
            f"{layer} has units from 0 to {encoder.table[layer].channels - 1}, and no unit {unit}."
        )
    with torch.no_grad():
        features = encoder(signal.samples[None].to(encoder.device), [layer])[layer][0, unit].float()
    position = unraveled(int(features.argmax()), features.shape)
    fields = receptive_fields(encoder, [layer], signal.space, channels=len(signal.samples))[layer]
    boxes = [f.box(p, n)[0] for f, p, n in zip(fields, position, signal.space, strict=True)]
    box = tuple(slice(*axis) for axis in boxes)
    crop = enclose(fields, position, signal.space)
    projection = project(
        encoder,
        cut(signal.samples[None], crop.region).to(encoder.device),
        layer,
        torch.tensor([unit]),
        torch.tensor([crop.position]),
        method=method,
    )[0].cpu()
    return Strongest(
        float(features.max()), position, box, cut(projection, within(box, crop.region))
    )
