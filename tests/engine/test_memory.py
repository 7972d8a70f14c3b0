from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from torch import nn

from impasto.encoders import Chain, random_encoder
from impasto.engine import memory
from impasto.engine.memory import FIXED, VECTORS, available_bytes, check_memory, peak_bytes
from impasto.errors import OutOfMemoryError
from impasto.signal import fit

GB = 2**30


class TestPeakBytes:
    def test_known_value(self) -> None:
        chain: list[tuple[str, nn.Module]] = [
            ("conv1", nn.Conv1d(1, 4, 3, padding=1)),
            ("relu1", nn.ReLU()),
            ("pool1", nn.AvgPool1d(2)),
            ("conv2", nn.Conv1d(4, 16, 3, padding=1)),
        ]
        encoder = Chain("toy", nn.Identity(), chain)
        vectors = FIXED + VECTORS * 1000 * 3 * 4
        # conv1: 4000 numbers, pool1: 2000, conv2: 8000, read by a cost; ReLU works in place
        expected = vectors + 4 * (4000 + 2000 + 8000) + 4 * 8000 + 3 * 4 * 8000
        assert peak_bytes(encoder, ["conv2"], (1000,), torch.float32) == expected
        # what lies deeper is not computed
        expected = vectors + 4 * 4000 + 4 * 4000 + 3 * 4 * 4000
        assert peak_bytes(encoder, ["relu1"], (1000,), torch.float32) == expected
        # half precision halves it, but what the costs read is widened
        expected = vectors + 2 * (4000 + 2000 + 8000) + 4 * (4000 + 8000) + 3 * 2 * 8000
        assert peak_bytes(encoder, ["relu1", "conv2"], (1000,), torch.bfloat16) == expected

    def test_grows_with_space_and_depth(self, space: tuple[int, ...]) -> None:
        encoder = random_encoder(len(space), 3, channels=(4, 5))
        larger = tuple(2 * length for length in space)

        def peak(layers: list[str], over: tuple[int, ...]) -> int:
            return peak_bytes(encoder, layers, over, torch.float32)

        assert peak(["relu2_1"], larger) > peak(["relu2_1"], space)
        assert peak(["conv1_1", "relu2_1"], larger) > peak(["conv1_1"], larger)


class TestCheckMemory:
    @pytest.mark.parametrize("space", [(3_000_000,), (3000, 2000), (300, 200, 150)])
    @pytest.mark.parametrize("layers", [["relu2_1"], ["conv1_1", "relu2_1"]])
    def test_names_the_largest_size_that_fits(
        self, space: tuple[int, ...], layers: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        encoder = random_encoder(len(space), 3, channels=(64, 64))
        monkeypatch.setattr(memory, "available_bytes", lambda: GB)
        with pytest.raises(OutOfMemoryError, match=r"and 1\.0 GB is free") as caught:
            check_memory(encoder, iter(layers), space, torch.float32)
        needed = peak_bytes(encoder, layers, space, torch.float32)
        assert f"{max(space)} needs about {needed / GB:.1f} GB" in str(caught.value)
        found = re.search(r"--size (\d+)\.$", str(caught.value))
        assert found is not None
        largest = int(found[1])
        check_memory(encoder, layers, fit(space, largest), torch.float32)
        with pytest.raises(OutOfMemoryError):
            check_memory(encoder, layers, fit(space, largest + 1), torch.float32)

    def test_where_nothing_fits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(memory, "available_bytes", lambda: FIXED // 2)
        with pytest.raises(OutOfMemoryError, match=r"Free some memory\.$"):
            check_memory(random_encoder(2, 3), ["relu1_1"], (64, 64), torch.float32)

    def test_enough_is_enough(self, monkeypatch: pytest.MonkeyPatch) -> None:
        encoder = random_encoder(2, 3)
        needed = peak_bytes(encoder, ["relu1_1"], (64, 64), torch.float32)
        monkeypatch.setattr(memory, "available_bytes", lambda: needed)
        check_memory(encoder, ["relu1_1"], (64, 64), torch.float32)


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
