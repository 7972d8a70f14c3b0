from __future__ import annotations

from collections import OrderedDict

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders import Layer, Wrapped
from impasto.errors import ShapeError, UsageError
from impasto.units.receptive import WHOLE, Field, receptive_fields

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
POOLINGS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


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
    scores = network.head(second.relu().flatten(1))
    return {
        "stem.conv": conv,
        "stem.pool": pool,
        "block.first": first,
        "block.relu": relu,
        "block.second": second,
        "block.relu@2": second.relu(),
        "head": scores.view(1, 7, *[1] * (batch.ndim - 2)),
    }


class TestPaths:
    def test_every_call_that_makes_something_is_a_layer(
        self, network: Nested, batch: Tensor
    ) -> None:
        """The stem hands on what its pooling made, and dropout does nothing here."""
        encoder = Wrapped(network, example=batch)
        assert list(encoder.table) == list(expected(network, batch))

    def test_channels_and_strides(self, network: Nested, batch: Tensor) -> None:
        table = Wrapped(network, example=batch).table
        seen = {name: (layer.channels, layer.stride) for name, layer in table.items()}
        assert seen == {
            "stem.conv": (3, 1),
            "stem.pool": (3, 2),
            "block.first": (4, 2),
            "block.relu": (4, 2),
            "block.second": (5, 2),
            "block.relu@2": (5, 2),
            "head": (7, 0),
        }

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
            network,
            {"deep": "block.relu@2", "shallow": "stem", "scores": "head"},
            example=batch,
            name="toy",
        )
        assert (encoder.name, encoder.axes) == ("toy", batch.ndim - 2)
        assert list(encoder.table) == ["shallow", "deep", "scores"]
        features = encoder(batch, ["deep", "shallow", "scores"])
        known = expected(network, batch)
        torch.testing.assert_close(features["deep"], known["block.relu@2"])
        torch.testing.assert_close(features["shallow"], known["stem.pool"])
        torch.testing.assert_close(features["scores"], known["head"])

    def test_two_names_of_one_place(self, network: Nested, batch: Tensor) -> None:
        encoder = Wrapped(network, {"a": "stem", "b": "stem", "c": "stem.pool"}, example=batch)
        features = encoder(batch, ["a", "b", "c"])
        assert torch.equal(features["a"], features["b"])
        assert torch.equal(features["a"], features["c"])

    def test_unknown_layer(self, network: Nested, batch: Tensor) -> None:
        encoder = Wrapped(network, {"shallow": "stem.conv"}, example=batch, name="toy")
        with pytest.raises(UsageError, match=r"toy has no layer 'stem.conv'.*shallow"):
            encoder(batch, ["stem.conv"])

    def test_unknown_path(self, network: Nested, batch: Tensor) -> None:
        with pytest.raises(UsageError, match=r"no submodule 'stem.convs'. Did you mean stem.conv"):
            Wrapped(network, {"a": "stem.convs"}, example=batch)

    @pytest.mark.parametrize("path", ["unused", "block", "block.relu@3"])
    def test_a_place_without_features(self, network: Nested, batch: Tensor, path: str) -> None:
        with pytest.raises(UsageError, match=rf"'{path}' .*features"):
            Wrapped(network, {"a": path}, example=batch)


class Residual(nn.Module):
    """Adds by a function, in place, and uses one ReLU throughout."""

    def __init__(self, axes: int) -> None:
        super().__init__()
        self.conv = CONVOLUTIONS[axes - 1](2, 2, 3, padding=1)
        self.norm = NORMS[axes - 1](2)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.norm(self.conv(x)))
        y = self.norm(self.conv(y))
        y += x
        return functional.relu_(y)


