"""The patches of the second pass are those of the first, and their projections are exact."""

from __future__ import annotations

from collections import deque
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from impasto.encoders import Chain, Encoder, random_encoder
from impasto.media.dataset import Dataset
from impasto.signal import Signal, cut
from impasto.units import gathering, projectors, unwinding
from impasto.units.atlas import Cell
from impasto.units.findings import Findings
from impasto.units.gathering import Gathered, gather
from impasto.units.patches import charted, find
from impasto.units.projection import project
from impasto.units.search import Search

SPACES = {1: [(60,), (41,)], 2: [(24, 30), (17, 12)], 3: [(9, 12, 10), (8, 8, 8)]}


def pooling_maxima(encoder: Chain, axes: int) -> Chain:
    """Return a network that pools maxima, and so goes another way back than its like."""
    maxima = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}[axes]
    chain = encoder.chain.items()
    modules = [(name, maxima(2) if "pool" in name else own) for name, own in chain]
    return Chain("maxima", nn.Identity(), modules)


class Found:
    """A small network, a dataset and what was found in it."""

    def __init__(self, axes: int, count: int = 8, *, unwinds: bool = False) -> None:
        generator = torch.Generator().manual_seed(axes)
        spaces = SPACES[axes]
        self.signals = [
            Signal(torch.rand(3, *spaces[n % 2], generator=generator)) for n in range(count)
        ]
        self.encoder = random_encoder(axes, 3, channels=(4, 5))
        if unwinds:
            self.encoder = pooling_maxima(self.encoder, axes)
        self.dataset = Dataset(self.signals)
        self.layers = list(self.encoder.table)
        steps = find(Search(self.encoder, self.layers, k=3), self.dataset)
        self.findings: Findings = deque(steps, maxlen=1).pop()
        self.atlas = charted(self.findings, self.encoder, self.dataset)

    def patch(self, cell: Cell) -> object:
        return self.atlas.layers[cell.layer].units[cell.unit][cell.rank]

    def gathered(self, after: int = -1, method: str | None = "deconvnet") -> list[Gathered]:
        seen = gather(
            self.encoder, self.dataset, self.findings, self.patch, method=method, after=after
        )  # type: ignore[arg-type]
        return [found for one in seen for found in one.found]


@pytest.mark.parametrize("unwinds", [False, True], ids=["by crop", "by signal"])
@pytest.mark.parametrize("axes", [1, 2, 3])
def test_every_patch_comes_with_its_projection(axes: int, unwinds: bool) -> None:
    found = Found(axes, unwinds=unwinds)
    assert unwinding.unwinds(found.encoder) == unwinds
    patches = {one.cell: one.patch for one in found.gathered() if one.patch is not None}
    projections = {one.cell: one.projection for one in found.gathered() if one.patch is None}
    expected = {
        Cell(layer, unit, patch.rank): patch
        for layer, one in found.atlas.layers.items()
        for unit, of_unit in enumerate(one.units)
        for patch in of_unit
    }
    assert patches.keys() == expected.keys()
    assert projections.keys() == {c for c, patch in expected.items() if patch.activation > 0}
    for cell, patch in expected.items():
        signal = found.signals[int(patch.picture)]
        box = tuple(slice(*axis) for axis in patch.box)
        torch.testing.assert_close(patches[cell], cut(signal.samples, box), rtol=0, atol=0)
        if cell in projections:
            whole = project(
                found.encoder,
                signal.samples[None],
                cell.layer,
                torch.tensor([cell.unit]),
                torch.tensor([patch.position]),
            )[0]
            torch.testing.assert_close(projections[cell], cut(whole, box))
            cut(whole, box).zero_()
            assert not whole.any()


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_what_a_rectifier_lets_through_is_projected_once(
    axes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    found, batches = Found(axes), []

    def counted(encoder: Encoder, batch: Tensor, *where: Any, **how: Any) -> Tensor:
        batches.append(len(batch))
        return project(encoder, batch, *where, **how)

    monkeypatch.setattr(projectors, "project", counted)
    given = [one for one in found.gathered() if one.projection is not None]
    places = set()
    for one in given:
        patch = found.atlas.layers[one.cell.layer].units[one.cell.unit][one.cell.rank]
        root = found.encoder.unrectified(one.cell.layer)
        places.add((root, one.cell.unit, patch.picture, patch.position))
    assert sum(batches) == len(places) < len(given)


def test_no_projections_if_none_are_wanted() -> None:
    assert all(one.projection is None for one in Found(2).gathered(method=None))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_what_goes_on_after_a_stop_is_the_same(axes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "HELD", 20)
    monkeypatch.setattr(projectors, "SAMPLES", 2000)
    found = Found(axes)
    seen = list(gather(found.encoder, found.dataset, found.findings, found.patch))  # type: ignore[arg-type]
    settled = [number for number, one in enumerate(seen) if one.settled]
    assert 1 < len(settled) < len(seen)
    assert settled[-1] == len(seen) - 1
    for stop in settled[:-1]:
        rest = [one for part in seen[stop + 1 :] for one in part.found]
        again = found.gathered(after=seen[stop].number)
        assert [one.cell for one in again] == [one.cell for one in rest]
        for one, other in zip(again, rest, strict=True):
            if one.projection is not None:
                assert other.projection is not None
                assert torch.equal(one.projection, other.projection)
