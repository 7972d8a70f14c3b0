"""Many separate pieces of work on a Ray cluster, one a worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import torch

from impasto.engine.connection import connect, import_ray
from impasto.engine.workers import RESTARTS
from impasto.errors import ImpastoError, WorkersError

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")


def each(
    address: str, function: Callable[[S, T], R], shared: S, items: Iterable[T]
) -> Iterator[tuple[int, R | ImpastoError]]:
    """Call a function for each item; what a dying worker had begun is begun anew by another.

    Args:
        address: As for `connect`.
        function: What is done, with `shared` and an item.
        shared: What all calls need; it is sent once.
        items: They are taken when a worker will soon be free.
    Yields:
        The number of an item, and what the function returned for it or the ImpastoError that it
        raised, in the order in which they are done.
    Raises:
        ImpastoError: As `connect` does.
    """
    with connect(address) as cluster:
        ray = import_ray()
        task = ray.remote(
            num_cpus=cluster.threads, max_retries=RESTARTS, scheduling_strategy="SPREAD"
        )(_with_threads)
        sent, pending = ray.put(shared), dict[Any, int]()

        def next_done() -> tuple[int, R | ImpastoError]:
            (done,), _ = ray.wait(list(pending))
            return pending.pop(done), _outcome(ray, done)

        for number, item in enumerate(items):
            if len(pending) >= 2 * cluster.workers:
                yield next_done()
            pending[task.remote(cluster.threads, function, sent, item)] = number
        while pending:
            yield next_done()


def _with_threads(threads: int, function: Callable[[S, T], R], shared: S, item: T) -> R:
    torch.set_num_threads(threads)
    return function(shared, item)


def _outcome(ray: Any, done: Any) -> Any:
    try:
        return ray.get(done)
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, ImpastoError):
            return error.cause
        raise error.cause from None
    except ray.exceptions.RayError:
        return WorkersError(f"Its worker died {RESTARTS + 1} times; it may have too little memory.")
