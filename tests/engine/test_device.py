from __future__ import annotations

import pytest
import torch

from impasto.engine.device import pick_device
from impasto.errors import UsageError


def there(monkeypatch: pytest.MonkeyPatch, *kinds: str) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in kinds)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in kinds)


@pytest.mark.parametrize(("kinds", "chosen"), [((), "cpu"), (("mps",), "mps"), (("cuda",), "cuda")])
def test_auto_takes_a_graphics_card(
    kinds: tuple[str, ...], chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there(monkeypatch, *kinds)
    assert pick_device() == torch.device(chosen)
    assert pick_device("cpu") == torch.device("cpu")


def test_what_is_not_there_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    there(monkeypatch, "cuda")
    assert pick_device("cuda") == torch.device("cuda")
    with pytest.raises(UsageError, match="There is no mps device here"):
        pick_device("mps")
