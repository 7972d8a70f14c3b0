from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impasto.encoders import Layer
from impasto.encoders.architecture import Architecture
from impasto.encoders.front_end import caffe_pixels, torchvision_pixels
from impasto.encoders.state import State
from impasto.errors import WeightsError

TOY = Architecture(
    "toy",
    lambda: nn.Sequential(nn.Conv2d(3, 2, 1, stride=2), nn.BatchNorm2d(2), nn.ReLU(inplace=True)),
    lambda module: {"conv1": "0", "relu1": "2"},
    torchvision_pixels,
    size=8,
)


def state_of(**changes: Any) -> State:
    tensors = {
        "0.weight": torch.tensor([[1.0, 0, 0], [0, 0, -1]]).view(2, 3, 1, 1),
        "0.bias": torch.tensor([0.0, 1]),
        "1.weight": torch.tensor([1.0, 2]),
        "1.bias": torch.tensor([0.0, 0.5]),
        "1.running_mean": torch.tensor([0.5, 0]),
        "1.running_var": torch.tensor([1.0, 4]) - 1e-5,
    }
    changed = {key.replace("_", ".", 1): value for key, value in changes.items()}
    kept = {key: value for key, value in (tensors | changed).items() if value is not None}
    return State(Path("toy.pth"), kept, {}, "abc")


def test_table_needs_no_weights() -> None:
    assert TOY.table() == [Layer("conv1", 2, 2), Layer("relu1", 2, 2)]


def test_known_values() -> None:
    encoder = TOY.encoder(state_of(), front_end=nn.Identity())
    assert (encoder.name, encoder.source, encoder.weights_hash) == ("toy", "toy.pth", "abc")
    pixel = torch.tensor([0.25, 7, 0.75]).view(1, 3, 1, 1)
    features = encoder(pixel, ["conv1", "relu1"])
    assert features["conv1"].flatten().tolist() == [0.25, 0.25]
    # (0.25 - 0.5) · 1 is negative; (0.25 - 0) / 2 · 2 + 0.5
    torch.testing.assert_close(features["relu1"].flatten(), torch.tensor([0, 0.75]))


@pytest.mark.parametrize("front_end", [None, caffe_pixels()])
def test_front_end(front_end: nn.Module | None) -> None:
    encoder = TOY.encoder(state_of(), front_end=front_end)
    picture = torch.rand(1, 3, 4, 4)
    seen = (front_end or torchvision_pixels())(picture)
    torch.testing.assert_close(encoder(picture, ["conv1"])["conv1"][0, 0], seen[0, 0, ::2, ::2])


@pytest.mark.parametrize("count", [None, torch.tensor(3)])
def test_counted_steps_do_not_matter(count: Tensor | None) -> None:
    encoder = TOY.encoder(state_of(**{"1_num_batches_tracked": count})).to(torch.bfloat16)
    assert encoder(torch.rand(1, 3, 4, 4), ["relu1"])["relu1"].dtype == torch.bfloat16


def test_is_frozen_and_whole() -> None:
    encoder = TOY.encoder(state_of())
    assert not encoder.module.training
    assert not any(weight.requires_grad for weight in encoder.parameters())
    assert not any(own.is_meta for own in encoder.state_dict().values())


def test_networks_do_not_share_what_they_change() -> None:
    state = state_of()
    TOY.encoder(state).to(torch.bfloat16)
    assert state.tensors["0.weight"].dtype == torch.float32


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"0_bias": None}, r"toy\.pth: 0\.bias is missing, but toy needs floats of shape \(2,\)"),
        ({"1_running_var": None}, r"1\.running_var is missing"),
        ({"0_weight": torch.zeros(2, 3, 3, 3)}, r"0\.weight is .*\(2, 3, 3, 3\).*\(2, 3, 1, 1\)"),
        ({"3_weight": torch.zeros(1)}, r"holds 3\.weight, which toy has not"),
    ],
)
def test_weights_of_another_network(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(WeightsError, match=sentence):
        TOY.encoder(state_of(**changes))
