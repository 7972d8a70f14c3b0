from __future__ import annotations

import random

import torch
from hypothesis import given
from hypothesis import strategies as some
from torch import Tensor

from impasto.units.top import Top

UNITS = 3


def brute_force(maps: list[Tensor], k: int, per_picture: int) -> list[list[tuple[float, int, int]]]:
    """For each unit (activation, picture, position) of every position, sorted and cut."""
    lists = []
    for unit in range(UNITS):
        entries = []
        for number, features in enumerate(maps):
            flat = features[unit].float().flatten().tolist()
            own = sorted((-a, number, position) for position, a in enumerate(flat))
            entries += own[:per_picture]
        lists.append([(-a, number, position) for a, number, position in sorted(entries)[:k]])
    return lists


def entries(top: Top) -> list[list[tuple[float, int, int]]]:
    rows = zip(top.activations.tolist(), top.pictures.tolist(), top.positions.tolist(), strict=True)
    return [[entry for entry in zip(*row, strict=True) if entry[1] >= 0] for row in rows]


def some_maps(axes: int, count: int, seed: int) -> list[Tensor]:
    """Few different values, so that there are many ties."""
    dice = torch.Generator().manual_seed(seed)
    sizes = random.Random(seed)
    return [
        torch.randint(-2, 4, (UNITS, *(sizes.randint(1, 4) for _ in range(axes))), generator=dice)
        .float()
        .bfloat16()
        for _ in range(count)
    ]


cases = given(
    axes=some.integers(1, 3),
    count=some.integers(1, 12),
    k=some.integers(1, 9),
    per_picture=some.integers(1, 4),
    seed=some.integers(0, 10**6),
)


@cases
def test_finds_what_brute_force_finds(
    axes: int, count: int, k: int, per_picture: int, seed: int
) -> None:
    maps = some_maps(axes, count, seed)
    order = list(enumerate(maps))
    random.Random(seed).shuffle(order)
    top = Top.empty(UNITS, k, axes)
    for number, features in order:
        top = top.with_picture(number, features, per_picture=per_picture)
    assert entries(top) == brute_force(maps, k, per_picture)
    for row, lengths in zip(top.pictures.tolist(), top.lengths.tolist(), strict=True):
        for number, own in zip(row, lengths, strict=True):
            assert own == (list(maps[number].shape[1:]) if number >= 0 else [0] * axes)


@cases
def test_merging_is_the_search_of_all(
    axes: int, count: int, k: int, per_picture: int, seed: int
) -> None:
    maps = some_maps(axes, count, seed)
    parts = [Top.empty(UNITS, k, axes) for _ in range(3)]
    for number, features in enumerate(maps):
        which = (number * 7 + seed) % 3
        parts[which] = parts[which].with_picture(number, features, per_picture=per_picture)
    one, two, three = parts
    expected = brute_force(maps, k, per_picture)
    assert entries(one.merged(two).merged(three)) == expected
    assert entries(three.merged(one.merged(two))) == expected


def test_layout_makes_no_difference(space: tuple[int, ...]) -> None:
    features = torch.randint(0, 3, (UNITS, *space)).float()
    innermost = features.movedim(0, -1).contiguous().movedim(-1, 0)  # as channels_last lays it out
    for own in (features, innermost):
        found = Top.empty(UNITS, 1, len(space)).with_picture(0, own)
        assert entries(found) == brute_force([features], 1, 1)


def test_nothing_new_is_the_same_list() -> None:
    full = Top.empty(UNITS, 1, 1).with_picture(0, torch.ones(UNITS, 4))
    assert full.with_picture(1, torch.ones(UNITS, 4)) is full
