"""How a signal is cut for workers, and that the parts add up to the whole, without Ray."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as some
from torch import Tensor

from impasto.encoders import Chain, random_encoder
from impasto.engine import shard
from impasto.engine.cluster import part_of
from impasto.engine.evaluator import LocalEvaluator
from impasto.engine.shard import fitting_tile_bytes, source_space
from impasto.engine.sharding import shards
from impasto.errors import OutOfMemoryError
from impasto.objectives.content import Content
from impasto.objectives.objective import Objective
from impasto.objectives.style import Style
from impasto.signal import cut

LONGEST = {1: 90, 2: 34, 3: 20}


def objective_for(encoder: Chain, content: Tensor) -> Objective:
    target = encoder(content, ["relu2_1"])["relu2_1"]
    style = Style("relu1_1", torch.eye(3, dtype=content.dtype), positions=content[0, 0].numel())
    return Content("relu2_1", target) + 1e2 * style


@given(some.data())
def test_parts_add_up_to_the_whole(data: some.DataObject) -> None:
    axes = data.draw(some.integers(1, 3))
    sides = some.integers(4, LONGEST[axes])
    space = tuple(data.draw(some.lists(sides, min_size=axes, max_size=axes)))
    tile_bytes = data.draw(some.sampled_from([None, 2_000]))
    encoder = random_encoder(axes, 2, channels=(3, 4)).double()
    signal, content = torch.rand(2, 1, 2, *space, dtype=torch.float64)
    objective = objective_for(encoder, content)
    costs, gradient = LocalEvaluator(encoder, objective).value_and_gradient(signal)
    tiles = shards(encoder, objective.layers, space, data.draw(some.integers(1, 6)))
    parts = [
        LocalEvaluator(encoder, part_of(objective, t), tile_bytes=tile_bytes, core=t.inner)
        for t in tiles
    ]
    statistics = [
        part.statistics(cut(signal, tile.source)) for part, tile in zip(parts, tiles, strict=True)
    ]
    found, cotangents = objective.differentiate(map(sum, zip(*statistics, strict=True)))
    added = torch.zeros_like(signal)
    for part, tile in zip(parts, tiles, strict=True):
        cut(added, tile.source).add_(part.gradient(cotangents))
    torch.testing.assert_close(found.values, costs.values)
    torch.testing.assert_close(added, gradient)


def test_each_position_belongs_to_one_part(space: tuple[int, ...]) -> None:
    encoder = random_encoder(len(space), 2, channels=(3, 4))
    longer = tuple(5 * length for length in space)
    for layer in ("relu1_1", "relu2_1"):
        seen = torch.zeros(encoder(torch.rand(1, 2, *longer), [layer])[layer].shape[2:])
        for tile in shards(encoder, ["relu1_1", "relu2_1"], longer, 6):
            cut(seen, tile.outer[layer]).add_(1)
        assert bool((seen == 1).all())


LARGE = {1: (480**2,), 2: (480, 480), 3: (240, 240, 240)}


@pytest.mark.parametrize("axes", LARGE)
@pytest.mark.parametrize("count", [1, 2, 4, 5, 9])
def test_more_workers_get_smaller_parts(count: int, axes: int) -> None:
    encoder = random_encoder(axes, 3, channels=(3, 4))
    tiles = shards(encoder, ["relu2_1"], LARGE[axes], count)
    assert len(tiles) == count
    largest = max(math.prod(source_space(tile)) for tile in tiles)
    overlap = 1.15 if axes < 3 else 1.25  # the borders of a block are a larger part of it
    assert largest < overlap * math.prod(LARGE[axes]) / count


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_what_is_too_small_to_be_cut_is_left_whole(axes: int) -> None:
    encoder = random_encoder(axes, 3, channels=(3, 4))
    assert len(shards(encoder, ["relu2_1"], (8,) * axes, 4)) == 1


WORKLOADS = {1: (2_000_000,), 2: (1000, 2000), 3: (100, 200, 100)}


@pytest.mark.parametrize("axes", WORKLOADS)
@pytest.mark.parametrize(("gigabytes", "tiles"), [(8.0, False), (0.5, True), (0.01, None)])
def test_a_part_goes_in_tiles_where_it_does_not_fit(
    monkeypatch: pytest.MonkeyPatch, gigabytes: float, tiles: bool | None, axes: int
) -> None:
    """A worker may have half of what is free."""
    encoder = random_encoder(axes, 3, channels=(16, 32))
    monkeypatch.setattr(shard, "available_bytes", lambda: int(2 * gigabytes * 2**30))
    objective = Objective([(1.0, Style("relu2_1", torch.eye(32), positions=1))])
    (tile,) = shards(encoder, objective.layers, WORKLOADS[axes], 1)
    if tiles is None:
        size = " x ".join(map(str, WORKLOADS[axes]))
        with pytest.raises(OutOfMemoryError, match=rf"0.0 GB .* {size}, .* Add machines"):
            fitting_tile_bytes(encoder, objective, tile, 0.5)
    else:
        assert (fitting_tile_bytes(encoder, objective, tile, 0.5) is not None) is tiles
