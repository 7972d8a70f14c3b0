from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd import gradcheck

from impasto.errors import UsageError
from impasto.objectives.content import Content
from impasto.objectives.conventions import (
    CONVENTIONS,
    FIRST_OF_EACH_BLOCK,
    Convention,
    convention,
)
from impasto.objectives.objective import Objective
from impasto.objectives.regularizers import TotalVariation
from impasto.objectives.style import Style, mean_gram

Array = NDArray[np.float64]


def content_term(chosen: Convention, layer: str, target: Tensor) -> Content:
    return Content(layer, target, scale=chosen.content_scale(target))


def style_term(chosen: Convention, layer: str, style: Tensor, features: Tensor) -> Style:
    target, positions = mean_gram(style), math.prod(features.shape[2:])
    scale = chosen.style_scale(target, positions)
    return Style(layer, target, positions=positions, scale=scale)


def objective_of(
    chosen: Convention, content: Mapping[str, Tensor], style: Mapping[str, Tensor], samples: int
) -> Objective:
    """J for given features of content and style, without a network."""
    objective = Objective()
    for layer, weight in chosen.content_layers.items():
        objective += chosen.content_weight * weight * content_term(chosen, layer, content[layer])
    for layer, weight in chosen.style_layers.items():
        term = style_term(chosen, layer, style[layer], content[layer])
        objective += chosen.style_weight * weight * term
    return objective + chosen.tv_weight * TotalVariation(scale=chosen.tv_scale(samples))


# A layer of two channels (N = n_C = C = 2) over a picture of 2×2 positions (M = n_H·n_W = 4).
#
#   features of the result  F = [1 2; 0 1], [3 0; 1 2]
#   of the content          P = [0 2; 1 1], [3 1; 1 0]     Σ(F-P)² = 1+0+1+0 + 0+1+0+4 = 7
#   of the style            S = [1 0; 0 1], [0 1; 1 0]     ΣP² = 0+4+1+1 + 9+1+1+0 = 17
#
#   Gram matrix of F: G = [1+4+0+1, 3+0+0+2; ·, 9+0+1+4] = [6 5; 5 14]
#   Gram matrix of S: A = [2 0; 0 2]                       Σ(G-A)² = 16+25+25+144 = 210
F = torch.tensor([[[[1.0, 2.0], [0.0, 1.0]], [[3.0, 0.0], [1.0, 2.0]]]])
P = torch.tensor([[[[0.0, 2.0], [1.0, 1.0]], [[3.0, 1.0], [1.0, 0.0]]]])
S = torch.tensor([[[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]]])


class TestKnownValues:
    @pytest.mark.parametrize("shape", [(4,), (2, 2), (1, 2, 2), (4, 1)])
    @pytest.mark.parametrize(
        ("name", "content", "style"),
        [
            # ½ · 7 and 210 / (4 · 2² · 4²)
            ("paper", 3.5, 0.8203125),
            # 7 / (4 · 2·2·2) and 210 / (2 · 2·2·2)²
            ("course", 0.21875, 0.8203125),
            # MSE 7/8 and, of G/8 and A/8, (210/64) / 4
            ("neural-style", 0.875, 0.8203125),
            # 7/17 and, of G/4 and A/4, (210/16) / (8/16)
            ("impasto", 7 / 17, 26.25),
        ],
    )
    def test_one_layer(
        self, name: str, content: float, style: float, shape: tuple[int, ...]
    ) -> None:
        result, target, model = (x.reshape(1, 2, *shape) for x in (F, P, S))
        term = content_term(CONVENTIONS[name], "a", target)
        assert term.cost(term.statistic(result)).tolist() == pytest.approx([content])
        other = style_term(CONVENTIONS[name], "a", model, result)
        assert other.cost(other.statistic(result)).tolist() == pytest.approx([style])

    @pytest.mark.parametrize(
        ("name", "parts"),
        [
            # α = 1, β = 1000 and five layers of w = 1/5
            ("paper", {"content": 3.5, "style": 1e3 * 0.8203125}),
            # α = 10, β = 40 and five layers of λ = 0.2
            ("course", {"content": 10 * 0.21875, "style": 40 * 0.8203125}),
            # 5 · MSE, 100 · five layers, TV 1e-3 · 255 · (|dx|: 0.5 + 0.75, |dy|: 1 + 0.25)
            ("neural-style", {"content": 4.375, "style": 410.15625, "tv": 0.6375}),
        ],
    )
    def test_all_parts_of_published_j(self, name: str, parts: dict[str, float]) -> None:
        layers = ("relu4_2", *FIRST_OF_EACH_BLOCK)
        objective = objective_of(
            CONVENTIONS[name], dict.fromkeys(layers, P), dict.fromkeys(layers, S), samples=4
        )
        picture = torch.tensor([[[[0.0, 0.5], [1.0, 0.25]]]])
        costs = objective.costs(objective.statistics(dict.fromkeys(layers, F), picture))
        assert costs.kinds == pytest.approx({"tv": 0.0} | parts)
        assert costs.total == pytest.approx(sum(parts.values()))

    def test_convolution_names_work_too(self) -> None:
        term = content_term(CONVENTIONS["paper"], "conv4_2", P)
        assert term.name == "content:conv4_2"


