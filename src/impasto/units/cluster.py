"""The search spread over a Ray cluster with Ray Data."""

from __future__ import annotations

import itertools
import logging
import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from impasto.engine.connection import connect, import_ray
from impasto.engine.workers import RESTARTS, check_on_processor
from impasto.errors import ImpastoError, WorkersError
from impasto.media.dataset import Dataset
from impasto.units.findings import Findings, pack, unpack
from impasto.units.search import Kept, Search

SHARES = 16  # of the signals for each worker, which it gets one after the other
FEWEST = 4  # signals in a share


class _Searcher:
    """What runs in a process of its own; it keeps the network.

    Args:
        what: What is searched for.
        dataset: The signals; their files are read where it runs.
        threads: Processors that it may use.
    """

    def __init__(self, what: Search, dataset: Dataset, threads: int) -> None:
        torch.set_num_threads(threads)
        self.what, self.dataset = what, dataset

    def __call__(self, shares: dict[str, Any]) -> dict[str, Any]:
        """Look at some shares of the signals; each becomes findings of its own, as bytes."""
        packed = []
        for start, end in zip(shares["start"].tolist(), shares["end"].tolist(), strict=True):
            findings = self.what.empty()
            for _ in self.what.add(findings, self.dataset, range(start, end)):
                pass
            packed.append(pack(findings, fingerprint=""))
        return {"findings": np.array(packed, dtype=object)}


def search_on_cluster(
    what: Search, dataset: Dataset, address: str, *, checkpoint: Path | None = None
) -> Iterator[Findings]:
    """Search a dataset on the machines of a Ray cluster; it finds what one machine would.

    Args:
        what: What is searched for.
        dataset: The signals; all machines find their files at the same place.
        address: As for `connect`.
        checkpoint: As for `search`.
    Yields:
        What has been found so far, at the beginning and after every share of the signals.
    Raises:
        ImpastoError: As `connect` and `search` do; WorkersError if workers die again and again.
    """
    check_on_processor(what.encoder)
    kept = Kept(what, dataset, checkpoint)
    findings = kept.load()
    yield findings
    # Ray warns on stderr that a network in its memory may be lost with its machine
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    with connect(address) as cluster:
        shares = _shares(findings, dataset.count(), cluster.workers)
        if not shares:
            return
        for content in _answers(what, dataset, shares, cluster.workers, cluster.threads):
            findings = findings.merged(unpack(content, fingerprint="", name="An answer"))
            kept.keep(findings)
            yield findings


def _shares(findings: Findings, count: int, workers: int) -> list[dict[str, int]]:
    """Cut what has not been looked at into ranges of numbers."""
    size = max(FEWEST, -(-count // (SHARES * workers)))
    borders = [0, *itertools.chain(*findings.done), count]
    gaps = zip(borders[::2], borders[1::2], strict=True)
    return [
        {"start": start, "end": min(start + size, end)}
        for low, end in gaps
        for start in range(low, end, size)
    ]


def _answers(
    what: Search, dataset: Dataset, shares: list[dict[str, int]], workers: int, threads: int
) -> Iterator[bytes]:
    """Let the workers look; one that dies is replaced, and its share begun anew."""
    ray = import_ray()
    from ray import data

    context = data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    context.raise_original_map_exception = True
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        # Ray Data never gives up, and what limits it is to go without having been replaced yet
        warnings.simplefilter("ignore", DeprecationWarning)
        answers = data.from_items(shares, override_num_blocks=len(shares)).map_batches(
            _Searcher,
            fn_constructor_args=(what, dataset, threads),
            compute=data.ActorPoolStrategy(
                size=min(workers, len(shares)), max_tasks_in_flight_per_actor=1
            ),
            num_cpus=threads,
            ray_remote_args_fn=lambda: {"max_task_retries": RESTARTS},
            batch_size=None,
        )
    try:
        for row in answers.iter_rows():
            yield row["findings"]
    except ray.exceptions.RayTaskError as error:
        if isinstance(error.cause, ImpastoError):
            said, *_ = str(error.cause).splitlines()  # behind it Ray adds advice of its own
            raise type(error.cause)(said) from None
        raise
    except ray.exceptions.RayError as error:
        reason = str(error).strip().splitlines()[-1]
        raise WorkersError(f"The workers of the cluster failed: {reason}") from None
