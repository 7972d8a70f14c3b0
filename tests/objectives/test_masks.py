from __future__ import annotations

import pytest
import torch

from impasto.errors import ShapeError
from impasto.objectives.masks import guides, shares


def test_guides_known_values() -> None:
    regions = torch.tensor([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 1.0, 0.0]])
    # averaged over pairs: [1, 0] and [1, 0.5], then divided by their norms 1 and √1.25
    expected = torch.tensor([[1.0, 0.0], [1.0, 0.5]]) / torch.tensor([[1.0], [1.25**0.5]])
    torch.testing.assert_close(guides(regions, (2,)), expected)


def test_squares_of_every_guide_sum_to_one(space: tuple[int, ...]) -> None:
    doubled = tuple(2 * length + 1 for length in space)
    made = guides(torch.rand(3, *doubled), space)
    assert made.shape == (3, *space)
    torch.testing.assert_close(made.square().flatten(1).sum(1), torch.ones(3))


def test_axes_are_averaged_alike(space: tuple[int, ...]) -> None:
    along_first = torch.arange(2.0 * space[0]).view(-1, *[1] * (len(space) - 1))
    regions = along_first.expand(2 * space[0], *space[1:])[None]
    made = guides(regions, space)
    rows = made.movedim(1, -1).flatten(0, -2)
    # means of pairs 0.5, 2.5, 4.5, ... along the first axis, constant along the others
    means = torch.arange(space[0]) * 2 + 0.5
    for row in rows:
        torch.testing.assert_close(row / row[0] * 0.5, means)


def test_shares_known_values(space: tuple[int, ...]) -> None:
    regions = torch.zeros(3, *space)
    regions[0] = 1
    regions[1, : space[0] // 3 * 2] = 0.5
    fraction = (space[0] // 3 * 2) / space[0] / 2
    torch.testing.assert_close(shares(regions), torch.tensor([1.0, fraction, 0.0]))


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_an_empty_region_is_an_error(value: float, space: tuple[int, ...]) -> None:
    regions = torch.stack([torch.ones(space), torch.full(space, value)])
    with pytest.raises(ShapeError, match="is empty"):
        guides(regions, space)
