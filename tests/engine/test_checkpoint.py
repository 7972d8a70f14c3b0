from __future__ import annotations

import json

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from safetensors.torch import save

from impasto.engine.checkpoint import State, pack, unpack
from impasto.engine.optimizers import Point
from impasto.errors import InputError, UsageError
from impasto.objectives.objective import Costs


def some_state() -> State:
    costs = Costs(("content:relu4_2", "style:relu1_1"), torch.tensor([[1.5], [float("1e-30")]]))
    point = Point(torch.randn(1, 3, 4, 5), costs, torch.randn(1, 3, 5, 4).mT)
    optimizer = {"step.0": torch.randn(1, 3, 4, 5), "count": torch.tensor(3)}
    return State(1, 7, 12.25, point, optimizer, [{"level": 0, "total": 1.5}, {"level": 1}])


CONTENT = pack(some_state(), fingerprint="abc")


def test_round_trip() -> None:
    state = some_state()
    read = unpack(pack(state, fingerprint="abc"), fingerprint="abc")
    assert (read.level, read.index, read.seconds) == (1, 7, 12.25)
    assert read.records == state.records
    assert read.point.costs.names == state.point.costs.names
    assert torch.equal(read.point.costs.values, state.point.costs.values)
    assert torch.equal(read.point.parameters, state.point.parameters)
    assert torch.equal(read.point.gradient, state.point.gradient)
    assert set(read.optimizer) == {"step.0", "count"}
    for name, tensor in state.optimizer.items():
        assert torch.equal(read.optimizer[name], tensor)
        assert read.optimizer[name].dtype == tensor.dtype


def test_another_run() -> None:
    with pytest.raises(UsageError, match=r"run\.ckpt belongs to a run with other inputs"):
        unpack(CONTENT, fingerprint="abd", name="run.ckpt")


ZEROS = {"a": torch.zeros(3)}
NO_CHECKPOINTS = {
    "empty": b"",
    "text": b"hello world",
    "zeros": bytes(100),
    "picture": b"\x89PNG\r\n\x1a\n" * 100,
    "only a length": CONTENT[:8],
    "half": CONTENT[: len(CONTENT) // 2],
    "one byte short": CONTENT[:-1],
    "one byte long": CONTENT + b"x",
    "other tensors": save(ZEROS),
    "empty header": save(ZEROS, metadata={"impasto": "{}"}),
    "list for header": save(ZEROS, metadata={"impasto": "[1, 2]"}),
    "text for header": save(ZEROS, metadata={"impasto": "not JSON"}),
    "no fingerprint": CONTENT.replace(b"fingerprint", b"fingerprinu"),
    "no gradient": CONTENT.replace(b"gradient", b"gradienu"),
}


@pytest.mark.parametrize("content", NO_CHECKPOINTS.values(), ids=NO_CHECKPOINTS)
def test_no_checkpoint(content: bytes) -> None:
    with pytest.raises(InputError, match=r"run\.ckpt is not a checkpoint of impasto, or is dam"):
        unpack(content, fingerprint="abc", name="run.ckpt")


@given(st.binary(max_size=200))
def test_noise_is_no_checkpoint(content: bytes) -> None:
    length = len(content).to_bytes(8, "little")
    for noise in (content, length + content):
        with pytest.raises(InputError):
            unpack(noise, fingerprint="abc")


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["__metadata__", "impasto", "fingerprint", "names"]), inner
            )
        ),
        max_leaves=6,
    )
)
def test_any_other_header_is_no_checkpoint(header: object) -> None:
    text = json.dumps(header).encode()
    with pytest.raises(InputError):
        unpack(len(text).to_bytes(8, "little") + text, fingerprint="abc")
