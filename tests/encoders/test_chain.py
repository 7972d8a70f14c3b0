from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import gradcheck

from impasto.encoders import Chain, random_encoder
from impasto.errors import ShapeError, UsageError

NAMES = ["conv1_1", "relu1_1", "pool1", "conv2_1", "relu2_1", "pool2"]


@pytest.fixture
def encoder(space: tuple[int, ...]) -> Chain:
    return random_encoder(len(space), 3, channels=(4, 5))


@pytest.fixture
def batch(space: tuple[int, ...]) -> Tensor:
    return torch.randn(2, 3, *(2 * length for length in space))


def plain_features(encoder: Chain, batch: Tensor) -> dict[str, Tensor]:
    """The output of every module, one after another, nothing in place."""
    features = {}
    for name, module in encoder.chain.items():
        batch = nn.Sequential(module)(batch)
        features[name] = batch.clone()
    return features


def counted(encoder: Chain) -> list[str]:
    """A list that grows by the name of each module that is run; ReLU is not seen."""
    ran: list[str] = []
    for name, module in encoder.chain.items():
        module.register_forward_hook(lambda *_, name=name: ran.append(name))
    return ran


class TestForward:
    @pytest.mark.parametrize(
        "layers",
        [NAMES, *([name] for name in NAMES), *itertools.combinations(NAMES[:5], 2)],
        ids=",".join,
    )
    def test_features_are_those_of_a_plain_run(
        self, encoder: Chain, batch: Tensor, layers: list[str]
    ) -> None:
        expected, before = plain_features(encoder, batch), batch.clone()
        features = encoder(batch, layers)
        assert list(features) == list(layers)
        for name in layers:
            torch.testing.assert_close(features[name], expected[name])
        assert torch.equal(batch, before)

    def test_order_and_repetition_of_names_do_not_matter(
        self, encoder: Chain, batch: Tensor
    ) -> None:
        features = encoder(batch, ["relu2_1", "conv1_1", "relu2_1"])
        assert list(features) == ["conv1_1", "relu2_1"]

    @pytest.mark.parametrize("first", [nn.ReLU(), nn.ReLU(inplace=True)])
    def test_a_leading_relu_leaves_the_batch_alone(self, first: nn.Module) -> None:
        chain = Chain("toy", nn.Identity(), [("relu", first), ("conv", nn.Conv1d(1, 1, 1))])
        batch = torch.tensor([[[-1.0, 1.0]]])
        assert chain(batch, ["relu"])["relu"].tolist() == [[[0, 1]]]
        assert batch.tolist() == [[[-1, 1]]]

    @pytest.mark.parametrize(
        ("layers", "expected"),
        [
            ([], []),
            (["conv1_1"], ["conv1_1"]),
            (["relu1_1"], ["conv1_1"]),
            (["pool1", "conv1_1"], ["conv1_1", "pool1"]),
            (["relu2_1"], ["conv1_1", "pool1", "conv2_1"]),
        ],
    )
    def test_nothing_deeper_than_needed_is_computed(
        self, encoder: Chain, batch: Tensor, layers: list[str], expected: list[str]
    ) -> None:
        ran = counted(encoder)
        encoder(batch, layers)
        assert ran == expected

    def test_gradient_goes_through_relu_in_place(self, space: tuple[int, ...]) -> None:
        encoder = random_encoder(len(space), 2, channels=(3, 2)).double()
        batch = torch.randn(1, 2, *space, dtype=torch.float64, requires_grad=True)

        def features(x: Tensor) -> tuple[Tensor, ...]:
            return tuple(encoder(x, ["conv1_1", "relu1_1", "relu2_1"]).values())

        assert gradcheck(features, batch)

    def test_front_end_comes_first(self, batch: Tensor, space: tuple[int, ...]) -> None:
        class Double(nn.Module):
            def forward(self, batch: Tensor) -> Tensor:
                return 2 * batch

        plain = random_encoder(len(space), 3, channels=(4,))
        fronted = Chain("toy", Double(), list(plain.chain.items()))
        expected = plain(2 * batch, ["relu1_1"])["relu1_1"]
        torch.testing.assert_close(fronted(batch, ["relu1_1"])["relu1_1"], expected)

    def test_computes_in_the_precision_of_the_weights(self, encoder: Chain, batch: Tensor) -> None:
        features = encoder.to(torch.bfloat16)(batch, ["relu1_1"])["relu1_1"]
        assert features.dtype == torch.bfloat16


