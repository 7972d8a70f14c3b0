from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from impasto import media
from impasto.encoders import Encoder, Layer, load_encoder
from impasto.encoders.efficientnet import EFFICIENTNET_LITE0
from impasto.encoders.packaged import EFFICIENTNET_LITE0 as PACKAGED
from impasto.samples import find
from impasto.signal import fit
from impasto.units.receptive import WHOLE, receptive_fields

State = dict[str, Tensor]

# kernel, stride, channels within, channels out
BLOCKS = [
    (3, 1, 32, 16),
    *((3, 2, 96, 24), (3, 1, 144, 24)),
    *((5, 2, 144, 40), (5, 1, 240, 40)),
    *((3, 2, 240, 80), (3, 1, 480, 80), (3, 1, 480, 80)),
    *((5, 1, 480, 112), (5, 1, 672, 112), (5, 1, 672, 112)),
    *((5, 2, 672, 192), (5, 1, 1152, 192), (5, 1, 1152, 192), (5, 1, 1152, 192)),
    (3, 1, 1152, 320),
]


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return load_encoder("efficientnet-lite0")


@pytest.fixture(scope="module")
def stored() -> State:
    return dict(PACKAGED.read().tensors)


def test_parameters_are_those_of_the_package(stored: State) -> None:
    with torch.device("meta"):
        network = EFFICIENTNET_LITE0.build()
    assert sum(weight.numel() for weight in network.parameters()) == 4_652_008
    shapes = {key: own.shape for key, own in network.state_dict().items()}
    assert shapes == {key: own.shape for key, own in stored.items()}


def plain_features(state: State, picture: Tensor) -> State:
    """The network written down in functions, for even lengths."""
    found: State = {}

    def normed(x: Tensor, key: str) -> Tensor:
        mean, spread, gain, bias = (
            state[f"{key}.{kind}"].view(-1, 1, 1)
            for kind in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (spread + 1e-3).sqrt() * gain + bias

    def convolved(x: Tensor, key: str, stride: int = 1) -> Tensor:
        kernel = state[f"{key}.weight"]
        groups = x.shape[1] // kernel.shape[1]
        total = kernel.shape[-1] - stride  # TensorFlow's SAME
        x = functional.pad(x, [total // 2, -(-total // 2)] * 2)
        return functional.conv2d(x, kernel, None, stride, groups=groups)

    x = (255 * picture - 127) / 128
    x = normed(convolved(x, "_conv_stem", 2), "_bn0").clamp(0, 6)
    found["relu0"] = x
    for number, (_, stride, _, _) in enumerate(BLOCKS):
        block, y = f"_blocks.{number}", x
        if f"{block}._expand_conv.weight" in state:
            y = normed(convolved(y, f"{block}._expand_conv"), f"{block}._bn0").clamp(0, 6)
        y = normed(convolved(y, f"{block}._depthwise_conv", stride), f"{block}._bn1").clamp(0, 6)
        found[f"blocks.{number}.relu1"] = y
        y = normed(convolved(y, f"{block}._project_conv"), f"{block}._bn2")
        x = x + y if x.shape == y.shape else y
        found[f"blocks.{number}"] = x
    x = normed(convolved(x, "_conv_head"), "_bn1").clamp(0, 6).mean((2, 3))
    scores = x @ state["_fc.weight"].T + state["_fc.bias"]
    return found | {"avgpool": x.view(*x.shape, 1, 1), "fc": scores.view(*scores.shape, 1, 1)}


def test_features_are_those_of_the_plain_functions(encoder: Encoder, stored: State) -> None:
    picture = torch.rand(1, 3, 64, 96)
    known = plain_features(stored, picture)
    features = encoder(picture, known)
    assert set(features) == set(known)
    for name, own in known.items():
        torch.testing.assert_close(features[name], own, rtol=1e-3, atol=1e-3)


def test_table(encoder: Encoder) -> None:
    names = list(encoder.table)
    assert names[:4] == ["conv_stem", "bn0", "relu0", "blocks.0.depthwise_conv"]
    assert names[-5:] == ["conv_head", "bn1", "relu1", "avgpool", "fc"]
    assert not any("_blocks" in name or "._" in name for name in names)
    stride = 2
    for number, (_, own, wide, width) in enumerate(BLOCKS):
        stride *= own
        block = f"blocks.{number}"
        assert encoder.table[f"{block}.relu1"] == Layer(f"{block}.relu1", wide, stride)
        assert encoder.table[block] == Layer(block, width, stride)
    assert encoder.table["fc"] == Layer("fc", 1000, 0)
    assert list(encoder.table.values()) == EFFICIENTNET_LITE0.table()


@pytest.mark.parametrize("space", [(64, 64), (65, 97)])
def test_receptive_fields_do_not_depend_on_the_size(
    encoder: Encoder, space: tuple[int, int]
) -> None:
    layers = ["conv_stem", "blocks.0", "blocks.2", "blocks.4", "blocks.15", "fc"]
    fields = receptive_fields(encoder, layers, space)
    assert [fields[layer][0].size for layer in layers[:-1]] == [3, 7, 19, 67, 851]
    assert fields["blocks.2"][0] == fields["blocks.2"][1]
    # block 0 begins 2 samples before the picture; block 1 pads nothing before, block 2 4 samples
    assert fields["blocks.2"][0].offset == -6
    assert fields["fc"] == (WHOLE, WHOLE)


@pytest.mark.parametrize(
    ("sample", "known"),
    [
        ("red_panda", 387),
        ("neuschwanstein_castle", 483),  # castle
        ("brandenburg_gate", 873),  # triumphal arch
        ("machu_picchu", 979),  # valley
    ],
)
def test_knows_what_is_in_a_picture(encoder: Encoder, sample: str, known: int) -> None:
    """Which no network with a wrong order of layers, padding or pixels would."""
    signal = media.read(find(sample))
    batch = signal.resized(fit(signal.space, 300)).samples[None]
    scores = encoder(batch, ["fc"])["fc"].flatten()
    assert int(scores.argmax()) == known
    assert float(scores.softmax(0)[known]) > 0.4
