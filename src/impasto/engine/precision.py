"""Which numbers the network computes with."""

from __future__ import annotations

from typing import Literal

import torch

PrecisionName = Literal["auto", "float32", "bfloat16"]


def pick_precision(name: PrecisionName = "auto") -> torch.dtype:
    """Return bfloat16 where it is asked for, or where the processor multiplies it natively."""
    if name == "auto":
        return torch.bfloat16 if _multiplies_bfloat16() else torch.float32
    return torch.bfloat16 if name == "bfloat16" else torch.float32


def _multiplies_bfloat16() -> bool:
    """Tell whether the processor has AVX512-BF16 or AMX; older versions of torch cannot tell."""
    ask = getattr(torch.cpu, "get_capabilities", dict)
    capabilities: dict[str, bool] = ask()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