class TestStretch:
    """The parts of a chain make up the whole."""

    @pytest.mark.parametrize("first", range(len(NAMES)))
    def test_goes_on_from_any_place(self, encoder: Chain, batch: Tensor, first: int) -> None:
        expected = plain_features(encoder, batch)
        source = expected[NAMES[first - 1]] if first else batch
        before = source.clone()
        last, features = encoder.stretch(source, NAMES[first:], ["relu1_1", "pool2"])
        torch.testing.assert_close(last, expected["pool2"])
        assert list(features) == [name for name in ("relu1_1", "pool2") if name in NAMES[first:]]
        for name, own in features.items():
            torch.testing.assert_close(own, expected[name])
        assert torch.equal(source, before)

    def test_of_no_modules_changes_nothing(self, encoder: Chain, batch: Tensor) -> None:
        last, features = encoder.stretch(batch, [], ["relu1_1"])
        assert last is batch
        assert features == {}

    @pytest.mark.parametrize(
        "modules",
        [
            [nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 2, 1)],
            [nn.Conv2d(2, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.ReLU(), nn.MaxPool2d(2)],
            [nn.ReLU(), nn.MaxPool2d(3, stride=1, padding=1), nn.ReLU(), nn.Conv2d(2, 1, 1)],
            [nn.Conv2d(2, 3, 3), nn.Identity(), nn.ReLU(), nn.AvgPool2d(2), nn.ReLU()],
            [nn.Conv2d(2, 3, 3), nn.Tanh(), nn.ReLU(), nn.Identity(), nn.ReLU()],
        ],
    )
    def test_what_happens_in_place_or_later_changes_no_features(
        self, modules: list[nn.Module]
    ) -> None:
        chain = Chain("toy", nn.Identity(), [(f"m{n}", m) for n, m in enumerate(modules)]).double()
        names = list(chain.chain)
        signal = torch.randn(2, 2, 12, 13, dtype=torch.float64)
        for count in range(1, 2 ** len(names)):
            wanted = [name for bit, name in enumerate(names) if count >> bit & 1]
            leaf, plain = signal.clone().requires_grad_(), signal.clone().requires_grad_()
            own, x, expected = chain(leaf, wanted), plain, {}
            for name, module in zip(names, modules, strict=True):
                x = module(x)
                if name in wanted:
                    expected[name] = x
            for name in wanted:
                torch.testing.assert_close(own[name], expected[name])
            torch.testing.assert_close(
                torch.autograd.grad(sum(f.square().sum() for f in own.values()), leaf)[0],
                torch.autograd.grad(sum(f.square().sum() for f in expected.values()), plain)[0],
            )

    def test_see_brings_what_the_first_module_wants(self, encoder: Chain, batch: Tensor) -> None:
        seen = encoder.to(torch.bfloat16).see(batch)
        assert seen.dtype == torch.bfloat16
        if batch.ndim == 4:
            assert seen.is_contiguous(memory_format=torch.channels_last)
        torch.testing.assert_close(seen.float(), batch, rtol=1e-2, atol=1e-2)


class TestErrors:
    @pytest.mark.parametrize(
        ("wrong", "hint"),
        [
            ("relu2_2", "Did you mean relu2_1"),
            ("Conv1_1", "Did you mean conv1_1"),
            ("pool9", "Did you mean pool2 or pool1"),
            ("xyz", f"Choose from {', '.join(NAMES)}."),
        ],
    )
    def test_unknown_layer_offers_the_nearest(self, wrong: str, hint: str) -> None:
        encoder = random_encoder(2, 3, channels=(4, 5))
        with pytest.raises(UsageError, match=f"random2d has no layer {wrong!r}. {hint}"):
            encoder(torch.zeros(1, 3, 8, 8), ["conv1_1", wrong])
        with pytest.raises(UsageError, match=hint):
            encoder.minimum_length([wrong])

    @pytest.mark.parametrize("shape", [(3,), (1, 3), (1, 3, 8), (1, 3, 8, 8, 8)])
    def test_another_number_of_axes(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ShapeError, match="2 space axes"):
            random_encoder(2, 3, channels=(4,))(torch.zeros(shape), ["relu1_1"])


