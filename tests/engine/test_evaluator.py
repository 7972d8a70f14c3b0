from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from impasto.encoders import Chain, Wrapped, random_encoder
from impasto.engine.evaluator import LocalEvaluator
from impasto.errors import UsageError
from impasto.objectives.content import Content
from impasto.objectives.objective import Objective
from impasto.objectives.regularizers import Bounds, TotalVariation
from impasto.objectives.style import Style


@pytest.fixture
def encoder(space: tuple[int, ...]) -> Chain:
    return random_encoder(len(space), 2, channels=(3, 4)).double()


@pytest.fixture
def signal(space: tuple[int, ...]) -> Tensor:
    return torch.randn(2, 2, *space, dtype=torch.float64)


@pytest.fixture
def objective(encoder: Chain, signal: Tensor) -> Objective:
    target = encoder(torch.randn_like(signal), ["relu2_1"])["relu2_1"]
    return (
        Content("relu2_1", target[:1])
        + 1e3 * Style("relu1_1", torch.eye(3), positions=signal[0, 0].numel())
        + 0.1 * TotalVariation()
        + 0.1 * Bounds()
    )


def test_gradient_is_the_slope(encoder: Chain, signal: Tensor, objective: Objective) -> None:
    """Against central differences along every sample."""
    evaluator = LocalEvaluator(encoder, objective)
    _, gradient = evaluator.value_and_gradient(signal)
    nudges = 1e-6 * torch.eye(signal.numel(), dtype=torch.float64).view(-1, *signal.shape)
    slopes = [
        (
            evaluator.value_and_gradient(signal + nudge)[0].total
            - evaluator.value_and_gradient(signal - nudge)[0].total
        )
        / 2e-6
        for nudge in nudges
    ]
    expected = torch.tensor(slopes, dtype=torch.float64).view_as(signal)
    torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-4)


def test_value_is_that_of_the_objective(
    encoder: Chain, signal: Tensor, objective: Objective
) -> None:
    costs, _ = LocalEvaluator(encoder, objective).value_and_gradient(signal)
    features = encoder(signal, objective.layers)
    values = [
        w * term.cost(term.statistic(features.get(term.layer or "", signal)))
        for w, term in objective.weighted
    ]
    torch.testing.assert_close(costs.values, torch.stack(values))
    assert costs.names == ("content:relu2_1", "style:relu1_1", "tv", "bounds")


def test_each_of_a_batch_is_on_its_own(
    encoder: Chain, signal: Tensor, objective: Objective
) -> None:
    evaluator = LocalEvaluator(encoder, objective)
    costs, gradient = evaluator.value_and_gradient(signal)
    alone, slope = evaluator.value_and_gradient(signal[1:])
    torch.testing.assert_close(costs.values[:, 1:], alone.values)
    torch.testing.assert_close(gradient[1:], slope)


def test_leaves_no_graph(encoder: Chain, signal: Tensor, objective: Objective) -> None:
    costs, gradient = LocalEvaluator(encoder, objective).value_and_gradient(signal)
    assert not costs.values.requires_grad
    assert not gradient.requires_grad
    assert not signal.requires_grad


def test_a_cost_of_the_signal_alone_needs_no_network(signal: Tensor) -> None:
    class Idle(Chain):
        def forward(self, *_: object) -> dict[str, Tensor]:
            raise AssertionError("computed")

    idle = Idle("idle", nn.Identity(), [("conv", nn.Conv1d(1, 1, 1))])
    costs, gradient = LocalEvaluator(idle, 2.0 * Bounds(low=0, high=0)).value_and_gradient(signal)
    assert costs.total == pytest.approx(2 * signal.square().sum().item())
    torch.testing.assert_close(gradient, 4 * signal)


def test_half_precision_gives_float32(space: tuple[int, ...]) -> None:
    encoder = random_encoder(len(space), 2, channels=(3,)).to(torch.bfloat16)
    style = Style("relu1_1", torch.eye(3), positions=1)
    costs, gradient = LocalEvaluator(encoder, 1.0 * style).value_and_gradient(
        torch.rand(1, 2, *space)
    )
    assert costs.values.dtype == gradient.dtype == torch.float32


def test_any_encoder_will_do(space: tuple[int, ...], signal: Tensor, encoder: Chain) -> None:
    first = nn.Sequential(*list(encoder.chain.values())[:2])  # the signal is small
    wrapped = Wrapped(first, {"relu1_1": "1"}, example=signal[:1])
    style = 1.0 * Style("relu1_1", torch.eye(3), positions=1)
    for one, other in zip(
        LocalEvaluator(encoder, style).value_and_gradient(signal),
        LocalEvaluator(wrapped, style).value_and_gradient(signal),
        strict=True,
    ):
        torch.testing.assert_close(
            *(x if isinstance(x, Tensor) else x.values for x in (one, other))
        )


def test_nothing_to_minimize(encoder: Chain, signal: Tensor) -> None:
    with pytest.raises(UsageError):
        LocalEvaluator(encoder, Objective()).value_and_gradient(signal)
