from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch

from impasto.encoders import Chain, Encoder, random_encoder
from impasto.errors import InputError, UsageError
from impasto.objectives.style import mean_gram
from impasto.signal import Signal
from impasto.units.textures import synthesize

SPACES = {1: (48,), 2: (16, 20), 3: (8, 10, 8)}
LAYERS = ["relu1_1", "relu2_1"]

each_axes = pytest.mark.parametrize("axes", [1, 2, 3], ids=["1 axis", "2 axes", "3 axes"])


def network(axes: int) -> Chain:
    return random_encoder(axes, 2, channels=(6, 8))


def example(axes: int) -> Signal:
    """Waves along all axes, and their squares."""
    turns = [torch.arange(float(length)) * 0.9 for length in SPACES[axes]]
    wave = sum(torch.meshgrid(*turns, indexing="ij")).sin()
    return Signal(torch.stack([0.5 + 0.4 * wave, wave.square()]), medium="series")


def errors(encoder: Encoder, signal: Signal, goal: Signal) -> Mapping[str, float]:
    """Squared relative errors of the mean Gram matrices."""
    found: dict[str, float] = {}
    for layer in LAYERS:
        one, other = (mean_gram(encoder(x.samples[None], [layer])[layer]) for x in (signal, goal))
        found[layer] = float((one - other).square().sum() / other.square().sum())
    return found


@each_axes
def test_statistics_become_those_of_the_example(axes: int) -> None:
    encoder, goal = network(axes), example(axes)
    start = synthesize(encoder, goal, LAYERS, steps=0)
    made = synthesize(encoder, goal, LAYERS, steps=60)
    assert made.space == goal.space
    assert made.medium == "series"
    before, after = errors(encoder, start, goal), errors(encoder, made, goal)
    for layer in LAYERS:
        assert after[layer] < 0.02 * before[layer]
        assert after[layer] < 1e-3


@each_axes
def test_textures_of_another_space(axes: int) -> None:
    """Gram matrices are means over positions, whatever their number."""
    encoder, goal = network(axes), example(axes)
    space = tuple(length + 7 for length in goal.space)
    made = synthesize(encoder, goal, LAYERS, space=space, steps=60)
    assert made.space == space
    assert max(errors(encoder, made, goal).values()) < 1e-2


def test_only_the_layers_that_are_asked_for_count() -> None:
    encoder, goal = network(2), example(2)
    made = synthesize(encoder, goal, ["relu1_1"], steps=60)
    found = errors(encoder, made, goal)
    assert found["relu1_1"] < 1e-3 < found["relu2_1"]


def test_seeds() -> None:
    encoder, goal = network(2), example(2)
    made = [synthesize(encoder, goal, LAYERS, steps=3, seed=n).samples for n in (1, 1, 2)]
    assert torch.equal(made[0], made[1])
    assert not torch.allclose(made[0], made[2])


def test_levels() -> None:
    """The coarse level sees the example at half its size."""
    encoder, goal = network(2), example(2)
    made = synthesize(encoder, goal, LAYERS, steps=40, levels=2)
    assert made.space == goal.space
    assert max(errors(encoder, made, goal).values()) < 1e-2


def test_starts_as_noise_of_the_same_mean_and_spread() -> None:
    goal = Signal(torch.stack([torch.full((4000,), 0.3), 0.5 + torch.randn(4000) / 8]))
    start = synthesize(network(1), goal, ["relu1_1"], steps=0, levels=1).samples
    torch.testing.assert_close(start.mean(1), torch.tensor([0.3, 0.5]), rtol=0, atol=0.01)
    torch.testing.assert_close(start.std(1), torch.tensor([0.1, 0.125]), rtol=0, atol=0.01)


def test_bounds() -> None:
    """What lies outside of them costs something, or nothing."""
    goal = Signal(example(2).samples * 3)
    kept, free = (
        synthesize(network(2), goal, LAYERS, steps=60, bounds=bounds).samples
        for bounds in ((0.0, 1.0), None)
    )

    def outside(samples: torch.Tensor) -> float:
        return float((samples - samples.clamp(0, 1)).square().mean())

    assert outside(kept) < 0.1 * outside(free)


class TestRefusals:
    def test_of_layers(self) -> None:
        with pytest.raises(UsageError, match="relu2_1"):
            synthesize(network(2), example(2), ["relu3_1"])
        with pytest.raises(UsageError, match="at least one layer"):
            synthesize(network(2), example(2), [])

    def test_of_signals_that_are_too_small(self) -> None:
        encoder, goal = network(2), example(2)
        minimum = encoder.minimum_length(["relu2_1"])
        assert minimum > 1
        with pytest.raises(InputError, match="texture has a short side of 1 samples"):
            synthesize(encoder, goal, LAYERS, space=(1, 20))
        with pytest.raises(InputError, match="example has a short side of 1 samples"):
            synthesize(encoder, Signal(goal.samples[:, :1]), LAYERS, space=(20, 20))
