from __future__ import annotations

import pytest
import torch
from torch import Tensor

from impasto.errors import UsageError
from impasto.objectives.objective import Costs, Objective, Term


class Sum(Term):
    """The sum of what is read, times a factor."""

    def __init__(self, kind: str, layer: str | None = None) -> None:
        self.kind, self.layer = kind, layer

    def statistic(self, features: Tensor) -> Tensor:
        return features.flatten(1).sum(1)

    def cost(self, statistic: Tensor) -> Tensor:
        return 10 * statistic


content, style, tv = Sum("content", "relu4_2"), Sum("style", "relu1_1"), Sum("tv")


class TestArithmetic:
    @pytest.mark.parametrize(
        ("objective", "weights"),
        [
            (content + 1e3 * style, [1, 1e3]),
            (content * 2 + style * 0.5, [2, 0.5]),
            (5 * (content + 1e3 * style) + tv, [5, 5e3, 1]),
            ((content + style) * 2 + (tv + content) * 3, [2, 2, 3, 3]),
            (content + (style + tv), [1, 1, 1]),
            (Objective() + content, [1]),
        ],
    )
    def test_weights(self, objective: Objective, weights: list[float]) -> None:
        assert [weight for weight, _ in objective.weighted] == weights

    def test_terms_keep_their_order(self) -> None:
        assert (tv + 2 * (content + style)).terms == (tv, content, style)

    def test_operands_stay_as_they_are(self) -> None:
        first = content + style
        second = first
        second += 3.0 * tv
        assert first.terms == (content, style)
        assert second.terms == (content, style, tv)


def test_names_and_layers() -> None:
    objective = content + 1e3 * style + tv
    assert [term.name for term in objective.terms] == ["content:relu4_2", "style:relu1_1", "tv"]
    assert objective.layers == {"relu4_2", "relu1_1"}


def test_every_term_reads_its_layer_and_is_weighted() -> None:
    objective = content + 1e3 * style + 2.0 * tv
    features = {"relu4_2": torch.ones(2, 1, 3), "relu1_1": torch.ones(2, 1, 5)}
    signal = torch.tensor([[[1.0]], [[2.0]]])
    statistics = objective.statistics(features, signal)
    assert [one.tolist() for one in statistics] == [[3, 3], [5, 5], [1, 2]]
    costs = objective.costs(statistics)
    assert costs.values.tolist() == [[30, 30], [5e4, 5e4], [20, 40]]


def test_nothing_to_minimize_is_an_error() -> None:
    with pytest.raises(UsageError, match="nothing to minimize"):
        Objective().costs([])


class Square(Sum):
    """The square of the sum of what is read."""

    def cost(self, statistic: Tensor) -> Tensor:
        return statistic.square()


def test_most_terms_are_the_same_everywhere() -> None:
    assert content.crop((slice(2, 5), slice(0, 1))) is content


class TestDifferentiate:
    def test_known_values(self) -> None:
        objective = content + 1e3 * Square("style", "relu1_1")
        costs, gradients = objective.differentiate([torch.tensor([3.0, 4]), torch.tensor([5.0, 6])])
        assert costs.names == ("content:relu4_2", "style:relu1_1")
        assert costs.values.tolist() == [[30, 40], [25e3, 36e3]]
        assert [one.tolist() for one in gradients] == [[10, 10], [1e4, 1.2e4]]

    def test_with_the_statistics_it_makes_up_the_gradient(self) -> None:
        objective = 0.5 * Square("content", "a") + 3.0 * Square("style", "a") + 2.0 * tv
        signal = torch.randn(2, 3, 5, requires_grad=True)
        statistics = objective.statistics({"a": signal.exp()}, signal)
        (expected,) = torch.autograd.grad(
            objective.costs(statistics).values.sum(), signal, retain_graph=True
        )
        _, cotangents = objective.differentiate(statistics)
        (gradient,) = torch.autograd.grad(statistics, signal, cotangents)
        torch.testing.assert_close(gradient, expected)

    @pytest.mark.parametrize("enabled", [True, False])
    def test_leaves_no_graph_and_needs_none(self, enabled: bool) -> None:
        statistic = torch.tensor([3.0], requires_grad=True)
        with torch.set_grad_enabled(enabled):
            costs, gradients = (1.0 * content).differentiate([statistic])
        assert statistic.grad is None
        assert not costs.values.requires_grad
        assert not gradients[0].requires_grad

    def test_nothing_to_minimize_is_an_error(self) -> None:
        with pytest.raises(UsageError, match="nothing to minimize"):
            Objective().differentiate([])


class TestCosts:
    costs = Costs(
        ("content:relu4_2", "style:relu1_1", "style:relu2_1", "style:relu1_1", "tv"),
        torch.tensor([[1.0, 2.0], [4.0, 0.0], [8.0, 0.0], [16.0, 0.0], [0.0, 32.0]]),
    )

    def test_total(self) -> None:
        assert self.costs.total == 63

    def test_terms_of_one_name_add_up(self) -> None:
        assert self.costs.terms == {
            "content:relu4_2": 3,
            "style:relu1_1": 20,
            "style:relu2_1": 8,
            "tv": 32,
        }

    def test_kinds(self) -> None:
        assert self.costs.kinds == {"content": 3, "style": 28, "tv": 32}

    def test_total_does_not_lose_small_terms(self) -> None:
        costs = Costs(("a", "b"), torch.tensor([[2.0**25], [1.0]]))
        assert costs.total == 2**25 + 1

    def test_detached_drops_the_graph(self) -> None:
        values = torch.ones(1, 1, requires_grad=True) * 2
        assert not Costs(("a",), values).detached().values.requires_grad
