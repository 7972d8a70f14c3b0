from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from impasto.encoders import Chain
from impasto.engine.slices import SliceEvaluator, chunks, slices
from impasto.objectives.content import Content
from impasto.objectives.objective import Objective
from impasto.objectives.regularizers import TotalVariation
from impasto.objectives.style import Style, mean_gram

SPACE = (5, 6, 7)


@pytest.fixture(scope="module")
def encoder() -> Chain:
    """A tiny network for pictures, in float64."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        modules = [
            ("conv1", nn.Conv2d(2, 3, 3, padding=1)),
            ("relu1", nn.ReLU()),
            ("pool1", nn.AvgPool2d(2, ceil_mode=True)),
            ("conv2", nn.Conv2d(3, 4, 3, padding=1)),
        ]
        return Chain("tiny", nn.Identity(), modules).double()


def volume(seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(1, 2, *SPACE, generator=generator, dtype=torch.float64)


class Problem:
    """Content and style of every slice, and how automatic differentiation says it."""

    def __init__(self, encoder: Chain) -> None:
        self.encoder = encoder
        with torch.no_grad():
            self.targets = {
                axis: encoder(slices(volume(2), axis), ["conv2"])["conv2"] for axis in range(3)
            }
            style = encoder(slices(volume(3), 0)[:1], ["relu1"])["relu1"]
        self.style = mean_gram(style)

    def objective(self, axis: int, part: slice) -> Objective:
        positions = math.prod(SPACE) // SPACE[axis]
        content = Content("conv2", self.targets[axis][part])
        style = Style("relu1", self.style, positions=positions)
        return 0.5 * content + 2.0 / SPACE[axis] * style

    def plainly(self, signal: Tensor, axes: tuple[int, ...]) -> Tensor:
        total = 0.1 * TotalVariation().statistic(signal).sum()
        for axis in axes:
            for number in range(SPACE[axis]):
                one = signal.select(2 + axis, number)
                seen = self.encoder(one, ["relu1", "conv2"])
                away = seen["conv2"] - self.targets[axis][number]
                matrix = mean_gram(seen["relu1"])
                total = total + 0.5 * away.square().sum()
                total = total + 2 / SPACE[axis] * (matrix - self.style).square().sum()
        return total


@pytest.mark.parametrize("axes", [(0, 1, 2), (0,), (2, 1)])
@pytest.mark.parametrize("chunk_samples", [1, 90, 10**6])
@pytest.mark.parametrize("tile_bytes", [None, 500])
def test_equals_automatic_differentiation(
    encoder: Chain, axes: tuple[int, ...], chunk_samples: int, tile_bytes: int | None
) -> None:
    problem = Problem(encoder)
    evaluator = SliceEvaluator(
        encoder,
        problem.objective,
        axes=axes,
        whole=0.1 * TotalVariation(),
        chunk_samples=chunk_samples,
        tile_bytes=tile_bytes,
    )
    signal = volume().requires_grad_()
    expected = problem.plainly(signal, axes)
    (by_autograd,) = torch.autograd.grad(expected, signal)
    costs, gradient = evaluator.value_and_gradient(signal.detach())
    assert costs.total == pytest.approx(expected.item(), rel=1e-12)
    torch.testing.assert_close(gradient, by_autograd, rtol=1e-10, atol=1e-12)
    assert list(costs.terms) == ["content:conv2", "style:relu1", "tv"]


def test_gradient_is_the_slope_of_the_cost(encoder: Chain) -> None:
    evaluator = SliceEvaluator(encoder, Problem(encoder).objective, axes=(0, 1, 2))
    signal, direction = volume(), volume(4) - 0.5
    _, gradient = evaluator.value_and_gradient(signal)
    step = 1e-6
    there, back = (
        evaluator.value_and_gradient(signal + sign * step * direction)[0].total for sign in (1, -1)
    )
    slope = (there - back) / (2 * step)
    assert slope == pytest.approx((gradient * direction).sum().item(), rel=1e-6)


def test_slices_along_one_axis_do_not_know_each_other(encoder: Chain) -> None:
    evaluator = SliceEvaluator(encoder, Problem(encoder).objective, axes=(1,))
    signal = volume()
    before = evaluator.value_and_gradient(signal)[1]
    signal[:, :, :, 2] += 1
    changed = (evaluator.value_and_gradient(signal)[1] - before).abs().sum((0, 1, 2, 4)) > 0
    assert changed.tolist() == [number == 2 for number in range(6)]


def test_no_more_slices_are_seen_at_once_than_asked_for(encoder: Chain) -> None:
    problem, seen = Problem(encoder), []

    def objective(axis: int, part: slice) -> Objective:
        seen.append((axis, part.start, part.stop))
        return problem.objective(axis, part)

    SliceEvaluator(encoder, objective, axes=(0, 2), chunk_samples=84).value_and_gradient(volume())
    assert seen == [(0, 0, 2), (0, 2, 4), (0, 4, 5), (2, 0, 2), (2, 2, 4), (2, 4, 6), (2, 6, 7)]


def test_slices_are_a_view() -> None:
    signal = volume()
    for axis in range(3):
        assert torch.equal(slices(signal, axis)[1], signal[0].select(1 + axis, 1))
    slices(signal, 2)[3] = 7
    assert (signal[..., 3] == 7).all()


@pytest.mark.parametrize("count", [1, 2, 7, 64])
@pytest.mark.parametrize("most", [1, 3, 100])
def test_chunks_hold_every_slice_once(count: int, most: int) -> None:
    parts = list(chunks(count, 10, 10 * most))
    numbers = [number for part in parts for number in range(part.start, part.stop)]
    assert numbers == list(range(count))
    assert all(part.stop - part.start <= most for part in parts)
