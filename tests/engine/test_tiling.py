from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from impasto.encoders import Chain, random_encoder
from impasto.encoders.vgg import layout
from impasto.engine.tiling import Stage, Tile, stages
from impasto.signal import Region, Space, cut

Spaces = Callable[[Chain, Iterable[str]], st.SearchStrategy[tuple[int, ...]]]

SIDES = st.integers(1, 12)


def draw_stages(data: st.DataObject, chain: Chain, spaces: Spaces) -> list[Stage]:
    """Cut a network into stages for some layers over some space."""
    names = st.lists(st.sampled_from(list(chain.table)), min_size=1, max_size=3)
    layers = data.draw(names, label="layers")
    return stages(chain, layers, data.draw(spaces(chain, layers), label="space"))


def whole(stage: Stage, chain: Chain) -> tuple[Tensor, dict[str, Tensor]]:
    """Some input of a stage, and the features that it makes of it."""
    channels = chain.table[stage.names[0]].channels
    first = chain.chain[stage.names[0]]
    source = torch.randn(1, getattr(first, "in_channels", channels), *stage.space).double()
    return source, chain.stretch(source, stage.names, stage.layers)[1]


def tiles(stage: Stage, side: int) -> Iterator[Tile]:
    """Tiles of the same side along every axis."""
    return stage.tiles((side,) * len(stage.space))


def lengths(region: Region) -> Space:
    """How many positions a region has along each axis."""
    return tuple(axis.stop - axis.start for axis in region)


def vgg_like() -> Chain:
    """The names and poolings of VGG19, one channel wide."""
    chain: list[tuple[str, nn.Module]] = []
    for name, _, _ in layout("vgg19"):
        block, number = name[4:].split("_")
        if number == "1" and block != "1":
            chain.append((f"pool{int(block) - 1}", nn.MaxPool2d(2, ceil_mode=True)))
        channels = 1 if chain else 3
        chain += [(name, nn.Conv2d(channels, 1, 3, padding=1)), (f"relu{name[4:]}", nn.ReLU())]
    return Chain("vgg19", nn.Identity(), chain)


class TestStages:
    def test_end_behind_every_pooling_but_the_first(self) -> None:
        made = stages(vgg_like(), ["relu1_1", "relu5_1"], (64, 48))
        assert [(stage.names[0], stage.names[-1]) for stage in made] == [
            ("conv1_1", "pool2"),
            ("conv3_1", "pool3"),
            ("conv4_1", "pool4"),
            ("conv5_1", "relu5_1"),
        ]
        assert [stage.space for stage in made] == [(64, 48), (16, 12), (8, 6), (4, 3)]

    @pytest.mark.parametrize(
        ("layers", "ends"),
        [
            (["conv1_1"], ["conv1_1"]),
            (["pool1"], ["pool1"]),
            (["relu2_2"], ["relu2_2"]),
            (["pool2"], ["pool2"]),
            (["conv3_1"], ["pool2", "conv3_1"]),
            (["pool3", "relu1_1"], ["pool2", "pool3"]),
        ],
    )
    def test_nothing_deeper_than_needed(self, layers: list[str], ends: list[str]) -> None:
        assert [stage.names[-1] for stage in stages(vgg_like(), layers, (32, 32))] == ends

    def test_strided_convolutions_are_poolings(self) -> None:
        kinds = [nn.Conv1d(1, 1, 3, stride=stride) for stride in (2, 1, 2, 1, 2, 1)]
        names = [(f"conv{number}", kind) for number, kind in enumerate(kinds)]
        made = stages(Chain("toy", nn.Identity(), names), ["conv5"], (99,))
        assert [stage.names[-1] for stage in made] == ["conv2", "conv4", "conv5"]

    @given(st.data())
    def test_are_the_chain_one_after_another(
        self,
        any_chain: Callable[[], st.SearchStrategy[Chain]],
        spaces: Spaces,
        data: st.DataObject,
    ) -> None:
        chain = data.draw(any_chain(), label="chain")
        made = draw_stages(data, chain, spaces)
        names = [name for stage in made for name in stage.names]
        assert names == list(chain.chain)[: len(names)]
        for one, following in itertools.pairwise(made):
            assert one.space_of(one.names[-1]) == following.space

    def test_keep_what_is_wanted_and_their_last(self) -> None:
        made = stages(vgg_like(), ["relu1_1", "relu3_1", "conv1_2", "pool3"], (32, 32))
        assert [stage.wanted for stage in made] == [["relu1_1", "conv1_2"], ["relu3_1", "pool3"]]
        assert [stage.layers for stage in made] == [
            ["relu1_1", "conv1_2", "pool2"],
            ["relu3_1", "pool3"],
        ]

    def test_no_layers_need_no_stage(self) -> None:
        assert stages(vgg_like(), [], (32, 32)) == []

    def test_load_counts_what_is_kept_by_position_of_the_input(self) -> None:
        encoder = random_encoder(2, 3, channels=(8, 5))
        (stage,) = stages(encoder, ["relu2_1"], (6, 4))
        # conv of 8 channels, ReLU in place, pooling to a quarter; there conv and ReLU of 5
        assert stage.load == 8 + 8 / 4 + 2 * 5 / 4

    def test_a_leading_pooling_is_no_load_but_can_be_cut(self) -> None:
        modules = [("pool", nn.AvgPool1d(2)), ("conv", nn.Conv1d(3, 1, 1))]
        (stage,) = stages(Chain("toy", nn.Identity(), modules), ["pool"], (8,))
        assert stage.load > 0