def unpadded(axes: int) -> Chain:
    """Large filters, strides and paddings of all kinds."""
    convolution = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[axes - 1]
    pooling = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)[axes - 1]
    chain: list[tuple[str, nn.Module]] = [
        ("conv1", convolution(1, 1, 5, stride=2, padding=1)),
        ("relu1", nn.ReLU()),
        ("pool1", pooling(3, stride=2)),
        ("conv2", convolution(1, 1, 4)),
        ("pool2", pooling(2, stride=1)),
        ("conv3", convolution(1, 1, 3, padding=1, dilation=2)),
    ]
    return Chain("toy", nn.Identity(), chain)


class TestMinimumLength:
    @pytest.mark.parametrize("axes", [1, 2, 3])
    @pytest.mark.parametrize("padded", [True, False])
    def test_runs_there_and_not_below(self, axes: int, padded: bool) -> None:
        encoder = random_encoder(axes, 1, channels=(2, 2, 2)) if padded else unpadded(axes)
        for layer in encoder.table:
            length = encoder.minimum_length([layer])
            features = encoder(torch.zeros(1, 1, *[length] * axes), [layer])[layer]
            assert features.numel() > 0
            if length > 1:
                with pytest.raises(RuntimeError):
                    encoder(torch.zeros(1, 1, *[length - 1] * axes), [layer])

    @pytest.mark.parametrize(
        ("layers", "length"),
        [([], 1), (["conv1_1"], 1), (["pool1"], 2), (["pool1", "pool2"], 4), (["relu2_1"], 2)],
    )
    def test_known_values(self, layers: list[str], length: int) -> None:
        assert random_encoder(2, 3, channels=(4, 5)).minimum_length(layers) == length


def test_only_a_rectifier_is_the_rectification_of_another_layer() -> None:
    modules = [nn.ReLU(), nn.Conv2d(3, 3, 1), nn.ReLU(), nn.MaxPool2d(2)]
    chain = Chain("four", nn.Identity(), list(zip("abcd", modules, strict=True)))
    assert [chain.unrectified(layer) for layer in "abcd"] == ["a", "b", "b", "d"]


def test_table(encoder: Chain) -> None:
    seen = [(layer.name, layer.channels, layer.stride) for layer in encoder.table.values()]
    assert seen == [
        ("conv1_1", 4, 1),
        ("relu1_1", 4, 1),
        ("pool1", 4, 2),
        ("conv2_1", 5, 2),
        ("relu2_1", 5, 2),
        ("pool2", 5, 4),
    ]


def test_table_tells_what_the_features_are(encoder: Chain, batch: Tensor) -> None:
    for name, features in encoder(batch, NAMES).items():
        layer = encoder.table[name]
        assert features.shape[1] == layer.channels
        assert features.shape[2:] == tuple(length // layer.stride for length in batch.shape[2:])


def test_settings_may_be_given_axis_by_axis_in_part() -> None:
    chain: list[tuple[str, nn.Module]] = [
        ("pool", nn.MaxPool2d((4, 2), stride=(3, 2), padding=(1, 0))),
        ("conv", nn.Conv2d(1, 1, 3, stride=2, padding=1)),
        ("mean", nn.AvgPool2d((2, 3), stride=2, padding=(0, 1))),
    ]
    encoder = Chain("toy", nn.Identity(), chain)
    assert [layer.stride for layer in encoder.table.values()] == [3, 6, 12]
    assert encoder(torch.zeros(1, 1, 24, 24), ["mean"])["mean"].shape == (1, 1, 2, 3)


def test_is_frozen(encoder: Chain, space: tuple[int, ...]) -> None:
    assert encoder.axes == len(space)
    assert not encoder.training
    assert not any(weight.requires_grad for weight in encoder.parameters())