# The same formulas, as they are printed, over any number of axes.


def gram_matrix(features: Array) -> Array:
    channels = features.shape[1]
    rows = features.reshape(channels, -1)
    matrix = np.zeros((channels, channels))
    for i in range(channels):
        for j in range(channels):
            matrix[i, j] = (rows[i] * rows[j]).sum()
    return matrix


def paper(content: Array, result: Array, style: Array) -> tuple[float, float]:
    n, m = result.shape[1], math.prod(result.shape[2:])
    distance = ((gram_matrix(result) - gram_matrix(style)) ** 2).sum()
    return ((result - content) ** 2).sum() / 2, distance / (4 * n**2 * m**2)


def course(content: Array, result: Array, style: Array) -> tuple[float, float]:
    size = math.prod(result.shape[1:])  # n_H · n_W · n_C, on any number of axes
    distance = ((gram_matrix(style) - gram_matrix(result)) ** 2).sum()
    return ((content - result) ** 2).sum() / (4 * size), distance / (2 * size) ** 2


def neural_style(content: Array, result: Array, style: Array) -> tuple[float, float]:
    difference = gram_matrix(result) / result.size - gram_matrix(style) / style.size
    return ((result - content) ** 2).mean(), (difference**2).mean()


def impasto(content: Array, result: Array, style: Array) -> tuple[float, float]:
    wanted = gram_matrix(style) / math.prod(style.shape[2:])
    difference = gram_matrix(result) / math.prod(result.shape[2:]) - wanted
    relative = ((result - content) ** 2).sum() / (content**2).sum()
    return relative, (difference**2).sum() / (wanted**2).sum()


FORMULAS: dict[str, Callable[[Array, Array, Array], tuple[float, float]]] = {
    "paper": paper,
    "course": course,
    "neural-style": neural_style,
    "impasto": impasto,
}


@pytest.mark.parametrize("name", CONVENTIONS)
class TestFormulas:
    def test_j_is_what_is_printed(self, name: str, space: tuple[int, ...]) -> None:
        chosen = CONVENTIONS[name]
        layers = {**chosen.content_layers, **chosen.style_layers}

        def random_features() -> dict[str, Tensor]:
            return {
                layer: torch.randn(1, width, *space, dtype=torch.float64)
                for width, layer in enumerate(layers, start=2)
            }

        content, style, result = random_features(), random_features(), random_features()
        signal = torch.rand(1, 3, *space, dtype=torch.float64)
        objective = objective_of(chosen, content, style, signal.numel())
        costs = objective.costs(objective.statistics(result, signal))

        j = 0.0
        for layer in layers:
            arrays = (x[layer].numpy() for x in (content, result, style))
            of_content, of_style = FORMULAS[name](*arrays)
            j += chosen.content_weight * chosen.content_layers.get(layer, 0) * of_content
            j += chosen.style_weight * chosen.style_layers.get(layer, 0) * of_style
        pixels = 255 * signal.numpy() if name == "neural-style" else signal.numpy()
        variation = sum(abs(np.diff(pixels, axis=axis)).sum() for axis in range(2, pixels.ndim))
        if name == "impasto":
            variation /= pixels.size
        j += chosen.tv_weight * variation
        assert costs.total == pytest.approx(j, rel=1e-6)

    def test_a_larger_style_of_the_same_texture_costs_the_same(self, name: str) -> None:
        one, two = (
            style_term(CONVENTIONS[name], "a", style, F) for style in (S, torch.cat([S, S], -1))
        )
        assert torch.equal(one.cost(one.statistic(F)), two.cost(two.statistic(F)))

    def test_gradient(self, name: str, features: Tensor) -> None:
        terms = (
            content_term(CONVENTIONS[name], "a", features[:1] + 1),
            style_term(CONVENTIONS[name], "a", features[1:] - 1, features),
        )
        objective = terms[0] + 0.5 * terms[1]

        def j(x: Tensor) -> Tensor:
            return objective.costs(objective.statistics({"a": x}, x)).values

        assert gradcheck(j, features.requires_grad_())

    def test_an_empty_target_costs_a_finite_amount(self, name: str) -> None:
        chosen, empty = CONVENTIONS[name], torch.zeros_like(F)
        for term in (content_term(chosen, "a", empty), style_term(chosen, "a", empty, F)):
            assert bool(term.cost(term.statistic(F)).isfinite().all())


@pytest.mark.parametrize("name", CONVENTIONS)
def test_convention_by_name(name: str) -> None:
    assert convention(name) is CONVENTIONS[name]


def test_unknown_convention_offers_the_nearest() -> None:
    with pytest.raises(UsageError, match=r"no objective 'neuralstyle'\. Did you mean neural-style"):
        convention("neuralstyle")
