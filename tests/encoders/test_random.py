from __future__ import annotations

import pytest
import torch

from impasto.encoders import random_encoder
from impasto.errors import UsageError


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_same_seed_same_network(axes: int) -> None:
    batch = torch.randn(1, 2, *[8] * axes)

    def features(seed: int) -> torch.Tensor:
        return random_encoder(axes, 2, channels=(4, 4), seed=seed)(batch, ["relu2_1"])["relu2_1"]

    torch.manual_seed(1)
    first = features(0)
    torch.manual_seed(2)
    assert torch.equal(features(0), first)
    assert not torch.equal(features(1), first)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_activations_neither_grow_nor_fade(axes: int) -> None:
    encoder = random_encoder(axes, 3, channels=(64, 64))
    features = encoder(torch.randn(1, 3, *[{1: 4096, 2: 64, 3: 16}[axes]] * axes), ["conv1_1"])
    assert features["conv1_1"].square().mean().item() == pytest.approx(2, rel=0.3)


@pytest.mark.parametrize("kernel", [1, 5])
def test_kernel_keeps_the_length(kernel: int) -> None:
    encoder = random_encoder(1, 1, channels=(2,), kernel=kernel)
    assert encoder(torch.zeros(1, 1, 7), ["relu1_1"])["relu1_1"].shape == (1, 2, 7)


@pytest.mark.parametrize("axes", [0, 4])
def test_no_more_than_three_axes(axes: int) -> None:
    with pytest.raises(UsageError, match=f"not {axes}"):
        random_encoder(axes, 1)


def test_says_what_it_is() -> None:
    encoder = random_encoder(3, 1, seed=7)
    assert (encoder.name, encoder.weights_hash) == ("random3d", "seed 7")
    assert [layer.channels for layer in encoder.table.values()] == [32] * 3 + [64] * 3 + [128] * 3
