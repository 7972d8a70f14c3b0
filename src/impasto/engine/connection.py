"""Reaching a Ray cluster, or starting one on this machine, without a word on the terminal."""

from __future__ import annotations

import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from impasto.errors import UnreachableError, UsageError

LOCAL = "local"
PATIENCE_SECONDS = 20.0  # for an answer; a cluster that is well takes one or two
_QUIET = {"log_to_driver": False, "logging_level": logging.CRITICAL}
_LOCAL_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing is told to anybody
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # no other machine may connect
}


@dataclass(frozen=True)
class Cluster:
    """What there is to work with.

    Attributes:
        workers: How many workers there is room for.
        threads: Processors of each.
    """

    workers: int
    threads: int


@contextmanager
def connect(address: str) -> Iterator[Cluster]:
    """Connect to a cluster for the time of a block; one that was connected before stays so.

    Args:
        address: "local" to start a cluster on this machine, with a worker for each processor; the
            "host:port" of one that runs, or "auto" to find it, with a worker for each machine.
    Raises:
        UsageError: If Ray is not installed.
        UnreachableError: If no cluster answers there.
    """
    if address == LOCAL:
        os.environ.update(_LOCAL_ENVIRONMENT)
    ray = import_ray()
    if ray.is_initialized():
        yield _size(ray, address)
        return
    if address != LOCAL:
        _probe(address)
    handler = signal.getsignal(signal.SIGTERM)
    options: dict[str, Any] = {}
    if address == LOCAL:
        options = {"num_cpus": max(2, os.cpu_count() or 0), "include_dashboard": False}
    try:
        ray.init(address=address, **options, **_QUIET)
    except (Exception, SystemExit) as error:
        raise UnreachableError(_unreachable(address, str(error))) from None
    # errors of workers reach the caller as exceptions; Ray would print them on stdout, too
    ray._private.worker._worker_logs_enabled = False
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)  # Ray takes it without asking
    try:
        yield _size(ray, address)
    finally:
        ray.shutdown()


def import_ray() -> Any:
    """Return the module ray.

    Raises:
        UsageError: If it is not installed.
    """
    try:
        import ray
    except ImportError:
        raise UsageError("--ray needs Ray: pip install 'impasto[ray]'.") from None
    return ray


def _size(ray: Any, address: str) -> Cluster:
    machines = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    if address == LOCAL:
        return Cluster(max(1, sum(machines)), 1)
    threads = min((count for count in machines if count), default=1)
    return Cluster(max(1, sum(count // threads for count in machines)), threads)


def _probe(address: str) -> None:
    """Find out in another process whether a cluster answers: Ray waits for minutes, then exits."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and "/" not in host:
        try:
            socket.create_connection((host, int(port)), PATIENCE_SECONDS).close()
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise UnreachableError(_unreachable(address, reason)) from None
    words = f"import ray; ray.init(address={address!r}, logging_level=50, log_to_driver=False)"
    try:
        ended = subprocess.run(
            [sys.executable, "-c", words],
            timeout=PATIENCE_SECONDS,
            capture_output=True,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UnreachableError(_unreachable(address, "No answer.")) from None
    if ended.returncode:
        raise UnreachableError(_unreachable(address, ended.stderr))


def _unreachable(address: str, told: str) -> str:
    reason = (told.strip().splitlines() or ["No answer."])[-1]
    where = "this machine" if address in ("auto", LOCAL) else address
    return (
        f"No Ray cluster could be reached at {where}: {reason[:200].rstrip('.')}. Start one with "
        "'ray start --head', and run impasto on one of its machines."
    )
