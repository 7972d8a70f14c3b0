from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.errors import InputError, UsageError
from impasto.fast.stock import ACTIVE, TURN, Stock


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    names = [tmp_path / "a.png", tmp_path / "b.png"]
    for seed, path in enumerate(names):
        noise = np.random.default_rng(seed).integers(0, 256, (64, 80, 3), np.uint8)
        Image.fromarray(noise).save(path)
    return names


def test_styles_are_drawn_and_each_has_views(paths: list[Path]) -> None:
    stock = Stock(paths, views=4)
    assert [own.name for own in stock.facts] == ["a", "b"]
    noise = torch.Generator().manual_seed(0)
    drawn = {stock.draw(noise).key for _ in range(60)}
    assert len(drawn) == 8
    assert stock.view(0).shape == (3, 64, 80)
    assert not torch.equal(stock.view(0, 1), stock.view(0, 2)[..., : stock.view(0, 1).shape[2]])
    assert torch.equal(stock.view(1, 3), stock.view(1, 3))
    for view in range(4):
        assert min(stock.view(0, view).shape[1:]) >= 32


def test_some_are_drawn_more_often(paths: list[Path]) -> None:
    """As often as all others together: half of the time, one of three."""
    more = [*paths, *paths[1:]]
    stock = Stock(more, names=["a", "b", "c"], favored=1)
    noise = torch.Generator().manual_seed(0)
    drawn = [stock.draw(noise).key[0] for _ in range(400)]
    assert 0.44 < drawn.count(0) / 400 < 0.56


def test_few_views_are_all_in_use(paths: list[Path]) -> None:
    assert {own.key for own in Stock(paths).active(7, 0)} == {(0, 0), (1, 0)}


def test_of_many_views_a_few_are_in_use_for_a_while(paths: list[Path]) -> None:
    stock = Stock(paths, views=500)

    def keys(batch: int) -> list[tuple[int, int]]:
        return [own.key for own in stock.active(batch, 0)]

    assert len(keys(0)) == ACTIVE
    assert keys(0) == keys(TURN - 1)
    assert keys(0) != keys(TURN)


def test_what_is_no_stock(paths: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="There is no style"):
        Stock([])
    with pytest.raises(UsageError, match="Two styles are called 'a'"):
        Stock([paths[0], paths[0]])
    Image.new("RGB", (8, 80)).save(tmp_path / "small.png")
    with pytest.raises(InputError, match="too small for a style"):
        Stock([tmp_path / "small.png"])
