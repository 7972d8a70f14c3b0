"""A cluster finds what one machine finds, to the last bit, even if a worker dies."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import ray
import torch
from PIL import Image

from impasto.encoders import Encoder, random_encoder
from impasto.engine.connection import LOCAL, connect
from impasto.errors import OutOfMemoryError, WorkersError
from impasto.media.dataset import Dataset
from impasto.units import cluster as module
from impasto.units.cluster import search_on_cluster
from impasto.units.findings import Findings, pack
from impasto.units.search import Search, search

# Ray Data sets options of its own that it calls deprecated
pytestmark = pytest.mark.filterwarnings(r"ignore:`\w+` is deprecated:DeprecationWarning")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("photos")
    random = np.random.default_rng(0)
    for number in range(24):
        levels = random.integers(0, 256, (20 + number % 3, 24, 3), np.uint8)
        Image.fromarray(levels).save(folder / f"{number:02}.png")
    (folder / "07a.png").write_bytes(b"no picture")
    return Dataset(folder)


@pytest.fixture(scope="module")
def _connected() -> Iterator[None]:
    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # workers cannot import it
    with connect(LOCAL):
        yield
    ray.cloudpickle.unregister_pickle_by_value(sys.modules[__name__])


def last(steps: Iterator[Findings]) -> bytes:
    findings = deque(steps, maxlen=1).pop()
    findings.forget()
    findings.seen = dict(sorted(findings.seen.items()))
    return pack(findings, fingerprint="")


@pytest.mark.usefixtures("_connected")
class TestCluster:
    @pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
    def test_it_finds_the_same(self, dataset: Dataset, precision: torch.dtype) -> None:
        encoder = random_encoder(2, 3, channels=(8, 16)).to(precision)
        what = Search(encoder, list(encoder.table), k=3)
        assert last(search_on_cluster(what, dataset, LOCAL)) == last(search(what, dataset))

    def test_it_goes_on_from_a_checkpoint(
        self, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        encoder = random_encoder(2, 3, channels=(4,))
        what = Search(encoder, list(encoder.table), k=3)
        expected = last(search(what, dataset))
        monkeypatch.setattr(module.Kept, "keep", kept_always)
        state = tmp_path / "state"
        for number, _ in enumerate(search(what, dataset, checkpoint=state)):
            if number == 9:
                break
        steps = search_on_cluster(what, dataset, LOCAL, checkpoint=state)
        first = next(steps)
        assert first.looked_at == 9  # the tenth was found, and not yet kept
        assert last(steps) == expected

    def test_a_worker_that_dies_is_replaced(self, dataset: Dataset, tmp_path: Path) -> None:
        encoder = random_encoder(2, 3, channels=(4,))
        mortal = Mortal(encoder, list(encoder.table), 3, 1, str(tmp_path / "died"))
        assert last(search_on_cluster(mortal, dataset, LOCAL)) == last(
            search(Search(encoder, list(encoder.table), k=3), dataset)
        )
        assert (tmp_path / "died").exists()

    def test_a_worker_that_dies_again_and_again(self, dataset: Dataset) -> None:
        encoder = random_encoder(2, 3, channels=(4,))
        with pytest.raises(WorkersError, match="workers of the cluster failed"):
            last(search_on_cluster(Doomed(encoder, list(encoder.table)), dataset, LOCAL))

    def test_an_error_in_a_worker_is_that_error(self, dataset: Dataset) -> None:
        encoder = random_encoder(2, 3, channels=(4,))
        with pytest.raises(OutOfMemoryError) as caught:
            last(search_on_cluster(Greedy(encoder, list(encoder.table)), dataset, LOCAL))
        assert str(caught.value) == "no room"  # Ray adds notes to it

    def test_the_number_of_threads_makes_no_difference(self, dataset: Dataset) -> None:
        encoder = random_encoder(2, 3, channels=(8, 16))
        what = Search(encoder, list(encoder.table), k=3)
        expected = last(search(what, dataset))
        torch.set_num_threads(2)
        try:
            assert last(search(what, dataset)) == expected
        finally:
            torch.set_num_threads(1)


def kept_always(self: module.Kept, findings: Findings) -> None:
    assert self.file is not None
    self.file.path.write_bytes(pack(findings, fingerprint=self.fingerprint))


class Mortal(Search):
    """A search whose worker is killed once, half way."""

    def __init__(
        self, encoder: Encoder, layers: list[str], k: int, per_picture: int, marker: str
    ) -> None:
        super().__init__(encoder, layers, k, per_picture)
        object.__setattr__(self, "marker", marker)

    def _look(self, findings: Findings, entry: object, signal_: object) -> None:
        if entry.number == 12 and not Path(self.marker).exists():  # type: ignore[attr-defined]
            Path(self.marker).touch()  # type: ignore[attr-defined]
            os.kill(os.getpid(), signal.SIGKILL)
        super()._look(findings, entry, signal_)  # type: ignore[arg-type]


class Doomed(Search):
    """A search that kills every worker."""

    def _look(self, findings: Findings, entry: object, signal_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class Greedy(Search):
    """A search that fails in a worker."""

    def _look(self, findings: Findings, entry: object, signal_: object) -> None:
        raise OutOfMemoryError("no room")
