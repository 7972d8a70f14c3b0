from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from impasto.encoders import Chain, Wrapped, random_encoder
from impasto.engine import memory
from impasto.engine.memory import (
    FIXED,
    TILES,
    VECTORS,
    WHOLE_OVERHEAD,
    Plan,
    available_bytes,
    make_plan,
    peak_bytes,
)
from impasto.engine.optimizers import FEWEST
from impasto.errors import OutOfMemoryError
from impasto.signal import fit

GB = 2**30
BARE = Plan(None, 0)


class TestPeakBytes:
    def test_known_value(self) -> None:
        chain: list[tuple[str, nn.Module]] = [
            ("conv1", nn.Conv1d(3, 4, 3, padding=1)),
            ("relu1", nn.ReLU()),
            ("pool1", nn.AvgPool1d(2)),
            ("conv2", nn.Conv1d(4, 16, 3, padding=1)),
        ]
        encoder = Chain("toy", nn.Identity(), chain)
        vectors = FIXED + (VECTORS + 2 * FEWEST) * 1000 * 3 * 4
        # conv1: 4000 numbers, pool1: 2000, conv2: 8000; ReLU works in place
        expected = vectors + int(WHOLE_OVERHEAD * 4 * (4000 + 2000 + 8000))
        assert peak_bytes(encoder, ["conv2"], (1000,), BARE) == expected
        # what lies deeper is not computed, and half precision takes half
        half = encoder.to(torch.bfloat16)
        expected = vectors + int(WHOLE_OVERHEAD * 2 * (4000 + 2000))
        assert peak_bytes(half, ["pool1"], (1000,), BARE) == expected

    def test_grows_with_space_and_depth(self, space: tuple[int, ...]) -> None:
        encoder = random_encoder(len(space), 3, channels=(4, 5))
        larger = tuple(2 * length for length in space)
        for plan in (BARE, Plan(10)):
            small = peak_bytes(encoder, ["relu2_1"], space, plan)
            assert peak_bytes(encoder, ["relu2_1"], larger, plan) > small
        shallow = peak_bytes(encoder, ["conv1_1"], larger, BARE)
        assert peak_bytes(encoder, ["conv1_1", "relu2_1"], larger, BARE) > shallow


class TestMakePlan:
    @pytest.mark.parametrize("space", [(30_000_000,), (9000, 6000), (600, 400, 300)])
    @pytest.mark.parametrize("layers", [["relu2_1"], ["conv1_1", "relu2_1"]])
    @pytest.mark.parametrize("given", [None, GB])
    def test_names_the_largest_size_that_fits(
        self,
        space: tuple[int, ...],
        layers: list[str],
        given: int | None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        encoder = random_encoder(len(space), 3, channels=(64, 64))
        monkeypatch.setattr(memory, "available_bytes", lambda: GB)
        with pytest.raises(OutOfMemoryError, match=r"and 1\.0 GB is (free|allowed)") as caught:
            make_plan(encoder, iter(layers), space, memory=given)
        needed = peak_bytes(encoder, layers, space, Plan(TILES[-1], 0))
        assert f"{max(space)} needs about {needed / GB:.1f} GB" in str(caught.value)
        found = re.search(r"--size (\d+)\.$", str(caught.value))
        assert found is not None
        largest = int(found[1])
        make_plan(encoder, layers, fit(space, largest), memory=given)
        with pytest.raises(OutOfMemoryError):
            make_plan(encoder, layers, fit(space, largest + 1), memory=given)

    @pytest.mark.parametrize("axes", [1, 2, 3])
    def test_where_nothing_fits(self, axes: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "available_bytes", lambda: FIXED // 2)
        with pytest.raises(OutOfMemoryError, match=r"Free some memory\.$"):
            make_plan(random_encoder(axes, 3), ["relu1_1"], (64,) * axes)

    @pytest.mark.parametrize("space", [(1_500_000,), (2000, 1500), (200, 150, 100)])
    def test_cuts_no_more_than_it_must(self, space: tuple[int, ...]) -> None:
        encoder = random_encoder(len(space), 3)
        plans = [
            make_plan(encoder, ["relu3_1"], space, memory=limit)
            for limit in (64 * GB, 2 * GB, GB * 3 // 2, GB * 17 // 16)
        ]
        tiles = [plan.tile_bytes or 64 * GB for plan in plans]
        assert tiles == sorted(tiles, reverse=True)
        assert plans[0].tile_bytes is None
        assert tiles[1] > tiles[-1]
        for plan, limit in zip(plans, (64 * GB, 2 * GB, GB * 3 // 2, GB * 17 // 16), strict=True):
            assert peak_bytes(encoder, ["relu3_1"], space, plan) <= limit

    def test_what_is_no_chain_is_not_cut(self) -> None:
        encoder = Wrapped(nn.Conv1d(1, 1, 1), example=torch.zeros(1, 1, 8), layers={"a": ""})
        assert make_plan(encoder, ["a"], (10**12,), memory=1) == Plan()


class TestAvailableBytes:
    @pytest.fixture(autouse=True)
    def machine(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A machine with 8 GB free whose control group is described in tmp_path."""
        monkeypatch.setattr(memory, "_CGROUP", tmp_path)
        free = SimpleNamespace(available=8 * GB)
        monkeypatch.setattr(memory.psutil, "virtual_memory", lambda: free)

    @pytest.mark.parametrize(
        ("files", "expected"),
        [
            ({}, 8),
            ({"memory.max": "max\n", "memory.current": f"{GB}\n"}, 8),
            ({"memory.max": f"{4 * GB}\n", "memory.current": f"{GB}\n"}, 3),
            ({"memory.max": f"{64 * GB}\n", "memory.current": f"{GB}\n"}, 8),
            ({"memory.max": f"{4 * GB}\n"}, 8),
            ({"memory.max": "", "memory.current": ""}, 8),
            # files that were read lately count as used, but make room when it is needed
            (
                {
                    "memory.max": f"{4 * GB}\n",
                    "memory.current": f"{3 * GB}\n",
                    "memory.stat": f"anon {GB}\nfile {2 * GB}\ninactive_file {GB}\nslab 5\n",
                },
                2,
            ),
        ],
    )
    def test_known_values(self, files: dict[str, str], expected: int, tmp_path: Path) -> None:
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        assert available_bytes() == expected * GB
