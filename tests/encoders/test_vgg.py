from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from impasto.encoders.vgg import Weights, layer_table, vgg

VGG16 = """
conv1_1 relu1_1 conv1_2 relu1_2 pool1
conv2_1 relu2_1 conv2_2 relu2_2 pool2
conv3_1 relu3_1 conv3_2 relu3_2 conv3_3 relu3_3 pool3
conv4_1 relu4_1 conv4_2 relu4_2 conv4_3 relu4_3 pool4
conv5_1 relu5_1 conv5_2 relu5_2 conv5_3 relu5_3 pool5
"""
VGG19 = """
conv1_1 relu1_1 conv1_2 relu1_2 pool1
conv2_1 relu2_1 conv2_2 relu2_2 pool2
conv3_1 relu3_1 conv3_2 relu3_2 conv3_3 relu3_3 conv3_4 relu3_4 pool3
conv4_1 relu4_1 conv4_2 relu4_2 conv4_3 relu4_3 conv4_4 relu4_4 pool4
conv5_1 relu5_1 conv5_2 relu5_2 conv5_3 relu5_3 conv5_4 relu5_4 pool5
"""
CHANNELS = {"1": 64, "2": 128, "3": 256, "4": 512, "5": 512}
STRIDES = {"1": 1, "2": 2, "3": 4, "4": 8, "5": 16}


@pytest.mark.parametrize(("network", "names"), [("vgg16", VGG16), ("vgg19", VGG19)])
def test_table(network: str, names: str) -> None:
    table = layer_table(network)
    assert [layer.name for layer in table] == names.split()
    for layer in table:
        block = layer.name.removeprefix("pool")[-1 if layer.name[0] == "p" else 4]
        assert layer.channels == CHANNELS[block]
        assert layer.stride == STRIDES[block] * (2 if layer.name[0] == "p" else 1)


def test_network_has_the_same_table(oxford: Weights) -> None:
    encoder = vgg(oxford)
    assert list(encoder.table.values()) == layer_table("vgg19")
    assert (encoder.name, encoder.axes, encoder.weights_hash) == ("vgg19", 2, oxford.sha256)
    assert encoder.source == oxford.source


def test_features_have_the_shapes_of_the_table(oxford: Weights) -> None:
    encoder = vgg(oxford)
    features = encoder(torch.rand(1, 3, 32, 48), encoder.table)
    for layer in layer_table("vgg19"):
        shape = (1, layer.channels, 32 // layer.stride, -(-48 // layer.stride))
        assert features[layer.name].shape == shape


def test_first_features_worked_by_hand(oxford: Weights, stored: dict[str, Tensor]) -> None:
    """From the pixels of a picture and the data file, without any code of impasto's."""
    picture = torch.rand(1, 3, 3, 3)
    red, green, blue = (255 * channel for channel in picture[0].double())
    seen = torch.stack([blue - 103.939, green - 116.779, red - 123.68])
    table = stored["block1_conv1_W_table"].double()
    center = [
        sum(table[int(q)] * x for q, x in zip(kernel.flatten(), seen.flatten(), strict=True)) + b
        for kernel, b in zip(
            stored["block1_conv1_W_q"][:5], stored["block1_conv1_b"].double(), strict=False
        )
    ]
    features = vgg(oxford)(picture, ["conv1_1", "relu1_1"])
    expected = torch.stack(center).float()
    torch.testing.assert_close(features["conv1_1"][0, :5, 1, 1], expected, rtol=1e-4, atol=1e-3)
    torch.testing.assert_close(features["relu1_1"], features["conv1_1"].clamp(min=0))


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_pooling(oxford: Weights, pooling: str) -> None:
    encoder = vgg(oxford, pooling="max" if pooling == "max" else "average")
    features = encoder(torch.rand(1, 3, 6, 4), ["relu1_2", "pool1"])
    squares = features["relu1_2"].unflatten(2, (3, 2)).unflatten(4, (2, 2))
    expected = squares.amax((3, 5)) if pooling == "max" else squares.mean((3, 5))
    torch.testing.assert_close(features["pool1"], expected)


@pytest.mark.parametrize(
    ("layers", "length"),
    [
        (["relu1_1"], 1),
        (["conv2_1"], 2),
        (["relu4_2"], 8),
        (["relu1_1", "relu5_1"], 16),
        (["pool5"], 32),
    ],
)
def test_minimum_length(oxford: Weights, layers: list[str], length: int) -> None:
    encoder = vgg(oxford)
    assert encoder.minimum_length(layers) == length
    assert encoder(torch.rand(1, 3, length, 2 * length), layers)[layers[-1]].shape[2] == 1
    for module in encoder.chain.values():  # with one less, some window is not full
        if isinstance(module, nn.MaxPool2d):
            module.ceil_mode = False
    if length > 1:
        with pytest.raises(RuntimeError):
            encoder(torch.rand(1, 3, length - 1, 2 * length), layers)


def test_pooling_leaves_no_border_out(oxford: Weights) -> None:
    picture = torch.rand(1, 3, 19, 22, requires_grad=True)
    pooled = vgg(oxford)(picture, ["pool3"])["pool3"]
    assert pooled.shape[2:] == (3, 3)
    (gradient,) = torch.autograd.grad(pooled[..., -1, -1].sum(), picture)
    assert bool((gradient[..., -1, -1] != 0).any())


def test_half_precision_stays_close(oxford: Weights) -> None:
    picture = torch.rand(1, 3, 16, 16)
    exact = vgg(oxford)(picture, ["relu4_2"])["relu4_2"]
    rough = vgg(oxford).to(torch.bfloat16)(picture, ["relu4_2"])["relu4_2"].float()
    assert 0 < (rough - exact).norm() / exact.norm() < 0.03


def test_networks_do_not_share_what_they_change(oxford: Weights) -> None:
    before = oxford.tensors["conv1_1.weight"].clone()
    vgg(oxford).to(torch.bfloat16)
    assert torch.equal(oxford.tensors["conv1_1.weight"], before)
    assert oxford.tensors["conv1_1.weight"].dtype == torch.float32
