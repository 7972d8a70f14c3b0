from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from impasto.encoders import Chain, random_encoder
from impasto.encoders.vgg import vgg
from impasto.encoders.weights import oxford_vgg19
from impasto.engine.evaluator import HALF_NOISE, LocalEvaluator
from impasto.errors import ShapeError, UsageError
from impasto.objectives.content import Content
from impasto.objectives.gram import guided_gram
from impasto.objectives.masks import guides
from impasto.objectives.objective import Objective
from impasto.objectives.regularizers import Bounds, TotalVariation
from impasto.objectives.style import GuidedStyle, Style, mean_gram

Spaces = Callable[[Chain, Iterable[str]], st.SearchStrategy[tuple[int, ...]]]

BUDGETS = st.sampled_from([1, 300, 1000, 3000, 10**9])  # bytes
KINDS = ("content", "style", "guided", "tv", "bounds")


def objective(
    chain: Chain, signal: Tensor, layers: Collection[str], kinds: Collection[str] = KINDS
) -> Objective:
    """Terms of some kinds; those that read features read every layer, for random targets."""
    generator = torch.Generator().manual_seed(2)

    def random(*shape: int) -> Tensor:
        return torch.rand(shape, generator=generator, dtype=signal.dtype)

    made = Objective()
    for layer, features in chain(torch.zeros_like(signal[:1]), layers).items():
        channels, *space = features.shape[1:]
        features = random(1, channels, *space)
        regions = random(2, *space)
        parts = {
            "content": 0.5 * Content(layer, features, scale=2.0),
            "style": 3.0 * Style(layer, mean_gram(features), positions=math.prod(space)),
            "guided": 2.0
            * GuidedStyle(
                layer,
                guides(regions, tuple(space)),
                guided_gram(features, regions)[0],
                shares=torch.tensor([0.3, 0.7]),
                scale=torch.tensor([1.0, 2.0]),
            ),
        }
        for kind in parts.keys() & kinds:
            made += parts[kind]
    made += 0.1 * TotalVariation() if "tv" in kinds else Objective()
    made += 0.2 * Bounds() if "bounds" in kinds else Objective()
    return made