class TestInPlace:
    def test_what_is_changed_later_is_kept_as_it_was(self, batch: Tensor) -> None:
        network = nn.Sequential(Residual(batch.ndim - 2), Residual(batch.ndim - 2)).eval()
        conv, norm = network[0].conv, network[0].norm
        encoder = Wrapped(network, example=batch)
        with torch.no_grad():
            first = conv(batch)
            second = conv(norm(first).relu())
            known = {
                "0.conv": first,
                "0.norm": norm(first),
                "0.relu": norm(first).relu(),
                "0.conv@2": second,
                "0.norm@2": norm(second),
                "0": (norm(second) + batch).relu(),
            }
        names = list(encoder.table)
        assert names[:6] == list(known)
        assert names[-1] == "1"  # the whole network hands it on
        features = encoder(batch, names)
        for name, own in known.items():
            torch.testing.assert_close(features[name], own)

    def test_the_batch_is_left_alone(self, batch: Tensor) -> None:
        network = nn.Sequential(nn.ReLU(inplace=True), CONVOLUTIONS[batch.ndim - 3](2, 1, 1))
        encoder = Wrapped(network, example=batch.clone())
        before = batch.clone().requires_grad_()
        features = encoder(before, ["0", "1"])
        assert torch.equal(before, batch)
        assert torch.equal(features["0"], batch.relu())

    def test_what_nothing_changes_is_not_copied(self) -> None:
        """Only a convolution whose output the ReLU takes over has to be."""
        network = nn.Sequential(nn.Conv1d(1, 1, 1), nn.Conv1d(1, 1, 1), nn.ReLU(inplace=True))
        made: list[Tensor] = []
        encoder = Wrapped(network, example=torch.zeros(1, 1, 4))
        for part in network:
            part.register_forward_hook(lambda _part, _inputs, output: made.append(output))
        features = encoder(torch.rand(1, 1, 4), ["0", "1", "2"])
        assert [own is out for own, out in zip(features.values(), made, strict=True)] == [
            True,
            False,
            True,
        ]

    def test_within_inference_mode(self, batch: Tensor) -> None:
        with torch.inference_mode():
            encoder = Wrapped(Residual(batch.ndim - 2), example=batch)
            features = encoder(batch, ["conv", "output"])
        assert torch.equal(features["conv"], encoder.module.conv(batch))


class TestOutput:
    """What the whole network makes by a function of its own."""

    def test_has_a_name(self) -> None:
        encoder = Wrapped(Residual(1), example=torch.zeros(1, 2, 4))
        assert list(encoder.table)[-1] == "output"
        batch = torch.randn(2, 2, 4)
        assert torch.equal(encoder(batch, ["output"])["output"], encoder.module(batch))

    def test_of_a_single_module(self) -> None:
        encoder = Wrapped(nn.Conv1d(2, 3, 1), example=torch.zeros(1, 2, 4))
        assert encoder.table == {"output": Layer("output", 3, 1)}


class Classifier(nn.Module):
    """A pooling that sees everything, and class scores by a linear map."""

    def __init__(self, axes: int) -> None:
        super().__init__()
        self.conv = CONVOLUTIONS[axes - 1](2, 3, 3, stride=2)
        self.scores = nn.Linear(3, 10)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.scores(self.conv(x).flatten(2).mean(2))
        return scores


class TestScores:
    def test_have_one_position(self, batch: Tensor) -> None:
        encoder = Wrapped(Classifier(batch.ndim - 2), example=batch)
        assert encoder.table["scores"] == Layer("scores", 10, 0)
        two = torch.cat([batch, -batch])
        features = encoder(two, ["scores"])["scores"]
        assert features.shape == (2, 10, *[1] * (batch.ndim - 2))
        assert torch.equal(features.flatten(1), encoder.module(two))

    def test_see_everything(self, batch: Tensor, space: tuple[int, ...]) -> None:
        encoder = Wrapped(Classifier(len(space)), example=batch)
        fields = receptive_fields(encoder, ["conv", "scores"], batch.shape[2:], channels=2)
        assert fields["conv"] == (Field(3, 2, 0),) * len(space)
        assert fields["scores"] == (WHOLE,) * len(space)


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

    def test_are_no_layers(self) -> None:
        encoder = Wrapped(self.Network(), example=torch.zeros(1, 1, 4))
        assert list(encoder.table) == ["conv", "output"]

    def test_cannot_be_asked_for(self) -> None:
        with pytest.raises(UsageError, match=r"'pair'.*features"):
            Wrapped(self.Network(), {"a": "pair"}, example=torch.zeros(1, 1, 4))


class TestStride:
    def test_is_exact_without_padding(self) -> None:
        """27 positions on 224 pixels are not 8.3 pixels apart."""
        network = nn.Sequential(nn.Conv2d(1, 1, 11, 4, 2), nn.MaxPool2d(3, 2))
        table = Wrapped(network, example=torch.zeros(1, 1, 224, 224)).table
        assert [layer.stride for layer in table.values()] == [4, 8]

    def test_of_a_network_that_takes_one_size(self) -> None:
        network = nn.Sequential(nn.Conv1d(1, 2, 3, 2), nn.Flatten(), nn.Linear(14, 3))
        table = Wrapped(network, example=torch.zeros(1, 1, 15)).table
        assert [layer.stride for layer in table.values()] == [2, 0, 0]

    def test_of_always_as_many_positions(self) -> None:
        network = nn.Sequential(nn.Conv1d(1, 2, 3), nn.AdaptiveAvgPool1d(3))
        table = Wrapped(network, example=torch.zeros(1, 1, 15)).table
        assert [layer.stride for layer in table.values()] == [1, 0]


