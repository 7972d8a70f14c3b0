from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impasto.encoders import Chain, Encoder, random_encoder
from impasto.errors import InputError, ShapeError, UsageError
from impasto.units.maximization import COLORS, maximize, redirected

CONVOLUTIONS: tuple[Any, ...] = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
SIZES = {1: 40, 2: 24, 3: 12}
UNITS = [5, 0, 2]

each_axes = pytest.mark.parametrize("axes", [1, 2, 3], ids=["1 axis", "2 axes", "3 axes"])


def network(axes: int, channels: int = 2) -> Chain:
    return random_encoder(axes, channels, channels=(6, 8))


def linear(axes: int, kernel: Tensor, bias: float = 0.0) -> Chain:
    """One unit that sees with a given kernel (channel, *space), and a ReLU behind it."""
    convolution = CONVOLUTIONS[axes - 1](len(kernel), 1, kernel.shape[1:])
    with torch.no_grad():
        convolution.weight[0] = kernel
        convolution.bias.fill_(bias)
    return Chain("linear", nn.Identity(), [("conv1", convolution), ("relu1", nn.ReLU())])


def means(encoder: Encoder, layer: str, units: list[int], signals: Tensor) -> Tensor:
    features = encoder(signals, [layer])[layer]
    return features[torch.arange(len(units)), units].flatten(1).mean(1)


@each_axes
@pytest.mark.parametrize("layer", ["conv1_1", "relu2_1"])
def test_units_are_more_excited_than_by_noise(axes: int, layer: str) -> None:
    encoder = network(axes)
    noise = torch.rand(50, 2, *[SIZES[axes]] * axes)
    by_noise = encoder(noise, [layer])[layer].flatten(2).mean(2)
    units = by_noise.mean(0).topk(3).indices.tolist()  # those that may be excited at all
    made = maximize(encoder, layer, units, size=SIZES[axes], channels=2, steps=30)
    assert made.shape == (3, *noise.shape[1:])
    assert (means(encoder, layer, units, made) > 1.2 * by_noise[:, units].amax(0)).all()


@each_axes
def test_known_answer(axes: int) -> None:
    """A unit that adds the first channel and takes away the second wants white and black."""
    kernel = torch.tensor([1.0, -1.0, 0.0]).view(3, *[1] * axes)
    encoder = linear(axes, kernel)
    made = maximize(
        encoder, "conv1", [0], size=SIZES[axes], mixing=torch.eye(3), steps=100, rate=0.1
    )
    first, second, third = made[0].flatten(1)
    assert first.min() > 0.95
    assert second.max() < 0.05
    assert (third - 0.5).abs().max() < 0.25  # the noise of the start


@each_axes
def test_edges(axes: int) -> None:
    """A unit that looks for steps along the last axis wants waves along that axis only."""
    kernel = torch.tensor([1.0, 1.0, -1.0, -1.0]).expand(1, *[4] * axes)
    made = maximize(linear(axes, kernel), "relu1", [0], size=SIZES[axes], channels=1)[0, 0]
    along = made.diff(dim=-1).abs().mean()
    assert along > 0.1
    for other in range(axes - 1):
        assert along > 3 * made.diff(dim=other).abs().mean()


@each_axes
def test_center(axes: int) -> None:
    """Only what the middle of the map sees has moved."""
    encoder = linear(axes, torch.ones(1, *[3] * axes))
    settings: dict[str, Any] = {"size": 11, "channels": 1, "jitter": 0}
    made = maximize(encoder, "conv1", [0], place="center", steps=60, rate=0.1, **settings)[0, 0]
    middle = (slice(4, 7),) * axes
    assert made[middle].min() > 0.9
    outside = torch.ones_like(made, dtype=torch.bool)
    outside[middle] = False
    assert made[outside].mean() < 0.8


@each_axes
def test_units_do_not_see_each_other(axes: int) -> None:
    encoder = network(axes)
    how: dict[str, Any] = {"size": SIZES[axes], "channels": 2, "steps": 5}
    together = maximize(encoder, "relu2_1", UNITS, **how)
    alone = [maximize(encoder, "relu2_1", [unit], **how) for unit in UNITS]
    torch.testing.assert_close(together, torch.cat(alone), rtol=1e-3, atol=1e-3)


