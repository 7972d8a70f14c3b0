"""A command that starts a cluster of its own and shares its work among the processors."""

from __future__ import annotations

from typing import Any


def test_nothing_but_the_result_is_said(desk: Any) -> None:
    outcome = desk.stylize("--ray", "local", "--precision", "float32", "-o", "-")
    outcome.succeeds()
    assert outcome.stdout.startswith(b"\x89PNG")


def test_a_cluster_that_is_not_there(desk: Any) -> None:
    desk.stylize("--ray", "127.0.0.1:1").refuses(1, "127.0.0.1:1", "ray start --head")
