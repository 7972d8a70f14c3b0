"""Workers on a Ray cluster, replaced where they die."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from impasto.encoders.encoder import Chain, Encoder
from impasto.engine.connection import Cluster, connect, import_ray
from impasto.engine.evaluator import LocalEvaluator
from impasto.engine.shard import fitting_tile_bytes
from impasto.engine.tiling import Tile
from impasto.errors import UsageError, WorkersError
from impasto.objectives.objective import Objective

RESTARTS = 3  # of a worker for one call
START_SECONDS = 120.0

Array = NDArray[np.floating[Any]]
Call = tuple[Any, ...]  # name of a method of Worker, and its arguments


class Worker:
    """What runs in a process of its own: it keeps a part of a signal.

    Tensors travel as arrays, which Ray does not copy.

    Args:
        threads: Processors that it may use.
        share: Fraction of the free memory that it may take.
    """

    def __init__(self, threads: int, share: float) -> None:
        torch.set_num_threads(threads)
        self.share = share
        self.part: LocalEvaluator | None = None

    def version(self) -> str:
        """Return the version of impasto that is installed there."""
        return version("impasto")

    def take(
        self, encoder: Chain, objective: Objective, tile: Tile, tile_bytes: int | None
    ) -> None:
        """Take a part of a signal, with the targets of its positions.

        Args:
            encoder: Network that computes the features.
            objective: Terms that read layers, cropped to the positions of the part.
            tile: Where the part lies.
            tile_bytes: Memory for the features of a tile; None to look at the free memory.
        """
        self.part = None  # makes room
        fitting = tile_bytes or fitting_tile_bytes(encoder, objective, tile, self.share)
        self.part = LocalEvaluator(encoder, objective, tile_bytes=fitting, core=tile.inner)

    def statistics(self, crop: Array) -> list[Array]:
        """See LocalEvaluator.statistics."""
        assert self.part is not None
        return [own.numpy() for own in self.part.statistics(torch.tensor(crop))]

    def gradient(self, cotangents: Sequence[Array]) -> Array:
        """See LocalEvaluator.gradient."""
        assert self.part is not None
        gradient: Array = self.part.gradient([torch.tensor(own) for own in cotangents]).numpy()
        return gradient


def check_on_processor(encoder: Encoder) -> None:
    """Refuse a network that cannot be sent to workers, which have no graphics card.

    Raises:
        UsageError: If it is on another device than the processor.
    """
    if any(weight.device.type != "cpu" for weight in encoder.parameters()):
        raise UsageError("Workers compute on their processors: --ray needs --device cpu.")


@contextmanager
def hire(address: str | None) -> Iterator[Workers | None]:
    """Provide the workers of a cluster for the time of a block.

    Args:
        address: As for `connect`; None for no workers.
    Raises:
        ImpastoError: As `connect` and `Workers` do.
    """
    if address is None:
        yield None
        return
    with connect(address) as cluster:
        workers = Workers(cluster)
        try:
            yield workers
        finally:
            workers.close()


class Workers:
    """All workers that a cluster has room for.

    Args:
        cluster: Where they run; it must be connected.
    Raises:
        WorkersError: If they do not start.
    """

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self._ray = cluster, import_ray()
        self._lent: dict[int, tuple[Any, Any]] = {}
        self._actors = [self._start(cluster.threads) for _ in range(cluster.workers)]
        self._check()

    def __len__(self) -> int:
        return len(self._actors)

    def ask(self, scripts: Sequence[Sequence[Call]]) -> list[Any]:
        """Let each worker do one thing, at the same time.

        Args:
            scripts: For each worker its call. It is the last of those that a new worker needs to
                go through, in order to take the place of one that died.
        Returns:
            The results of the last calls.
        Raises:
            WorkersError: If a worker died again and again.
        """
        answers = [self._send(number, script[-1:]) for number, script in enumerate(scripts)]
        return [
            self._get(number, script, answer)
            for number, (script, answer) in enumerate(zip(scripts, answers, strict=True))
        ]

    def put(self, value: Any) -> Any:
        """Send something once that several calls take as an argument."""
        return self._ray.put(value)

    def lend(self, value: Any) -> Any:
        """Do so for something that is needed as long as there are workers, such as a network."""
        if id(value) not in self._lent:
            self._lent[id(value)] = (value, self.put(value))
        return self._lent[id(value)][1]

    def close(self) -> None:
        """Let go of the workers."""
        for actor in self._actors:
            self._ray.kill(actor)
        self._actors = []
        self._lent = {}

    def _send(self, number: int, calls: Sequence[Call]) -> Any:
        answers = [getattr(self._actors[number], name).remote(*args) for name, *args in calls]
        return answers[-1]

    def _get(self, number: int, script: Sequence[Call], answer: Any) -> Any:
        lost = self._ray.exceptions
        for left in reversed(range(RESTARTS + 1)):
            try:
                return self._ray.get(answer)
            except (lost.RayActorError, lost.ObjectLostError):
                self._ray.kill(self._actors[number])
                if left:  # beside another worker, if need be: the machine may be gone
                    self._actors[number] = self._start(0)
                    answer = self._send(number, script)
            except lost.RayTaskError as error:
                raise error.cause from None
        raise WorkersError(
            f"A worker died {RESTARTS + 1} times in the same step; it may have too little memory. "
            "Add machines, or take a smaller --size."
        )

    def _start(self, processors: int) -> Any:
        actor = self._ray.remote(Worker).options(
            num_cpus=processors, scheduling_strategy="SPREAD", max_restarts=0
        )
        return actor.remote(self.cluster.threads, self._share)

    @property
    def _share(self) -> float:
        machines: int = sum(node["Alive"] for node in self._ray.nodes())
        return 1 / max(1, -(-self.cluster.workers // machines))

    def _check(self) -> None:
        """Wait until all workers have started."""
        lost = self._ray.exceptions
        try:
            versions = self._ray.get(
                [actor.version.remote() for actor in self._actors], timeout=START_SECONDS
            )
        except lost.GetTimeoutError:
            raise WorkersError(
                f"The Ray cluster had no room for {len(self._actors)} workers with "
                f"{self.cluster.threads} processors each within {START_SECONDS:.0f} s."
            ) from None
        except lost.RayError as error:
            reason = str(error).strip().splitlines()[-1]
            raise WorkersError(
                f"The workers do not start; is impasto installed on all machines? {reason}"
            ) from None
        if others := set(versions) - {version("impasto")}:
            raise WorkersError(
                f"The workers have impasto {', '.join(others)}, and here is {version('impasto')}: "
                "all machines need the same version."
            )