def some_signal(space: tuple[int, ...], *, batch: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(batch, 2, *space, generator=generator, dtype=torch.float64)


def relative(one: Tensor, other: Tensor) -> float:
    """Return the norm of the difference over that of what is expected."""
    assert one.shape == other.shape
    assert one.dtype == other.dtype
    return float((one - other).double().norm() / (other.double().norm() + 1e-300))


def assert_same(
    chain: Chain, target: Objective, signal: Tensor, tile_bytes: int, tolerance: float = 1e-10
) -> None:
    """Compare the costs of every term, and the gradient, with those of the whole."""
    tiled = LocalEvaluator(chain, target, tile_bytes=tile_bytes)
    costs, gradient = tiled.value_and_gradient(signal)
    expected, slope = LocalEvaluator(chain, target).value_and_gradient(signal)
    assert costs.names == expected.names
    for value, known in zip(costs.values, expected.values, strict=True):
        assert relative(value, known) < tolerance
    assert relative(gradient, slope) < tolerance


def draw_layers(data: st.DataObject, chain: Chain) -> list[str]:
    names = st.sampled_from(list(chain.table))
    return data.draw(st.lists(names, min_size=1, max_size=3, unique=True), label="layers")


def tiles(evaluator: LocalEvaluator, signal: Tensor) -> dict[str, int]:
    """Count the pieces of every layer."""
    assert evaluator.passage is not None
    counts: dict[str, int] = {}
    for piece in evaluator.passage.visit(signal):
        counts[piece.layer] = counts.get(piece.layer, 0) + 1
    return counts


class TestIsTheWhole:
    @given(st.data())
    @settings(max_examples=25)
    def test_for_all_terms_together(
        self, chain: Chain, spaces: Spaces, data: st.DataObject
    ) -> None:
        layers = draw_layers(data, chain)
        space = data.draw(spaces(chain, layers), label="space")
        signal = some_signal(space, batch=data.draw(st.sampled_from([1, 2]), label="batch"))
        tile_bytes = data.draw(BUDGETS, label="tile_bytes")
        assert_same(chain, objective(chain, signal, layers), signal, tile_bytes)

    @pytest.mark.parametrize("kind", KINDS)
    @given(st.data())
    @settings(max_examples=8)
    def test_for_each_kind_alone(
        self, plain_chain: Chain, spaces: Spaces, kind: str, data: st.DataObject
    ) -> None:
        layers = draw_layers(data, plain_chain)
        signal = some_signal(data.draw(spaces(plain_chain, layers), label="space"), batch=2)
        target = objective(plain_chain, signal, layers, [kind])
        assert_same(plain_chain, target, signal, data.draw(BUDGETS, label="tile_bytes"))

    @given(st.data())
    @settings(max_examples=200)
    def test_for_any_chain(
        self,
        any_chain: Callable[[], st.SearchStrategy[Chain]],
        spaces: Spaces,
        data: st.DataObject,
    ) -> None:
        chain = data.draw(any_chain(), label="chain")
        layers = draw_layers(data, chain)
        signal = some_signal(data.draw(spaces(chain, layers), label="space"))
        tile_bytes = data.draw(BUDGETS, label="tile_bytes")
        assert_same(chain, objective(chain, signal, layers), signal, tile_bytes)

    @pytest.mark.parametrize("space", [(37,), (21, 13), (9, 5, 6)], ids=str)
    @pytest.mark.parametrize("tile_bytes", [1, 2000])
    def test_where_every_stage_is_cut(self, space: tuple[int, ...], tile_bytes: int) -> None:
        """The equality is not one of the whole with itself."""
        chain = random_encoder(len(space), 2, channels=(3, 4, 5)).double()
        layers = ["relu1_1", "pool2", "relu3_1"]
        signal = some_signal(space, batch=2)
        target = objective(chain, signal, layers)
        counts = tiles(LocalEvaluator(chain, target, tile_bytes=tile_bytes), signal)
        assert counts["relu1_1"] > 1
        if tile_bytes == 1:
            assert all(counts[layer] > 1 for layer in layers)
        assert_same(chain, target, signal, tile_bytes)

    def test_where_one_tile_is_everything(self, plain_chain: Chain) -> None:
        space = (13,) * plain_chain.axes
        signal = some_signal(space)
        target = objective(plain_chain, signal, ["relu1", "conv4"])
        counts = tiles(LocalEvaluator(plain_chain, target, tile_bytes=10**9), signal)
        assert counts == {"relu1": 1, "conv4": 1}
        assert_same(plain_chain, target, signal, 10**9)

    def test_where_an_axis_is_thinner_than_a_tile(self, plain_chain: Chain) -> None:
        space = (33, 1, 1)[: plain_chain.axes]
        signal = some_signal(space)
        target = objective(plain_chain, signal, ["relu1", "relu2b", "conv4"])
        for tile_bytes in (1, 1000, 10**9):
            assert_same(plain_chain, target, signal, tile_bytes)

    @pytest.mark.parametrize("tile_bytes", [1, 1000, 10**9])
    def test_in_float32(self, plain_chain: Chain, tile_bytes: int) -> None:
        single = Chain("single", nn.Identity(), list(plain_chain.chain.items())).float()
        try:
            signal = some_signal((11,) * single.axes, batch=2).float()
            target = objective(single, signal, ["relu1", "relu2b", "pool3"])
            assert_same(single, target, signal, tile_bytes, tolerance=1e-4)
        finally:
            single.double()  # its modules are those of the other

    def test_for_several_terms_of_one_layer(self, plain_chain: Chain) -> None:
        signal = some_signal((11,) * plain_chain.axes)
        target = objective(plain_chain, signal, ["conv3"], ["content", "style"])
        assert_same(plain_chain, target + 2.0 * target, signal, 1)

    def test_for_different_filters_along_every_axis(self) -> None:
        modules: list[tuple[str, nn.Module]] = [
            ("conv1", nn.Conv2d(2, 3, (5, 3), stride=(1, 2), padding=(0, 1), dilation=(2, 1))),
            ("relu1", nn.ReLU()),
            ("pool1", nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0), ceil_mode=True)),
            ("conv2", nn.Conv2d(3, 2, (1, 4), padding=(1, 2))),
            ("pool2", nn.AvgPool2d((2, 1))),
            ("conv3", nn.Conv2d(2, 2, 3, padding=1)),
        ]
        chain = Chain("toy", nn.Identity(), modules).double()
        signal = some_signal((23, 18), batch=2)
        for tile_bytes in (1, 1000, 5000):
            assert_same(chain, objective(chain, signal, ["relu1", "conv3"]), signal, tile_bytes)

    def test_for_front_ends_that_are_differentiated(self) -> None:
        class Bent(nn.Module):
            def forward(self, batch: Tensor) -> Tensor:
                return batch.flip(1).square() - 0.3

        modules = list(random_encoder(2, 2, channels=(3, 4)).chain.items())
        chain = Chain("toy", Bent(), modules).double()
        signal = some_signal((13, 10))
        assert_same(chain, objective(chain, signal, ["relu2_1", "conv1_1"]), signal, 1000)


def test_vgg19_in_half_precision() -> None:
    encoder = vgg(oxford_vgg19()).to(torch.bfloat16)
    layers = ["relu1_1", "relu2_1", "relu3_1", "relu4_2", "relu5_1"]
    picture, style = torch.rand(2, 1, 3, 70, 53)
    features = encoder(style, layers)
    target = Objective()
    for layer, seen in features.items():
        positions = math.prod(seen.shape[2:])
        goal = mean_gram(seen)
        scale = 1 / float(goal.square().sum())
        target += Style(layer, goal, positions=positions, scale=scale)
    content = features["relu4_2"].roll(1, 2)
    target += Content("relu4_2", content, scale=1 / float(content.float().square().sum()))

    counts = tiles(LocalEvaluator(encoder, target, tile_bytes=250_000), picture)
    assert min(counts["relu1_1"], counts["relu3_1"], counts["relu4_2"]) > 1
    assert_same(encoder, target, picture, 250_000, tolerance=1e-2)


