from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Callable, Iterable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from impasto.encoders import Chain, Wrapped, random_encoder
from impasto.engine.passage import Piece, space_of
from impasto.engine.sweep import Sweep, visit
from impasto.signal import cut

Spaces = Callable[[Chain, Iterable[str]], st.SearchStrategy[tuple[int, ...]]]

BUDGETS = st.sampled_from([1, 300, 1000, 3000, 10**9])  # bytes


def assembled(pieces: Iterable[Piece]) -> dict[str, Tensor]:
    """Put the pieces of every layer in their places, each of which is taken once."""
    wholes: dict[str, Tensor] = {}
    for piece in pieces:
        empty = piece.features.new_full((*piece.features.shape[:2], *piece.space), torch.nan)
        place = cut(wholes.setdefault(piece.layer, empty), piece.where)
        assert bool(place.isnan().all())
        place.copy_(piece.features)
    return wholes


def some_signal(chain: Chain, space: tuple[int, ...], *, batch: int = 2) -> Tensor:
    return torch.randn(batch, 2, *space, dtype=torch.float64)


def draw_layers(data: st.DataObject, chain: Chain) -> list[str]:
    names = st.sampled_from(list(chain.table))
    return data.draw(st.lists(names, min_size=1, max_size=3, unique=True), label="layers")


class TestVisit:
    @given(st.data())
    @settings(max_examples=15)
    def test_pieces_make_up_the_features(
        self, chain: Chain, spaces: Spaces, data: st.DataObject
    ) -> None:
        layers = draw_layers(data, chain)
        signal = some_signal(chain, data.draw(spaces(chain, layers), label="space"))
        tile_bytes = data.draw(BUDGETS, label="tile_bytes")
        features = assembled(visit(chain, layers, signal, tile_bytes=tile_bytes))
        expected = chain(signal, layers)
        assert set(features) == set(layers)
        for layer in layers:
            torch.testing.assert_close(features[layer], expected[layer])

    @pytest.mark.parametrize("tile_bytes", [None, 10**9])
    def test_all_at_once_is_one_piece_a_layer(
        self, plain_chain: Chain, tile_bytes: int | None
    ) -> None:
        layers = ["relu1", "pool2", "conv4"]
        signal = some_signal(plain_chain, (9,) * plain_chain.axes)
        pieces = list(visit(plain_chain, layers, signal, tile_bytes=tile_bytes))
        assert [piece.layer for piece in pieces] == layers
        for piece, whole in zip(pieces, plain_chain(signal, layers).values(), strict=True):
            torch.testing.assert_close(piece.features, whole)
            assert piece.space == space_of(whole)
            assert piece.where == tuple(slice(0, length) for length in piece.space)

    def test_less_memory_is_more_pieces(self, plain_chain: Chain) -> None:
        signal = some_signal(plain_chain, (17,) * plain_chain.axes, batch=1)
        counts = [
            Counter(p.layer for p in visit(plain_chain, ["relu1", "relu3"], signal, tile_bytes=b))
            for b in (1, 100 * 10**plain_chain.axes, 10**9)
        ]
        for layer in ("relu1", "relu3"):
            smallest, small, large = (count[layer] for count in counts)
            assert smallest > small >= large == 1
        # the stride of its stage is 4 samples: 17 are 4 whole tiles and a rest
        assert counts[0]["relu1"] == 5**plain_chain.axes

    def test_a_tile_takes_about_the_memory_that_it_may(self) -> None:
        """Two layers of 8 channels, float32: 64 bytes a pixel."""
        encoder = random_encoder(2, 3, channels=(8,))
        signal = torch.rand(1, 3, 60, 60)
        pieces = visit(encoder, ["relu1_1"], signal, tile_bytes=64 * 20 * 20)
        assert [space_of(piece.features) for piece in pieces] == [(20, 20)] * 9

    @pytest.mark.parametrize("tile_bytes", [None, 1, 10**9])
    def test_other_encoders_are_run_whole(
        self, space: tuple[int, ...], tile_bytes: int | None
    ) -> None:
        encoder = random_encoder(len(space), 2, channels=(3, 4))
        signal = torch.randn(2, 2, *(2 * length for length in space))
        modules = nn.Sequential(*encoder.chain.values())
        wrapped = Wrapped(modules, {"relu1_1": "1", "pool2": "5"}, example=signal)
        pieces = list(visit(wrapped, ["pool2", "relu1_1"], signal, tile_bytes=tile_bytes))
        assert len(pieces) == 2
        for layer, features in encoder(signal, ["relu1_1", "pool2"]).items():
            torch.testing.assert_close(assembled(pieces)[layer], features)

    @pytest.mark.parametrize("tile_bytes", [None, 1])
    def test_leaves_no_graph_and_the_signal_as_it_was(
        self, plain_chain: Chain, tile_bytes: int | None
    ) -> None:
        signal = some_signal(plain_chain, (5,) * plain_chain.axes).requires_grad_()
        before = signal.detach().clone()
        for piece in visit(plain_chain, ["conv1", "conv4"], signal, tile_bytes=tile_bytes):
            assert not piece.features.requires_grad
        assert torch.equal(signal, before)

    def test_whoever_looks_may_differentiate(self, plain_chain: Chain) -> None:
        """The iterator does not switch gradients off for the code that runs between its steps."""
        signal = some_signal(plain_chain, (5,) * plain_chain.axes)
        for _ in visit(plain_chain, ["conv1", "conv4"], signal, tile_bytes=1):
            assert torch.is_grad_enabled()

    @pytest.mark.parametrize("tile_bytes", [None, 1])
    def test_no_layers_no_pieces(self, plain_chain: Chain, tile_bytes: int | None) -> None:
        signal = some_signal(plain_chain, (5,) * plain_chain.axes)
        assert list(visit(plain_chain, [], signal, tile_bytes=tile_bytes)) == []

    def test_a_leading_pooling(self) -> None:
        modules = [("pool", nn.AvgPool1d(2)), ("conv", nn.Conv1d(2, 1, 1))]
        chain = Chain("toy", nn.Identity(), modules)
        signal = torch.randn(1, 2, 9)
        features = assembled(visit(chain, ["pool"], signal, tile_bytes=1))
        torch.testing.assert_close(features, chain(signal, ["pool"]))

    def test_front_end_and_precision_are_those_of_the_network(self) -> None:
        class Double(nn.Module):
            def forward(self, batch: Tensor) -> Tensor:
                assert batch.dtype == torch.float32
                return 2 * batch

        modules = list(random_encoder(2, 3, channels=(4, 5, 6)).chain.items())
        chain = Chain("toy", Double(), modules).to(torch.bfloat16)
        signal = torch.rand(1, 3, 16, 16)
        features = assembled(visit(chain, ["conv3_1"], signal, tile_bytes=500))["conv3_1"]
        assert features.dtype == torch.bfloat16
        expected = chain(signal, ["conv3_1"])["conv3_1"]
        assert 2e-2 * expected.norm() > (features - expected).norm()


