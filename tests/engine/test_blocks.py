"""Blocks of an evaluation, counted while they are done."""

from __future__ import annotations

import pytest
import torch

from impasto.encoders import random_encoder
from impasto.engine.blocks import counting, watched_blocks
from impasto.engine.evaluator import LocalEvaluator
from impasto.engine.slices import SliceEvaluator
from impasto.objectives.gram import gram
from impasto.objectives.objective import Objective
from impasto.objectives.style import Style


def test_blocks_are_counted_and_blocks_of_blocks_are_not() -> None:
    with watched_blocks() as blocks:
        assert blocks.share == 0
        with counting(4, begin=0.5) as tick:
            tick()
            with counting(9) as inner:
                inner()
            assert (blocks.done, blocks.total, blocks.share) == (1, 4, 0.625)
        assert (blocks.total, blocks.share) == (0, 0)
        with counting(2) as tick:
            assert (blocks.done, blocks.total) == (0, 2)


def test_nobody_has_to_watch() -> None:
    with counting(2) as tick:
        tick()


def style(axes: int, encoder: torch.nn.Module, signal: torch.Tensor) -> Objective:
    features = encoder(signal[:1], ["relu2_1"])["relu2_1"]
    positions = features[0, 0].numel()
    return Objective([(1.0, Style("relu2_1", gram(features)[0] * 0, positions=positions))])


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_tiles_are_blocks(axes: int) -> None:
    encoder = random_encoder(axes, 1, channels=(4, 4))
    signal = torch.randn(1, 1, *[32] * axes, generator=torch.Generator().manual_seed(0))
    evaluator = LocalEvaluator(encoder, style(axes, encoder, signal), tile_bytes=16 * 8**axes)
    shares = []
    with watched_blocks() as blocks:
        passage = evaluator.passage
        assert passage is not None
        for _ in passage.visit(signal):
            shares.append(blocks.share)
            assert blocks.total > 1
        assert blocks.total == 0
        passage.pull(lambda piece, gradient: shares.append(blocks.share))
    assert shares == sorted(shares)
    assert shares[0] == 0
    assert 1 > shares[-1] > 0.9


def test_slices_are_blocks() -> None:
    encoder = random_encoder(2, 1, channels=(4, 4))
    volume = torch.randn(1, 1, 8, 9, 10, generator=torch.Generator().manual_seed(0))
    seen = []
    with watched_blocks() as blocks:

        def objective_of(axis: int, part: slice) -> Objective:
            seen.append((axis, blocks.done, blocks.total))
            return style(2, encoder, torch.zeros(1, 1, 8, 8))

        evaluator = SliceEvaluator(encoder, objective_of, axes=(0, 2), chunk_samples=4 * 90)
        evaluator.value_and_gradient(volume)
        assert blocks.total == 0
    assert [done for _, done, _ in seen] == [*range(len(seen))]
    assert {total for _, _, total in seen} == {len(seen)}
    assert {axis for axis, _, _ in seen} == {0, 2}