class TestTiles:
    @given(st.data())
    @settings(max_examples=15)
    def test_share_out_the_positions_of_every_layer(
        self, chain: Chain, spaces: Spaces, data: st.DataObject
    ) -> None:
        side = data.draw(SIDES, label="side")
        for stage in draw_stages(data, chain, spaces):
            counts = {name: torch.zeros(stage.space_of(name)) for name in stage.layers}
            for tile in tiles(stage, side):
                assert list(tile.outer) == list(tile.inner) == stage.layers
                for name, count in counts.items():
                    cut(count, tile.outer[name]).add_(1)
            assert all(bool((count == 1).all()) for count in counts.values())

    @given(st.data())
    @settings(max_examples=15)
    def test_lie_within_what_there_is(
        self, chain: Chain, spaces: Spaces, data: st.DataObject
    ) -> None:
        side = data.draw(SIDES, label="side")
        for stage in draw_stages(data, chain, spaces):
            for tile in tiles(stage, side):
                for axis, length in zip(tile.source, stage.space, strict=True):
                    assert 0 <= axis.start < axis.stop <= length
                for name in stage.layers:
                    assert lengths(tile.inner[name]) == lengths(tile.outer[name])
                    for axis, length in zip(tile.outer[name], stage.space_of(name), strict=True):
                        assert 0 <= axis.start <= axis.stop <= length

    @given(st.data())
    @settings(max_examples=15)
    def test_have_the_features_of_the_whole(
        self, chain: Chain, spaces: Spaces, data: st.DataObject
    ) -> None:
        side = data.draw(SIDES, label="side")
        for stage in draw_stages(data, chain, spaces):
            source, expected = whole(stage, chain)
            for tile in tiles(stage, side):
                made = chain.stretch(cut(source, tile.source), stage.names, stage.layers)[1]
                for name in stage.layers:
                    assert tuple(expected[name].shape[2:]) == stage.space_of(name)
                    torch.testing.assert_close(
                        cut(made[name], tile.inner[name]), cut(expected[name], tile.outer[name])
                    )

    @given(st.data())
    @settings(max_examples=300)
    def test_fit_any_chain(
        self,
        any_chain: Callable[[], st.SearchStrategy[Chain]],
        spaces: Spaces,
        data: st.DataObject,
    ) -> None:
        chain, side = data.draw(any_chain(), label="chain"), data.draw(SIDES, label="side")
        for stage in draw_stages(data, chain, spaces):
            source, expected = whole(stage, chain)
            for name in stage.layers:
                parts = [
                    cut(
                        chain.stretch(cut(source, tile.source), stage.names, stage.layers)[1][name],
                        tile.inner[name],
                    )
                    for tile in tiles(stage, side)
                ]
                torch.testing.assert_close(torch.cat(parts, dim=2), expected[name])

    @given(st.integers(1, 40), st.integers(1, 50))
    def test_are_no_wider_than_asked_for_and_about_equal(self, length: int, side: int) -> None:
        (stage,) = stages(random_encoder(1, 2, channels=(3,)), ["conv1_1"], (length,))
        widths = [lengths(tile.outer["conv1_1"])[0] for tile in tiles(stage, side)]
        assert max(widths) <= side
        assert len(set(widths[:-1])) <= 1
        assert widths[-1] <= widths[0]
        if side < length:
            assert 2 * max(widths) >= min(side, length / 2)

    @pytest.mark.parametrize("side", [1, 2, 5, 7])
    def test_are_whole_strides_wide(self, side: int) -> None:
        encoder = random_encoder(1, 2, channels=(3, 3))
        (stage,) = stages(encoder, ["conv1_1", "pool2"], (23,))
        widths = [lengths(tile.outer["conv1_1"])[0] for tile in tiles(stage, side)]
        assert all(width % 4 == 0 for width in widths[:-1])
        assert max(widths) <= -(-side // 4) * 4

    def test_a_large_side_makes_one_tile(self) -> None:
        (stage,) = stages(random_encoder(2, 2, channels=(3,)), ["relu1_1"], (5, 7))
        (tile,) = tiles(stage, 7)
        assert tile.source == tile.outer["relu1_1"] == (slice(0, 5), slice(0, 7))

    def test_known_values(self) -> None:
        """Two convolutions see two more positions on either side, whole pairs of them."""
        chain: list[tuple[str, nn.Module]] = [
            ("conv1", nn.Conv1d(1, 1, 3, padding=1)),
            ("conv2", nn.Conv1d(1, 1, 3, padding=1)),
            ("pool", nn.MaxPool1d(2)),
        ]
        (stage,) = stages(Chain("toy", nn.Identity(), chain), ["conv1", "pool"], (12,))
        first, middle, last = tiles(stage, 4)
        assert [tile.source for tile in (first, middle, last)] == [
            (slice(0, 6),),
            (slice(2, 10),),
            (slice(6, 12),),
        ]
        assert middle.outer == {"conv1": (slice(4, 8),), "pool": (slice(2, 4),)}
        assert middle.inner == {"conv1": (slice(2, 6),), "pool": (slice(1, 3),)}
        assert first.inner == first.outer
        assert last.inner["pool"] == (slice(1, 3),)

    @pytest.mark.parametrize("length", [5, 7, 9])
    def test_an_end_without_a_window_of_its_own_is_computed_all_the_same(self, length: int) -> None:
        encoder = random_encoder(1, 2, channels=(3,))
        (stage,) = stages(encoder, ["pool1"], (length,))
        *_, last = tiles(stage, 2)
        assert lengths(last.outer["pool1"]) == (0,)
        assert last.source[0].stop == length
        assert encoder(torch.zeros(1, 2, *lengths(last.source)), ["pool1"])["pool1"].numel()
