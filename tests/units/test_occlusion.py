from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impasto.encoders import Chain, Wrapped, random_encoder
from impasto.errors import ShapeError, UsageError
from impasto.signal import Signal
from impasto.units.occlusion import occlude

CONVOLUTIONS: tuple[Any, ...] = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def seer(axes: int) -> Chain:
    """Two units that hand on the first channel, and minus twice the first channel."""
    convolution = CONVOLUTIONS[axes - 1](2, 2, 1)
    with torch.no_grad():
        convolution.weight.zero_()
        convolution.bias.zero_()
        convolution.weight[:, 0] = torch.tensor([1.0, -2.0]).view(2, *[1] * axes)
    return Chain("seer", nn.Identity(), [("conv1", convolution)])


def point(space: tuple[int, ...], place: Sequence[int], height: float = 5.0) -> Signal:
    samples = torch.zeros(2, *space)
    samples[(0, *place)] = height
    return Signal(samples)


@pytest.mark.parametrize(
    ("space", "place"), [((9,), (4,)), ((7, 9), (2, 4)), ((5, 6, 7), (2, 3, 4))]
)
class TestUnitThatSeesOnePlace:
    """Its activation is gone where the square covers that place: the map is a box."""

    def test_map(self, space: tuple[int, ...], place: tuple[int, ...]) -> None:
        found = occlude(
            seer(len(space)), point(space, place), "conv1", 0, size=3, stride=1, fill=0.0
        )
        assert found.unoccluded == 5
        assert found.size == (3,) * len(space)
        for index in itertools.product(*[range(length - 2) for length in space]):
            covered = all(0 <= at - start < 3 for at, start in zip(place, index, strict=True))
            assert found.activations[index] == (0.0 if covered else 5.0)
            assert found.drop[index] == (5.0 if covered else 0.0)
        for centers, length in zip(found.centers, space, strict=True):
            assert centers.tolist() == [start + 1.5 for start in range(length - 2)]

    def test_one_position(self, space: tuple[int, ...], place: tuple[int, ...]) -> None:
        """Elsewhere there is nothing to lose, and what the square shows is seen."""
        elsewhere = (0,) * len(space)
        found = occlude(
            seer(len(space)),
            point(space, place),
            "conv1",
            0,
            size=2,
            stride=1,
            fill=3.0,
            position=elsewhere,
        )
        assert found.unoccluded == 0
        assert found.activations[elsewhere] == 3
        assert found.activations.sum() == 3

    def test_batches_make_no_difference(
        self, space: tuple[int, ...], place: tuple[int, ...]
    ) -> None:
        encoder = random_encoder(len(space), 2, channels=(4, 3))
        signal = Signal(torch.rand(2, *space))
        maps = [
            occlude(encoder, signal, "relu2_1", 1, size=2, stride=2, batch=batch).activations
            for batch in (1, 3, 1000)
        ]
        torch.testing.assert_close(maps[0], maps[1])
        torch.testing.assert_close(maps[0], maps[2])


def test_places_reach_to_both_ends() -> None:
    found = occlude(seer(2), point((11, 4), (0, 0)), "conv1", 0, size=(4, 4), stride=(3, 2))
    assert [centers.tolist() for centers in found.centers] == [[2.0, 4.0, 7.0, 9.0], [2.0]]
    assert found.activations.shape == (4, 1)


def test_squares_are_cut_to_the_signal() -> None:
    found = occlude(seer(1), point((5,), (2,)), "conv1", 0, size=100, stride=1)
    assert (found.size, found.centers[0].tolist()) == ((5,), [2.5])
    assert found.activations.tolist() == [1.0]  # the mean of the channel


def test_shows_the_mean_of_each_channel_by_default() -> None:
    samples = torch.stack([torch.full((6,), 2.0), torch.arange(6.0)])
    summing = nn.Conv1d(2, 1, 1, bias=False)
    nn.init.ones_(summing.weight)
    encoder = Chain("sum", nn.Identity(), [("conv1", summing)])
    found = occlude(encoder, Signal(samples), "conv1", 0, size=1, stride=1, position=(5,))
    assert found.activations.tolist() == [7.0] * 5 + [4.5]


def test_shows_one_sample_a_channel() -> None:
    fill = torch.tensor([9.0, -1.0])
    found = occlude(seer(1), point((3,), (0,)), "conv1", 0, size=1, stride=1, fill=fill)
    assert found.activations.tolist() == [9.0] * 3


def test_probability_among_units() -> None:
    """At the point the units answer 5 and -10; covered, both 0."""
    found = occlude(
        seer(1),
        point((4,), (1,)),
        "conv1",
        0,
        size=1,
        stride=1,
        fill=0.0,
        position=(1,),
        softmax=True,
    )
    assert found.unoccluded == pytest.approx(1 / (1 + torch.exp(torch.tensor(-15.0))))
    torch.testing.assert_close(found.activations[1], torch.tensor(0.5))


def test_leaves_the_signal_alone() -> None:
    signal = point((5, 5), (2, 2))
    before = signal.samples.clone()
    found = occlude(seer(2), signal, "conv1", 1, size=2, stride=2)
    assert torch.equal(signal.samples, before)
    assert not found.activations.requires_grad


def test_half_precision_within(space: tuple[int, ...]) -> None:
    encoder = random_encoder(len(space), 2, channels=(4,)).bfloat16()
    found = occlude(encoder, Signal(torch.rand(2, *space)), "conv1_1", 1, size=2, stride=2)
    assert found.activations.dtype == torch.float32


class Classifier(nn.Module):
    """Scores of three classes at one position, as a convolution makes them."""

    def __init__(self) -> None:
        super().__init__()
        self.scores = nn.Conv2d(2, 3, 1)
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, x: Tensor) -> Tensor:
        scores: Tensor = self.scores(self.pool(x))
        return scores


def test_class() -> None:
    signal = Signal(torch.rand(2, 6, 6))
    encoder = Wrapped(Classifier(), example=signal.samples[None])
    found = occlude(encoder, signal, "scores", 2, size=3, stride=3, softmax=True, fill=0.0)
    occluded = signal.samples.clone()
    occluded[:, 3:, :3] = 0
    scores = encoder(occluded[None], ["scores"])["scores"][0].flatten()
    torch.testing.assert_close(found.activations[1, 0], scores.softmax(0)[2])


class TestRefusals:
    signal = point((5, 5), (2, 2))

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"layer": "conv2"}, "conv1"),
            ({"unit": 2}, "0 to 1"),
            ({"unit": -1}, "0 to 1"),
            ({"size": 0}, "size .* at least 1"),
            ({"stride": 0}, "stride .* at least 1"),
            ({"position": (5, 0)}, "5 x 5 positions"),
            ({"position": (1,)}, "5 x 5 positions"),
        ],
    )
    def test_of_what_is_not_there(self, change: dict[str, Any], message: str) -> None:
        given: dict[str, Any] = {"layer": "conv1", "unit": 0, "size": 2, "stride": 2} | change
        with pytest.raises(UsageError, match=message):
            occlude(seer(2), self.signal, given.pop("layer"), given.pop("unit"), **given)

    @pytest.mark.parametrize(
        "change", [{"size": (2, 2, 2)}, {"stride": (1,)}, {"fill": torch.zeros(3)}]
    )
    def test_of_what_does_not_fit(self, change: dict[str, Any]) -> None:
        with pytest.raises(ShapeError):
            occlude(seer(2), self.signal, "conv1", 0, **({"size": 2, "stride": 2} | change))
