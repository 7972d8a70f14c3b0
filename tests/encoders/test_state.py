from __future__ import annotations

import hashlib
import os
import pickle
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from impasto.encoders.state import State, read_state
from impasto.errors import WeightsError

TENSORS = {"a.weight": torch.arange(6.0).view(2, 3), "a.bias": torch.ones(2, dtype=torch.bfloat16)}
SHAPES = {"a.weight": (2, 3), "a.bias": (2,)}


def saved(path: Path, tensors: dict[str, Tensor]) -> Path:
    if path.suffix == ".safetensors":
        save_file(tensors, path, metadata={"convention": "caffe"})
    else:
        torch.save(tensors, path)
    return path


class TestRead:
    @pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
    def test_known_values(self, suffix: str, tmp_path: Path) -> None:
        path = saved(tmp_path / f"a{suffix}", TENSORS)
        state = read_state(path)
        assert (state.path, state.tensors.keys()) == (path, TENSORS.keys())
        assert all(torch.equal(state.tensors[key], own) for key, own in TENSORS.items())
        assert state.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert state.metadata == ({} if suffix == ".pth" else {"convention": "caffe"})

    def test_hdf5(self, tmp_path: Path) -> None:
        with h5py.File(tmp_path / "a.h5", "w") as file:
            file["layer/kernel:0"] = np.arange(6, dtype=np.float32).reshape(2, 3)
            file["count"] = 3
            file["elsewhere"] = h5py.ExternalLink("/etc/passwd", "/")
        state = read_state(tmp_path / "a.h5")
        assert list(state.tensors) == ["layer/kernel:0"]
        assert state.tensors["layer/kernel:0"].tolist() == [[0, 1, 2], [3, 4, 5]]

    def test_hdf5_without_its_reader(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "a.h5").write_bytes(b"")
        monkeypatch.setitem(sys.modules, "h5py", None)
        with pytest.raises(WeightsError, match=r"pip install 'impasto\[audio\]'"):
            read_state(tmp_path / "a.h5")

    def test_what_is_no_tensor_is_passed_over(self, tmp_path: Path) -> None:
        torch.save({**TENSORS, "epoch": 3, 7: torch.zeros(1)}, tmp_path / "a.pth")
        assert read_state(tmp_path / "a.pth").tensors.keys() == {*TENSORS, "7"}

    def test_expected_hash(self, tmp_path: Path) -> None:
        path = saved(tmp_path / "a.pth", TENSORS)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        assert read_state(path, sha256=digest).sha256 == digest
        path.write_bytes(b"not even a pickle")
        other = hashlib.sha256(b"not even a pickle").hexdigest()
        sentence = rf"a\.pth is damaged .* {other[:8]}\.\.\., not {digest[:8]}.*Do this\."
        with pytest.raises(WeightsError, match=sentence):
            read_state(path, sha256=digest, remedy="Do this.")


class TestFitted:
    @pytest.fixture
    def state(self, tmp_path: Path) -> State:
        return read_state(saved(tmp_path / "a.pth", TENSORS))

    def test_everything_is_float32(self, state: State) -> None:
        fitted = state.fitted("net", SHAPES)
        assert list(fitted) == list(SHAPES)
        assert fitted["a.weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
        assert fitted["a.bias"].dtype == torch.float32

    def test_missing(self, state: State) -> None:
        sentence = r"a\.pth: b\.bias is missing, but net needs floats of shape \(4,\)"
        with pytest.raises(WeightsError, match=sentence):
            state.fitted("net", {**SHAPES, "b.bias": (4,)})

    def test_shape(self, state: State) -> None:
        sentence = r"a\.weight is torch\.float32 \(2, 3\), but net needs .*\(3, 2\)"
        with pytest.raises(WeightsError, match=sentence):
            state.fitted("net", {**SHAPES, "a.weight": (3, 2)})

    def test_too_many(self, state: State) -> None:
        with pytest.raises(WeightsError, match=r"holds a\.bias, which net has not"):
            state.fitted("net", {"a.weight": (2, 3)})
        assert list(state.fitted("net", {"a.weight": (2, 3)}, unused=["a.bias"])) == ["a.weight"]

    @pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
    def test_not_finite(self, number: float, tmp_path: Path) -> None:
        state = read_state(saved(tmp_path / "a.pth", {"a": torch.tensor([1, number])}))
        with pytest.raises(WeightsError, match="a is not finite"):
            state.fitted("net", {"a": (2,)})

    @pytest.mark.parametrize("dtype", [torch.int8, torch.int64, torch.bool, torch.complex64])
    def test_no_floats(self, dtype: torch.dtype, tmp_path: Path) -> None:
        state = read_state(saved(tmp_path / "a.pth", {"a": torch.ones(2, dtype=dtype)}))
        with pytest.raises(WeightsError, match=rf"a is {dtype} \(2,\), but net needs floats"):
            state.fitted("net", {"a": (2,)})


class Bomb:
    """Would make a folder if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.path),)


class TestNoWeights:
    def test_code_inside_is_not_run(self, tmp_path: Path) -> None:
        harm = tmp_path / "harm"
        path = tmp_path / "bomb.pth"
        torch.save({"a.weight": Bomb(harm)}, path)
        with pytest.raises(WeightsError, match=r"bomb\.pth is not a file of weights"):
            read_state(path)
        assert not harm.exists()
        torch.load(path, weights_only=False)
        assert harm.exists()  # else this test would prove nothing

    @pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
    @pytest.mark.parametrize("kept", [0, 1, 100, 0.5, -1])
    def test_truncated(self, suffix: str, kept: float, tmp_path: Path) -> None:
        path = tmp_path / f"mine{suffix}"
        saved(path, {"a": torch.rand(1000)})
        content = path.read_bytes()
        path.write_bytes(content[: int(kept * len(content)) if kept == 0.5 else int(kept)])
        with pytest.raises(WeightsError, match="is not a file of weights, or is damaged"):
            read_state(path)

    @pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".jpg", ""])
    @pytest.mark.parametrize(
        "content",
        [b"hello world", b"<html>404</html>", b"\x89PNG\r\n\x1a\n", bytes(1000), b"PK\3\4"],
    )
    def test_another_kind_of_file(self, content: bytes, suffix: str, tmp_path: Path) -> None:
        path = tmp_path / f"mine{suffix}"
        path.write_bytes(content)
        with pytest.raises(WeightsError, match="is not a file of weights"):
            read_state(path)

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_another_pickle(self, protocol: int, tmp_path: Path) -> None:
        path = tmp_path / "mine.pkl"
        path.write_bytes(pickle.dumps({"a": [1, 2, 3]}, protocol))
        with pytest.raises(WeightsError, match="is not a file of weights"):
            read_state(path)

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match=r"Cannot read .*mine\.pth: No such file"):
            read_state(tmp_path / "mine.pth")

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(WeightsError, match=r"Cannot read .*: Is a directory"):
            read_state(tmp_path)
