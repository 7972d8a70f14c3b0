"""Where a run computes: on a graphics card where there is one."""

from __future__ import annotations

from typing import Literal

import torch

from impasto.errors import UsageError

DeviceName = Literal["auto", "cpu", "cuda", "mps"]


def pick_device(name: DeviceName = "auto") -> torch.device:
    """Return the device of a name, or for "auto" the fastest that there is.

    Raises:
        UsageError: If this machine, or this build of torch, does not have it.
    """
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(kind for kind, is_there in there.items() if is_there))
    if not there[name]:
        raise UsageError(f"There is no {name} device here; leave out --device, or say cpu.")
    return torch.device(name)