@each_axes
def test_seeds(axes: int) -> None:
    encoder = network(axes)
    how: dict[str, Any] = {"size": SIZES[axes], "channels": 2, "steps": 4}
    made = [maximize(encoder, "relu2_1", [1], seed=n, **how) for n in (1, 1, 2)]
    assert torch.equal(made[0], made[1])
    assert not torch.allclose(made[0], made[2])


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-2.0, 3.0), None])
def test_bounds(bounds: tuple[float, float] | None) -> None:
    encoder = linear(1, torch.ones(1, 1))
    settings: dict[str, Any] = {"size": 40, "channels": 1, "steps": 100, "rate": 0.2}
    start = maximize(encoder, "conv1", [0], bounds=bounds, **(settings | {"steps": 0}))
    made = maximize(encoder, "conv1", [0], bounds=bounds, **settings)
    low, high = bounds or (0.0, 0.0)
    assert start.mean() == pytest.approx((low + high) / 2, abs=0.05)
    if bounds is None:
        assert made.min() > 5
    else:
        assert made.min() > high - 0.2
        assert made.max() <= high


@each_axes
def test_silent_units_awake(axes: int) -> None:
    """At the start a ReLU hides the unit, at every position."""
    encoder = linear(axes, torch.ones(1, *[1] * axes), bias=-0.8)
    start = maximize(encoder, "relu1", [0], size=SIZES[axes], channels=1, steps=0)
    made = maximize(encoder, "relu1", [0], size=SIZES[axes], channels=1)
    assert means(encoder, "relu1", [0], start) == 0
    assert means(encoder, "relu1", [0], made) > 0.02


def test_redirected() -> None:
    gradient = torch.tensor([[1.0, -2.0], [3.0, 4.0]])
    passing = torch.tensor([[False, True], [False, False]])
    assert redirected(gradient, passing).tolist() == [[0.0, -2.0], [3.0, 4.0]]
    nothing = torch.zeros(1, 2)
    assert redirected(nothing, torch.tensor([[False, True]])).tolist() == [[0.0, 0.0]]


class TestColors:
    def test_are_uncorrelated_before_mixing(self) -> None:
        """Principal components are at right angles, and of one mean variance."""
        products = COLORS.T @ COLORS
        assert (products - products.diag().diag()).abs().max() < 0.02
        assert products.trace() == pytest.approx(3, abs=0.02)

    def test_are_those_of_photographs_for_pictures(self) -> None:
        """A unit that looks for red gets a lightness too, since reds are seldom without."""
        kernel = torch.tensor([1.0, 0.0, 0.0]).view(3, 1, 1)
        settings: dict[str, Any] = {"size": 16, "steps": 30}
        natural = maximize(linear(2, kernel), "conv1", [0], **settings)[0].mean((1, 2))
        plain = maximize(linear(2, kernel), "conv1", [0], mixing=torch.eye(3), **settings)
        assert natural[1] > plain[0, 1].mean() + 0.1
        assert natural[0] > natural[1]


class TestSize:
    def test_is_what_the_units_see(self) -> None:
        encoder = linear(1, torch.ones(1, 51))
        assert maximize(encoder, "conv1", [0], channels=1, steps=0).shape == (1, 1, 51)

    @pytest.mark.parametrize(("axes", "expected"), [(1, (32,)), (2, (32, 32)), (3, (21, 21, 21))])
    def test_has_limits(self, axes: int, expected: tuple[int, ...]) -> None:
        encoder = linear(axes, torch.ones(1, *[1] * axes))
        made = maximize(encoder, "conv1", [0], channels=1, steps=0)
        assert tuple(made.shape[2:]) == expected

    def test_may_be_chosen_along_each_axis(self, space: tuple[int, ...]) -> None:
        made = maximize(network(len(space)), "conv1_1", [0], channels=2, steps=0, size=space)
        assert made.shape == (1, 2, *space)


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "error", "message"),
        [
            ({"layer": "relu2_2"}, UsageError, "relu2_1"),
            ({"units": [8]}, UsageError, "0 to 7"),
            ({"units": [0, -1]}, UsageError, "0 to 7"),
            ({"units": []}, UsageError, "0 to 7"),
            ({"place": "centre"}, UsageError, "center"),
            ({"size": 1}, InputError, "at least 2"),
            ({"size": (8, 8, 8)}, ShapeError, "2 axes"),
            ({"mixing": torch.eye(3)}, ShapeError, "2 channels"),
        ],
    )
    def test_of_what_does_not_fit(
        self, change: dict[str, Any], error: type[Exception], message: str
    ) -> None:
        given: dict[str, Any] = {"layer": "relu2_1", "units": [0], "channels": 2} | change
        with pytest.raises(error, match=message):
            maximize(network(2), given.pop("layer"), given.pop("units"), steps=1, **given)