class TestExample:
    def test_is_found(self, space: tuple[int, ...]) -> None:
        axes = len(space)
        encoder = Wrapped(CONVOLUTIONS[axes - 1](5, 2, 1))
        assert (encoder.axes, encoder.channels) == (axes, 5)
        assert len(encoder.space) == axes

    def test_does_not_train(self) -> None:
        network = nn.Sequential(nn.Conv1d(1, 2, 1), nn.BatchNorm1d(2))
        before = network[1].running_mean.clone()
        Wrapped(network)
        assert torch.equal(network[1].running_mean, before)

    def test_goes_through_the_front_end(self) -> None:
        """Which makes two channels of one."""
        front_end = nn.Conv1d(1, 2, 1)
        encoder = Wrapped(nn.Sequential(nn.Conv1d(2, 3, 1)), front_end=front_end)
        assert encoder.channels == 1


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
    ran.clear()
    encoder(batch, ["block.relu"])
    assert ran == ["stem.conv", "stem.pool", "stem", "block.first", "block.relu"]
    ran.clear()
    assert encoder(batch, []) == {}
    assert ran == []


def test_leaves_no_hooks_behind(network: Nested, batch: Tensor) -> None:
    encoder = Wrapped(network, example=batch)
    encoder(batch, ["stem.conv"])
    with pytest.raises(ShapeError):  # nothing is left for the pooling
        encoder(batch[..., :1], ["stem.pool"])
    assert not any(part._forward_hooks for part in network.modules())


@pytest.mark.parametrize("channels", [1, 3])
def test_other_channels(network: Nested, batch: Tensor, channels: int) -> None:
    encoder = Wrapped(network, example=batch, name="toy")
    axes = batch.ndim - 2
    with pytest.raises(ShapeError, match=rf"toy takes \(batch, 2\) and {axes} space axes"):
        encoder(torch.zeros(1, channels, *batch.shape[2:]), ["stem.conv"])


def test_other_axes(network: Nested, batch: Tensor) -> None:
    with pytest.raises(ShapeError):
        Wrapped(network, example=batch)(batch[..., None], ["stem.conv"])


def test_another_size_than_the_only_one(network: Nested, batch: Tensor) -> None:
    encoder = Wrapped(network, example=batch, name="toy")
    wide = torch.cat([batch, batch], -1)
    encoder(wide, ["block.relu@2"])
    with pytest.raises(ShapeError, match=r"toy computes head for signals of size \(.*\) only"):
        encoder(wide, ["stem.conv", "head"])


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


def test_computes_in_the_precision_of_the_weights(batch: Tensor) -> None:
    network = nn.Sequential(Residual(batch.ndim - 2), Residual(batch.ndim - 2))
    exact = Wrapped(network, example=batch)(batch, ["1"])["1"]
    rough = Wrapped(network, example=batch).to(torch.bfloat16)(batch, ["0.conv", "1"])
    assert {features.dtype for features in rough.values()} == {torch.bfloat16}
    assert 0 < (rough["1"].float() - exact).norm() / exact.norm() < 0.05


class TestMinimumLength:
    def test_of_a_network_with_a_flat_head(self, network: Nested, batch: Tensor) -> None:
        encoder = Wrapped(network, example=batch)
        assert encoder.minimum_length([]) == 1
        assert encoder.minimum_length(["stem.conv"]) == 1
        assert encoder.minimum_length(["stem.conv", "stem.pool"]) == 2
        assert encoder.minimum_length(["head"]) == min(batch.shape[2:])

    @pytest.mark.parametrize("axes", [1, 2, 3])
    def test_runs_there_and_not_below(self, axes: int) -> None:
        """3 positions of a stride of 2 see 7 samples, and 4 of them see 9."""
        convolution, pooling = CONVOLUTIONS[axes - 1], POOLINGS[axes - 1]
        network = nn.Sequential(convolution(1, 1, 3, 2), convolution(1, 1, 3), pooling(2, 4))
        encoder = Wrapped(network, example=torch.zeros(1, 1, *[24] * axes))
        for layer, least in (("0", 3), ("1", 7), ("2", 9)):
            assert encoder.minimum_length([layer]) == least
            encoder(torch.zeros(1, 1, *[least] * axes), [layer])
            with pytest.raises(ShapeError):
                encoder(torch.zeros(1, 1, *[least - 1] * axes), [layer])
