from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn

from impasto.encoders import Wrapped
from impasto.errors import UsageError

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
POOLINGS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)


class Nested(nn.Module):
    """A stem, a block that uses its ReLU twice, in place, and a head that is flat."""

    def __init__(self, axes: int) -> None:
        super().__init__()
        convolution, pooling = CONVOLUTIONS[axes - 1], POOLINGS[axes - 1]
        self.stem = nn.Sequential(
            OrderedDict(conv=convolution(2, 3, 3, padding=1), pool=pooling(2))
        )
        self.block = nn.ModuleDict(
            {
                "relu": nn.ReLU(inplace=True),
                "first": convolution(3, 4, 3, padding=1),
                "second": convolution(4, 5, 3, padding=1),
            }
        )
        self.dropout = nn.Dropout()
        self.head = nn.LazyLinear(7)
        self.unused = nn.Linear(1, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        x = self.block["relu"](self.block["first"](x))
        x = self.block["relu"](self.block["second"](x))
        y: Tensor = self.head(self.dropout(x).flatten(1))
        return y


@pytest.fixture
def batch(space: tuple[int, ...]) -> Tensor:
    return torch.randn(1, 2, *(2 * length for length in space))


@pytest.fixture
def network(batch: Tensor) -> Nested:
    network = Nested(batch.ndim - 2)
    network(batch)  # the head learns its size
    return network


def expected(network: Nested, batch: Tensor) -> dict[str, Tensor]:
    conv = network.stem.conv(batch)
    pool = network.stem.pool(conv)
    first = network.block["first"](pool)
    relu = first.relu()
    second = network.block["second"](relu)
    return {
        "stem.conv": conv,
        "stem.pool": pool,
        "block.first": first,
        "block.relu": relu,
        "block.second": second,
        "dropout": second.relu(),
    }


class TestPaths:
    def test_leaves_are_named_by_their_paths(self, network: Nested, batch: Tensor) -> None:
        encoder = Wrapped(network, example=batch)
        names = ["stem.conv", "stem.pool", "block.first", "block.relu", "block.second", "dropout"]
        assert list(encoder.table) == names

    def test_channels_and_strides(self, network: Nested, batch: Tensor) -> None:
        table = Wrapped(network, example=batch).table
        seen = {name: (layer.channels, layer.stride) for name, layer in table.items()}
        assert seen["stem.conv"] == (3, 1)
        assert seen["stem.pool"] == (3, 2)
        assert seen["block.second"] == (5, 2)

    @pytest.mark.parametrize("together", [True, False])
    def test_features(self, network: Nested, batch: Tensor, together: bool) -> None:
        encoder, known = Wrapped(network, example=batch), expected(network, batch)
        found = (
            encoder(batch, known)
            if together
            else {name: encoder(batch, [name])[name] for name in known}
        )
        assert list(found) == list(known)
        for name, features in known.items():
            torch.testing.assert_close(found[name], features)


class TestOwnNames:
    def test_features(self, network: Nested, batch: Tensor) -> None:
        encoder = Wrapped(
            network, {"deep": "block.second", "shallow": "stem"}, example=batch, name="toy"
        )
        assert (encoder.name, encoder.axes) == ("toy", batch.ndim - 2)
        assert list(encoder.table) == ["shallow", "deep"]
        features = encoder(batch, ["deep", "shallow"])
        known = expected(network, batch)
        torch.testing.assert_close(features["deep"], known["block.second"])
        torch.testing.assert_close(features["shallow"], known["stem.pool"])

    def test_two_names_of_one_place(self, network: Nested, batch: Tensor) -> None:
        encoder = Wrapped(network, {"a": "stem", "b": "stem"}, example=batch)
        features = encoder(batch, ["a", "b"])
        assert torch.equal(features["a"], features["b"])

    def test_unknown_layer(self, network: Nested, batch: Tensor) -> None:
        encoder = Wrapped(network, {"shallow": "stem.conv"}, example=batch, name="toy")
        with pytest.raises(UsageError, match=r"toy has no layer 'stem.conv'.*shallow"):
            encoder(batch, ["stem.conv"])

    def test_unknown_path(self, network: Nested, batch: Tensor) -> None:
        with pytest.raises(UsageError, match=r"no submodule 'stem.convs'. Did you mean stem.conv"):
            Wrapped(network, {"a": "stem.convs"}, example=batch)

    @pytest.mark.parametrize("path", ["head", "unused"])
    def test_a_place_without_features(self, network: Nested, batch: Tensor, path: str) -> None:
        with pytest.raises(UsageError, match=rf"'{path}' .*features"):
            Wrapped(network, {"a": path}, example=batch)


class Pair(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


class TestOutputsThatAreNoTensor:
    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.pair = nn.Conv1d(1, 2, 1), Pair()

        def forward(self, x: Tensor) -> Tensor:
            return self.pair(self.conv(x))[0] + 1

    def test_are_not_among_the_leaves(self) -> None:
        assert list(Wrapped(self.Network(), example=torch.zeros(1, 1, 4)).table) == ["conv"]

    def test_cannot_be_asked_for(self) -> None:
        with pytest.raises(UsageError, match=r"'pair'.*features"):
            Wrapped(self.Network(), {"a": "pair"}, example=torch.zeros(1, 1, 4))


def test_front_end(network: Nested, batch: Tensor) -> None:
    class Double(nn.Module):
        def forward(self, batch: Tensor) -> Tensor:
            return 2 * batch

    encoder = Wrapped(network, example=batch, front_end=Double())
    known = expected(network, 2 * batch)["stem.conv"]
    torch.testing.assert_close(encoder(batch, ["stem.conv"])["stem.conv"], known)


def test_stops_at_the_deepest_layer(network: Nested, batch: Tensor) -> None:
    encoder = Wrapped(network, example=batch)
    ran: list[str] = []
    for name, part in network.named_modules():
        part.register_forward_hook(lambda *_, name=name: ran.append(name))
    encoder(batch, ["stem.pool", "stem.conv"])
    assert ran == ["stem.conv", "stem.pool"]
    assert encoder(batch, []) == {}
    assert ran == ["stem.conv", "stem.pool"]


def test_leaves_no_hooks_behind(network: Nested, batch: Tensor) -> None:
    encoder = Wrapped(network, example=batch)
    encoder(batch, ["stem.conv"])
    with pytest.raises(RuntimeError):
        encoder(torch.zeros(1, 9, *batch.shape[2:]), ["stem.conv"])
    assert not any(part._forward_hooks for part in network.modules())


def test_is_frozen(network: Nested, batch: Tensor) -> None:
    encoder = Wrapped(network, example=batch)
    assert not network.dropout.training
    assert not any(weight.requires_grad for weight in encoder.parameters())


def test_gradient_reaches_the_batch(network: Nested, batch: Tensor) -> None:
    encoder = Wrapped(network, example=batch)
    batch.requires_grad_()
    total = sum(features.sum() for features in encoder(batch, encoder.table).values())
    (gradient,) = torch.autograd.grad(total, batch)
    assert bool((gradient != 0).any())


def test_computes_in_the_precision_of_the_weights(network: Nested, batch: Tensor) -> None:
    encoder = Wrapped(network, example=batch).to(torch.bfloat16)
    assert encoder(batch, ["block.second"])["block.second"].dtype == torch.bfloat16


def test_minimum_length_is_the_stride(network: Nested, batch: Tensor) -> None:
    encoder = Wrapped(network, example=batch)
    assert encoder.minimum_length([]) == 1
    assert encoder.minimum_length(["stem.conv"]) == 1
    assert encoder.minimum_length(["stem.conv", "stem.pool"]) == 2
