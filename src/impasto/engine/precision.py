"""Which numbers the network computes with."""

from __future__ import annotations

from typing import Literal

import torch

PrecisionName = Literal["auto", "float32", "bfloat16"]


def pick_precision(name: PrecisionName = "auto", device: torch.device | None = None) -> torch.dtype:
    """Return bfloat16 where it is asked for, or where the device multiplies it natively."""
    if name == "auto":
        native = _multiplies_bfloat16(device.type if device else "cpu")
        return torch.bfloat16 if native else torch.float32
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def _multiplies_bfloat16(kind: str) -> bool:
    """Tell whether a kind of device is faster in bfloat16."""
    if kind == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if kind == "mps":
        return bool(torch.backends.mps.is_macos_or_newer(14, 0))
    ask = getattr(torch.cpu, "get_capabilities", dict)  # older versions of torch cannot tell
    capabilities: dict[str, bool] = ask()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
