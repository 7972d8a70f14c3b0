from __future__ import annotations

import pytest
import torch

from impasto.engine import precision
from impasto.engine.precision import PrecisionName, pick_precision


@pytest.mark.parametrize(
    ("name", "dtype"), [("float32", torch.float32), ("bfloat16", torch.bfloat16)]
)
@pytest.mark.parametrize("native", [True, False])
def test_what_is_asked_for_is_taken(
    name: PrecisionName, dtype: torch.dtype, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "_multiplies_bfloat16", lambda kind: native)
    assert pick_precision(name) is dtype


@pytest.mark.parametrize(
    ("capabilities", "dtype"),
    [
        ({"avx512_bf16": True, "amx_bf16": False}, torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": True}, torch.bfloat16),
        ({"avx512_bf16": False, "amx_bf16": False, "avx2": True}, torch.float32),
        ({}, torch.float32),
    ],
)
def test_auto_asks_the_processor(
    capabilities: dict[str, bool], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert pick_precision() is dtype


def test_auto_is_careful_where_torch_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert pick_precision("auto") is torch.float32


@pytest.mark.parametrize("native", [True, False])
def test_auto_asks_the_graphics_card(native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native)
    monkeypatch.setattr(torch.backends.mps, "is_macos_or_newer", lambda major, minor: native)
    for kind in ("cuda", "mps"):
        expected = torch.bfloat16 if native else torch.float32
        assert pick_precision("auto", torch.device(kind)) is expected
        assert pick_precision("float32", torch.device(kind)) is torch.float32