class TestSteps:
    """The two sweeps one by one."""

    space = (11, 9)

    @pytest.fixture
    def encoder(self) -> Chain:
        return random_encoder(2, 2, channels=(3, 4)).double()

    @pytest.fixture
    def signal(self) -> Tensor:
        return some_signal(self.space, batch=2)

    @pytest.fixture
    def target(self, encoder: Chain, signal: Tensor) -> Objective:
        return objective(encoder, signal, ["relu1_1", "relu2_1"])

    @pytest.fixture
    def evaluator(self, encoder: Chain, target: Objective) -> LocalEvaluator:
        return LocalEvaluator(encoder, target, tile_bytes=1)

    def test_statistics_are_those_of_the_whole(
        self, encoder: Chain, target: Objective, signal: Tensor, evaluator: LocalEvaluator
    ) -> None:
        expected = target.statistics(encoder(signal, target.layers), signal)
        torch.testing.assert_close(evaluator.statistics(signal), expected)

    def test_any_cotangents_can_be_taken_back(
        self, encoder: Chain, target: Objective, signal: Tensor, evaluator: LocalEvaluator
    ) -> None:
        cotangents = [torch.randn_like(one) for one in evaluator.statistics(signal)]
        leaf = signal.clone().requires_grad_()
        outputs = target.statistics(encoder(leaf, target.layers), leaf)
        (expected,) = torch.autograd.grad(outputs, leaf, cotangents)
        torch.testing.assert_close(evaluator.gradient(cotangents), expected)

    def test_statistics_may_come_from_elsewhere_too(
        self, target: Objective, signal: Tensor, evaluator: LocalEvaluator
    ) -> None:
        """A second question about statistics is answered as the first."""
        first = evaluator.statistics(signal + 1)
        second = evaluator.statistics(signal)
        _, cotangents = target.differentiate(second)
        expected = evaluator.value_and_gradient(signal)[1]
        evaluator.statistics(signal)
        torch.testing.assert_close(evaluator.gradient(cotangents), expected)
        assert not torch.allclose(first[0], second[0])

    def test_leaves_nothing_behind(self, signal: Tensor, evaluator: LocalEvaluator) -> None:
        before = signal.clone()
        once = evaluator.value_and_gradient(signal)
        evaluator.value_and_gradient(2 * signal)
        again = evaluator.value_and_gradient(signal)
        assert torch.equal(once[0].values, again[0].values)
        assert torch.equal(once[1], again[1])
        assert torch.equal(signal, before)
        assert not signal.requires_grad
        assert not once[0].values.requires_grad
        assert not once[1].requires_grad

    def test_each_of_a_batch_is_on_its_own(self, signal: Tensor, evaluator: LocalEvaluator) -> None:
        costs, gradient = evaluator.value_and_gradient(signal)
        alone, slope = evaluator.value_and_gradient(signal[1:])
        torch.testing.assert_close(costs.values[:, 1:], alone.values)
        torch.testing.assert_close(gradient[1:], slope)

    def test_content_of_another_shape_is_an_error(self, encoder: Chain, signal: Tensor) -> None:
        target = 1.0 * Content("relu1_1", torch.zeros(1, 5, *self.space))
        with pytest.raises(ShapeError, match="at relu1_1 have shape"):
            LocalEvaluator(encoder, target, tile_bytes=1).value_and_gradient(signal)


@pytest.mark.parametrize("kinds", [["tv"], ["bounds"], ["tv", "bounds"]], ids=",".join)
def test_costs_of_the_signal_alone_need_no_network(
    space: tuple[int, ...], kinds: list[str]
) -> None:
    class Idle(Chain):
        def stretch(self, *_: object) -> tuple[Tensor, dict[str, Tensor]]:
            raise AssertionError("computed")

    chain = random_encoder(len(space), 2, channels=(3,)).double()
    signal = some_signal(space, batch=2)
    target = objective(chain, signal, ["relu1_1"], kinds)
    idle = Idle("idle", nn.Identity(), list(chain.chain.items()))
    assert_same(idle, target, signal, 1)


def test_nothing_to_minimize(space: tuple[int, ...]) -> None:
    chain = random_encoder(len(space), 2, channels=(3,))
    with pytest.raises(UsageError, match="nothing to minimize"):
        LocalEvaluator(chain, Objective(), tile_bytes=1).value_and_gradient(
            some_signal(space).float()
        )


def test_unknown_layer() -> None:
    chain = random_encoder(1, 2, channels=(3,))
    target = 1.0 * Style("relu1_2", torch.eye(3), positions=1)
    with pytest.raises(UsageError, match="Did you mean relu1_1"):
        LocalEvaluator(chain, target, tile_bytes=1)


@pytest.mark.parametrize(
    ("precision", "noise"), [(torch.float32, 0.0), (torch.bfloat16, HALF_NOISE)]
)
def test_noise_is_that_of_the_precision(precision: torch.dtype, noise: float) -> None:
    chain = random_encoder(1, 2, channels=(3,)).to(precision)
    assert LocalEvaluator(chain, 1.0 * Bounds(), tile_bytes=1).noise == noise
