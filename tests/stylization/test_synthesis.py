from __future__ import annotations

from typing import Any

import pytest
import torch

from impasto import Encoder, Signal
from impasto.errors import UsageError
from impasto.stylization import synthesize_steps
from impasto.stylization.synthesis import noise_like

FEW = {"size": 32, "steps": 3, "levels": 1}


def made(style: Any, vgg: Encoder, **changes: Any) -> Any:
    *_, step = synthesize_steps(style, encoder=vgg, **FEW | changes)
    return step.finish()


def test_a_picture_becomes_another_of_its_kind(vgg: Encoder, painting: Any) -> None:
    result = made(painting, vgg)
    assert result.signal.medium == "image"
    assert result.signal.space == (32, 32)
    assert result.costs["total"] < 0.95 * result.trace[0]["total"]
    assert not any(name.startswith("content") for name in result.terms)


def test_a_picture_becomes_solid(vgg: Encoder, painting: Any) -> None:
    result = made(painting, vgg, axes=3, steps=2)
    assert result.signal.medium == "volume"
    assert result.signal.samples.shape == (3, 32, 32, 32)
    assert result.costs["total"] < 0.95 * result.trace[0]["total"]


def test_a_film_becomes_another_that_moves_likewise(vgg: Encoder) -> None:
    rows = torch.arange(40)[None, :, None] + 2 * torch.arange(36)[:, None, None]
    film = ((rows % 12) < 6).float().expand(36, 40, 48).expand(3, 36, 40, 48)
    result = made(Signal(film, "video", {"rate_hz": 12.0}), vgg, steps=2)
    assert result.signal.medium == "video"
    assert result.signal.samples.shape == (3, 32, 32, 32)
    assert result.signal.meta["rate_hz"] == 12
    assert result.costs["total"] < 0.95 * result.trace[0]["total"]


def test_another_seed_makes_another_texture(vgg: Encoder, painting: Any) -> None:
    one, again, other = (made(painting, vgg, seed=seed, steps=1) for seed in (0, 0, 1))
    assert torch.equal(one.signal.samples, again.signal.samples)
    assert not torch.equal(one.signal.samples, other.signal.samples)


def test_noise_has_the_mean_and_the_spread_of_the_style() -> None:
    samples = torch.stack([torch.linspace(0, 1, 400), torch.linspace(0.4, 0.5, 400)])
    noise = noise_like(Signal(samples.view(2, 20, 20)), "volume", (40, 40, 40), seed=0).samples
    assert noise.shape == (2, 40, 40, 40)
    assert noise.flatten(1).mean(1).tolist() == pytest.approx([0.5, 0.45], abs=0.01)
    expected = samples.std(1).tolist()
    assert noise.flatten(1).std(1).tolist() == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize(
    ("changes", "told"),
    [({"axes": 4}, "makes no texture with 4"), ({"size": "original"}, "no original size")],
)
def test_what_has_no_meaning_is_refused(
    vgg: Encoder, painting: Any, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(UsageError, match=told):
        made(painting, vgg, **changes)


def test_a_volume_makes_no_picture(vgg: Encoder) -> None:
    with pytest.raises(UsageError, match="A style with 3 axes makes no texture with 2"):
        made(Signal(torch.rand(1, 8, 8, 8), "volume"), vgg, axes=2)
