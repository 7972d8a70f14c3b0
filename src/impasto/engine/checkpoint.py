"""The state of a run as bytes, so that a run that was killed can go on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from impasto.engine.capsule import seal, unsealed
from impasto.engine.optimizers import Point
from impasto.objectives.objective import Costs


@dataclass(frozen=True, eq=False)
class State:
    """Where a run stands.

    Attributes:
        level: Number of the level.
        index: Number of the step within the level.
        seconds: Time spent so far.
        point: Parameters, costs and gradient at that step.
        optimizer: State of the optimizer.
        records: What the run has measured so far, as JSON can hold it.
    """

    level: int
    index: int
    seconds: float
    point: Point
    optimizer: Mapping[str, Tensor]
    records: Sequence[Mapping[str, Any]] = ()


def pack(state: State, *, fingerprint: str) -> bytes:
    """Turn a state into bytes.

    Args:
        state: Where the run stands.
        fingerprint: Tells runs with other inputs or settings apart.
    """
    header = {
        "level": state.level,
        "index": state.index,
        "seconds": state.seconds,
        "names": list(state.point.costs.names),
        "records": list(state.records),
    }
    tensors = {
        "parameters": state.point.parameters,
        "values": state.point.costs.values,
        "gradient": state.point.gradient,
        **{f"optimizer.{name}": tensor for name, tensor in state.optimizer.items()},
    }
    return seal(header, tensors, fingerprint=fingerprint)


def unpack(content: bytes, *, fingerprint: str, name: str = "The checkpoint") -> State:
    """Turn bytes back into a state.

    Args:
        content: What `pack` returned.
        fingerprint: That of the run that wants to go on.
        name: What to call the checkpoint in an error.
    Raises:
        InputError: If the bytes are not a checkpoint.
        UsageError: If they belong to a run with other inputs or settings.
    """
    with unsealed(content, fingerprint=fingerprint, name=name) as (header, tensors):
        costs = Costs(tuple(header["names"]), tensors["values"])
        point = Point(tensors["parameters"], costs, tensors["gradient"])
        prefix = "optimizer."
        optimizer = {k.removeprefix(prefix): t for k, t in tensors.items() if k.startswith(prefix)}
        records = header["records"]
        return State(header["level"], header["index"], header["seconds"], point, optimizer, records)
