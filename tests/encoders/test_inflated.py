from __future__ import annotations

import pytest
import torch
from torch import nn

from impasto.encoders import Chain, load_encoder, random_encoder
from impasto.encoders.front_end import Gray, caffe_pixels
from impasto.encoders.inflated import inflate
from impasto.engine.evaluator import LocalEvaluator
from impasto.errors import UsageError
from impasto.objectives.style import Style


def tiny(pooling: nn.Module | None = None) -> Chain:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        modules = [
            ("conv1", nn.Conv2d(3, 4, 3, padding=1)),
            ("relu1", nn.ReLU()),
            ("pool1", pooling or nn.MaxPool2d(2, ceil_mode=True)),
            ("conv2", nn.Conv2d(4, 5, 3, padding=1)),
        ]
        return Chain("tiny", nn.Identity(), modules)


def test_a_kernel_is_repeated_and_divided_by_its_length() -> None:
    flat = tiny()
    made = inflate(flat).chain["conv1"]
    assert made.weight.shape == (4, 3, 3, 3, 3)
    for depth in range(3):
        assert torch.equal(made.weight[:, :, depth], flat.chain["conv1"].weight / 3)
    assert torch.equal(made.bias, flat.chain["conv1"].bias)


@pytest.mark.parametrize("pooling", [nn.MaxPool2d, nn.AvgPool2d])
def test_a_stack_of_equal_pictures_is_seen_as_the_picture(pooling: type[nn.Module]) -> None:
    flat = tiny(pooling(2, ceil_mode=True))
    picture = torch.rand(1, 3, 9, 12)
    stack = picture.unsqueeze(2).expand(-1, -1, 14, -1, -1)
    layers = ["relu1", "pool1", "conv2"]
    expected, seen = flat(picture, layers), inflate(flat)(stack, layers)
    for layer in layers:
        middle = seen[layer][:, :, seen[layer].shape[2] // 2]
        torch.testing.assert_close(middle, expected[layer], rtol=1e-5, atol=1e-6)


def test_layers_strides_and_weights_are_those_of_the_network() -> None:
    flat = tiny()
    made = inflate(flat)
    assert made.name == "tiny-inflated"
    assert made.axes == 3
    assert dict(made.table) == dict(flat.table)
    assert made.weights_hash == flat.weights_hash
    assert made.minimum_length(["conv2"]) == flat.minimum_length(["conv2"])
    assert not any(weight.requires_grad for weight in made.parameters())


def test_one_channel_is_gray() -> None:
    gray = torch.rand(1, 1, 6, 7, 8)
    made = inflate(tiny())
    once, thrice = (made(one, ["conv2"])["conv2"] for one in (gray, gray.expand(-1, 3, -1, -1, -1)))
    assert torch.equal(once, thrice)


def test_gray_stands_once_before_a_front_end() -> None:
    front_end = Gray.before(caffe_pixels())
    assert Gray.before(front_end) is front_end
    seen = front_end(torch.full((1, 1, 2, 2), 0.5))
    assert torch.allclose(seen, caffe_pixels()(torch.full((1, 3, 2, 2), 0.5)))


def test_tiles_change_nothing() -> None:
    made = inflate(tiny()).double()
    volume = torch.rand(1, 1, 11, 9, 10, dtype=torch.float64)
    target = torch.zeros(5, 5, dtype=torch.float64)
    style = Style("conv2", target, positions=6 * 5 * 5)
    whole = LocalEvaluator(made, 1.0 * style).value_and_gradient(volume)
    tiled = LocalEvaluator(made, 1.0 * style, tile_bytes=4000).value_and_gradient(volume)
    assert tiled[0].total == pytest.approx(whole[0].total, rel=1e-12)
    torch.testing.assert_close(tiled[1], whole[1])


@pytest.mark.parametrize(
    "modules",
    [
        [("conv1", nn.Conv2d(1, 1, (3, 5)))],
        [("conv1", nn.Conv2d(1, 1, 3)), ("drop", nn.Dropout())],
    ],
)
def test_what_cannot_be_inflated_is_named(modules: list[tuple[str, nn.Module]]) -> None:
    with pytest.raises(UsageError, match="cannot be inflated"):
        inflate(Chain("odd", nn.Identity(), modules))


def test_only_two_axes_become_three() -> None:
    with pytest.raises(UsageError, match="random1d has 1 axes"):
        inflate(random_encoder(1, 1))


def test_vgg19_sees_a_volume() -> None:
    made = inflate(load_encoder("vgg19"))
    seen = made(torch.rand(1, 1, 8, 12, 8), ["relu1_1", "relu3_1"])
    assert seen["relu1_1"].shape == (1, 64, 8, 12, 8)
    assert seen["relu3_1"].shape == (1, 256, 2, 3, 2)
    assert seen["relu3_1"].isfinite().all()
    assert seen["relu3_1"].max() > 0
