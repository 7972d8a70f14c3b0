from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from impasto.encoders.random import random_encoder
from impasto.engine.evaluator import LocalEvaluator
from impasto.errors import ShapeError
from impasto.objectives.temporal import Temporal


def test_known_value() -> None:
    target = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    trust = torch.tensor([[1.0, 0.0], [0.5, 1.0]])
    term = Temporal(target, trust, scale=2.0)
    # differences 1, 2, 3, 4: 1·1 + 0·4 + 0.5·9 + 1·16
    statistic = term.statistic(torch.zeros(1, 1, 2, 2))
    assert statistic.tolist() == [21.5]
    assert term.cost(statistic).tolist() == [43.0]
    assert (term.name, term.layer) == ("temporal", None)


def test_the_target_itself_costs_nothing(space: tuple[int, ...]) -> None:
    target = torch.rand(1, 3, *space)
    assert Temporal(target, torch.ones(space)).statistic(target).tolist() == [0]


def test_channels_add_up(space: tuple[int, ...]) -> None:
    target, signal, trust = torch.rand(1, 3, *space), torch.rand(1, 3, *space), torch.rand(space)
    term = Temporal(target, trust)
    parts = [term.of_channel(n).statistic(signal[:, n : n + 1]) for n in range(3)]
    assert torch.allclose(sum(parts), term.statistic(signal))


def test_gradient(space: tuple[int, ...]) -> None:
    target, trust = torch.rand(1, 2, *space).double(), torch.rand(space).double()
    signal = torch.rand(1, 2, *space).double().requires_grad_()
    term = Temporal(target, trust, scale=0.7)
    assert gradcheck(lambda x: term.cost(term.statistic(x)), signal)


def test_an_evaluator_compares_each_channel_with_its_own(space: tuple[int, ...]) -> None:
    target, signal, trust = torch.rand(1, 3, *space), torch.rand(1, 3, *space), torch.rand(space)
    evaluator = LocalEvaluator(random_encoder(len(space), 3), 0.5 * Temporal(target, trust))
    costs, gradient = evaluator.value_and_gradient(signal)
    assert costs.total == pytest.approx(float((0.5 * trust * (signal - target) ** 2).sum()), 1e-5)
    assert torch.allclose(gradient, trust * (signal - target), atol=1e-6)


def test_another_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match="temporal cost compares with"):
        Temporal(torch.zeros(1, 3, 4, 4), torch.ones(4, 4)).statistic(torch.zeros(1, 3, 4, 5))