def pulled(sweep: Sweep, cotangents: dict[str, Tensor]) -> Tensor:
    """Take back the features of every layer themselves."""

    def add(piece: Piece, gradient: Tensor) -> None:
        if piece.layer in cotangents:
            gradient += cut(cotangents[piece.layer], piece.where)

    return sweep.pull(add)


def gradient(chain: Chain, signal: Tensor, cotangents: dict[str, Tensor]) -> Tensor:
    """The same, by automatic differentiation of the whole."""
    leaf = signal.detach().requires_grad_()
    features = chain(leaf, cotangents)
    return torch.autograd.grad(
        [features[layer] for layer in cotangents], leaf, list(cotangents.values())
    )[0]


class TestPull:
    @given(st.data())
    @settings(max_examples=15)
    def test_is_the_gradient_of_the_whole(
        self, chain: Chain, spaces: Spaces, data: st.DataObject
    ) -> None:
        layers = draw_layers(data, chain)
        space = data.draw(spaces(chain, layers), label="space")
        signal = some_signal(chain, space)
        sweep = Sweep(chain, layers, tile_bytes=data.draw(BUDGETS, label="tile_bytes"))
        cotangents = {
            layer: torch.randn_like(features)
            for layer, features in assembled(sweep.visit(signal)).items()
        }
        result = pulled(sweep, cotangents)
        torch.testing.assert_close(result, gradient(chain, signal, cotangents))

    @pytest.mark.parametrize("layer", ["relu1", "relu2b", "conv4"])
    def test_what_is_shown_need_not_be_pulled(self, plain_chain: Chain, layer: str) -> None:
        space = (11,) * plain_chain.axes
        sweep = Sweep(plain_chain, ["relu1", "relu2b", "conv4"], tile_bytes=1)
        signal = some_signal(plain_chain, space)
        features = assembled(sweep.visit(signal))[layer]
        cotangents = {layer: torch.randn_like(features)}
        expected = gradient(plain_chain, signal, cotangents)
        torch.testing.assert_close(pulled(sweep, cotangents), expected)

    def test_nothing_pulled_is_no_gradient(self, plain_chain: Chain) -> None:
        space = (5,) * plain_chain.axes
        sweep = Sweep(plain_chain, ["relu1", "conv4"], tile_bytes=1)
        signal = some_signal(plain_chain, space)
        list(sweep.visit(signal))
        assert torch.equal(pulled(sweep, {}), torch.zeros_like(signal))

    def test_is_about_the_signal_that_was_visited_last(self, plain_chain: Chain) -> None:
        space = (9,) * plain_chain.axes
        sweep = Sweep(plain_chain, ["conv4"], tile_bytes=1)
        for number in range(3):
            signal = some_signal(plain_chain, space)
            cotangents = {"conv4": torch.randn_like(assembled(sweep.visit(signal))["conv4"])}
            if number != 1:  # the second is visited in vain
                expected = gradient(plain_chain, signal, cotangents)
                torch.testing.assert_close(pulled(sweep, cotangents), expected)

    def test_a_visit_without_a_way_back_is_forgotten_at_the_next(self, plain_chain: Chain) -> None:
        space = (9,) * plain_chain.axes
        sweep = Sweep(plain_chain, ["conv4"], tile_bytes=1)
        signal = some_signal(plain_chain, space)
        seen = weakref.ref(signal)
        list(sweep.visit(signal))
        del signal
        list(sweep.visit(some_signal(plain_chain, space)))
        assert seen() is None

    def test_pieces_come_as_in_the_visit(self, plain_chain: Chain) -> None:
        space = (9,) * plain_chain.axes
        sweep = Sweep(plain_chain, ["relu1", "conv2a", "conv4"], tile_bytes=1)
        ahead = [(p.layer, str(p.where), p.features) for p in sweep.visit(torch.ones(1, 2, *space))]
        back: list[tuple[str, str, Tensor]] = []

        def add(piece: Piece, gradient: Tensor) -> None:
            assert gradient.shape == piece.features.shape
            back.append((piece.layer, str(piece.where), piece.features))

        sweep.pull(add)
        assert sorted(one[:2] for one in ahead) == sorted(one[:2] for one in back)
        again = {one[:2]: one[2] for one in back}
        for layer, where, features in ahead:
            torch.testing.assert_close(again[layer, where], features.double())
