"""Where a network computes, and in which precision."""

from __future__ import annotations

from typing import TypeVar

import torch

from impasto.encoders.encoder import Chain, Encoder
from impasto.engine.device import DeviceName, pick_device
from impasto.engine.precision import PrecisionName, pick_precision

E = TypeVar("E", bound=Encoder)


def place(
    encoder: E,
    *,
    device: DeviceName = "auto",
    precision: PrecisionName = "auto",
    local: bool = True,
) -> E:
    """Move a network to where it computes, in the precision in which it does.

    Of itself only a chain of modules over two axes computes in half precision: nobody knows what
    other networks call, torch cannot pool everything in it over three axes, and over one axis the
    spectra of sounds need more digits.

    Args:
        encoder: The network.
        device: The device; auto takes a graphics card where there is one.
        precision: The precision; auto takes half where that is faster.
        local: Whether it computes here; workers of a cluster compute on their processors.
    """
    there = pick_device("cpu" if device == "auto" and not local else device)
    halves = isinstance(encoder, Chain) and encoder.axes == 2
    if precision == "auto" and not halves:
        return encoder.to(there, torch.float32)
    return encoder.to(there, pick_precision(precision, there))
