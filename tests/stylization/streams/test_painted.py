from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from impasto import stylize_steps
from impasto.errors import UsageError
from impasto.fast.model import StyleFacts, new_model
from impasto.fast.network import Layout
from impasto.signal import Signal


@pytest.fixture
def model(tmp_path: Path) -> Path:
    made = new_model(Layout(2, (4, 6), 1, 3), [StyleFacts("waves", "0" * 64)], any_style=False)
    with torch.no_grad():
        made.styles.rows.normal_()  # type: ignore[operator, union-attr]
    path = tmp_path / "m.safetensors"
    path.write_bytes(made.packed())
    return path


@pytest.fixture
def still() -> Signal:
    """A film in which nothing moves but noise comes and goes."""
    scene = torch.nn.functional.interpolate(torch.rand(1, 3, 6, 8), size=(48, 64), mode="bicubic")
    frames = scene.movedim(0, 1).expand(3, 4, 48, 64) + 0.02 * torch.randn(3, 4, 48, 64)
    return Signal(frames.clamp(0, 1), "video", {"rate_hz": 10.0})


def made(film: Any, model: Path, **changes: Any) -> torch.Tensor:
    *_, step = stylize_steps(film, [], model=model, precision="float32", **changes)
    return step.finish().signal.samples


def test_a_film_is_painted_frame_by_frame_and_flickers_less(still: Signal, model: Path) -> None:
    alone = made(still, model, temporal_weight=0.0)
    held = made(still, model)
    assert alone.shape == held.shape == (3, 4, 48, 64)
    frame = Signal(still.samples[:, 2])
    *_, step = stylize_steps(frame, [], model=model, precision="float32", size="original")
    torch.testing.assert_close(alone[:, 2], step.signal.samples, atol=4e-3, rtol=0)
    torch.testing.assert_close(held[:, 0], alone[:, 0])
    assert float(held.diff(dim=1).abs().mean()) < 0.7 * float(alone.diff(dim=1).abs().mean())


def test_refining_is_for_pictures(still: Signal, model: Path) -> None:
    with pytest.raises(UsageError, match="--refine is for pictures"):
        made(still, model, refine=2)
