"""Parts of a signal on a local Ray cluster: the same numbers as on one machine."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import ray
import torch
from PIL import Image
from torch import Tensor, nn

from impasto import StylizeSettings
from impasto.cli.main import main
from impasto.encoders import Chain, Encoder, Wrapped, random_encoder
from impasto.engine import connection
from impasto.engine.cluster import RayEvaluator
from impasto.engine.connection import Cluster, connect
from impasto.engine.evaluator import LocalEvaluator
from impasto.engine.workers import RESTARTS, Workers
from impasto.errors import ShapeError, UnreachableError, UsageError, WorkersError
from impasto.objectives.content import Content
from impasto.objectives.masks import guides
from impasto.objectives.objective import Costs, Objective
from impasto.objectives.regularizers import Bounds, TotalVariation
from impasto.objectives.style import GuidedStyle, Style
from impasto.stylization import encoder_for

SPACES = [(203,), (70, 45), (25, 12, 18)]
CLOSE = {"rtol": 1e-4, "atol": 1e-7}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster on this machine, which the program finds connected."""
    with connect("local") as found:
        yield found


@pytest.fixture(scope="class")
def workers(cluster: Cluster) -> Iterator[Workers]:
    """Two workers; while they are hired, the cluster has no room for others."""
    hired = Workers(Cluster(2, 1))
    yield hired
    hired.close()


def objective_for(encoder: Encoder, layer: str, content: Tensor) -> Objective:
    """Every kind of term; the content at a layer, the style at the first."""
    space = content.shape[2:]
    seen = encoder(content, ["relu1_1", layer])
    channels, positions = seen["relu1_1"].shape[1], seen["relu1_1"][0, 0].numel()
    regions = guides(torch.rand(2, *space), tuple(space))
    grams = torch.rand(2, channels, channels)
    guided = GuidedStyle("relu1_1", regions, grams, shares=torch.ones(2), scale=torch.ones(2))
    return (
        Content(layer, seen[layer], scale=1 / seen[layer].numel())
        + Style("relu1_1", torch.eye(channels), positions=positions)
        + 0.1 * TotalVariation()
        + guided
        + 0.1 * Bounds(high=0.5)
    )


def assert_same(one: tuple[Costs, Tensor], other: tuple[Costs, Tensor]) -> None:
    assert one[0].names == other[0].names
    torch.testing.assert_close(one[0].values, other[0].values, **CLOSE)
    assert float((one[1] - other[1]).norm() / other[1].norm()) < 1e-4


class TestWorkers:
    @pytest.fixture
    def encoder(self) -> Encoder:
        return random_encoder(2, 2, channels=(3, 4))

    @pytest.fixture
    def objective(self, encoder: Encoder) -> Objective:
        return objective_for(encoder, "relu2_1", torch.rand(1, 2, 70, 45))

    @pytest.mark.parametrize("tile_bytes", [None, 4000], ids=["whole", "tiled"])
    @pytest.mark.parametrize("shape", SPACES, ids=["1 axis", "2 axes", "3 axes"])
    def test_equals_one_machine(
        self, workers: Workers, shape: tuple[int, ...], tile_bytes: int | None
    ) -> None:
        encoder = random_encoder(len(shape), 2, channels=(3, 4))
        objective = objective_for(encoder, "relu2_1", torch.rand(1, 2, *shape))
        evaluator = RayEvaluator(workers, encoder, objective, shape, tile_bytes=tile_bytes)
        assert len(evaluator.tiles) == 2
        for _ in range(2):
            signal = torch.rand(2, 2, *shape)
            expected = LocalEvaluator(encoder, objective).value_and_gradient(signal)
            assert_same(evaluator.value_and_gradient(signal), expected)

    def test_equals_one_machine_with_vgg(self, workers: Workers) -> None:
        encoder = encoder_for(StylizeSettings(precision="float32"))
        objective = objective_for(encoder, "relu3_2", torch.rand(1, 3, 120, 70))
        evaluator = RayEvaluator(workers, encoder, objective, (120, 70))
        assert len(evaluator.tiles) == 2
        signal = torch.rand(1, 3, 120, 70)
        expected = LocalEvaluator(encoder, objective).value_and_gradient(signal)
        assert_same(evaluator.value_and_gradient(signal), expected)

    def test_a_worker_killed_in_the_middle_of_a_step(
        self,
        workers: Workers,
        encoder: Encoder,
        objective: Objective,
        capfd: pytest.CaptureFixture[str],
    ) -> None:
        class Killing(Objective):
            """Kills a worker between its statistics and its share of the gradient."""

            def differentiate(self, statistics: Any) -> Any:
                killed.append(workers._actors[1])
                ray.kill(killed[0])
                return super().differentiate(statistics)

        killed: list[Any] = []
        evaluator = RayEvaluator(workers, encoder, Killing(objective.weighted), (70, 45))
        signal = torch.rand(1, 2, 70, 45)
        expected = LocalEvaluator(encoder, objective).value_and_gradient(signal)
        assert_same(evaluator.value_and_gradient(signal), expected)
        assert workers._actors[1] is not killed[0]
        assert capfd.readouterr() == ("", "")

    def test_a_worker_that_dies_again_and_again(
        self, workers: Workers, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(workers, "_start", lambda _: workers._actors[0])
        ray.kill(workers._actors[0])
        with pytest.raises(WorkersError, match=f"died {RESTARTS + 1} times"):
            workers.ask([[("version",)]])
        monkeypatch.undo()
        workers._actors[0] = workers._start(0)

    def test_an_error_on_a_worker_is_that_error(self, workers: Workers, encoder: Encoder) -> None:
        objective = 1.0 * Content("relu1_1", torch.zeros(1, 5, 70, 45))
        evaluator = RayEvaluator(workers, encoder, objective, (70, 45))
        with pytest.raises(ShapeError, match="Content features"):
            evaluator.value_and_gradient(torch.rand(1, 2, 70, 45))

    def test_a_network_that_is_no_chain(
        self, workers: Workers, encoder: Encoder, objective: Objective
    ) -> None:
        wrapped = Wrapped(nn.Conv2d(2, 3, 3), example=torch.rand(1, 2, 8, 8))
        with pytest.raises(UsageError, match="not a chain"):
            RayEvaluator(workers, wrapped, objective, (70, 45))

    def test_a_chain_that_sees_more_than_windows(
        self, workers: Workers, objective: Objective
    ) -> None:
        modules: list[tuple[str, nn.Module]] = [
            ("relu1_1", nn.Conv2d(2, 3, 3)),
            ("relu2_1", nn.InstanceNorm2d(3)),
        ]
        chain = Chain("normed", nn.Identity(), modules)
        with pytest.raises(UsageError, match=r"normed cannot be spread.* Leave out --ray"):
            RayEvaluator(workers, chain, objective, (70, 45))

    def test_a_network_that_is_not_on_the_processor(
        self, workers: Workers, encoder: Encoder, objective: Objective
    ) -> None:
        with pytest.raises(UsageError, match="--ray needs --device cpu"):
            RayEvaluator(workers, encoder.to("meta"), objective, (70, 45))


def test_the_network_stays_on_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    encoder = encoder_for(StylizeSettings(), ray="auto")
    assert next(encoder.parameters()).device.type == "cpu"


class TestReaching:
    @pytest.fixture(autouse=True)
    def _connected_to_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(ray, "is_initialized", lambda: False)

    def refuses(self, address: str, hint: str) -> None:
        with pytest.raises(UnreachableError, match=hint), connect(address):
            raise AssertionError("connected")

    def test_nobody_is_there(self) -> None:
        self.refuses("127.0.0.1:1", "at 127.0.0.1:1: Connection refused")

    def test_what_is_there_is_silent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(connection, "PATIENCE_SECONDS", 3.0)
        with socket.create_server(("127.0.0.1", 0)) as server:
            self.refuses(f"127.0.0.1:{server.getsockname()[1]}", "No answer")

    def test_it_is_no_address(self) -> None:
        self.refuses("nonsense", "nonsense")

    def test_ray_is_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "ray", None)
        with pytest.raises(UsageError, match=r"pip install 'impasto\[ray\]'"), connect("local"):
            raise AssertionError("connected")


class TestCommand:
    @pytest.fixture
    def run(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> Callable[..., dict[str, Any]]:
        """Run `impasto stylize` in a folder with pictures, and return what --json prints."""
        monkeypatch.chdir(tmp_path)
        Path("photos").mkdir()
        for seed, name in enumerate(("photos/a.png", "photos/b.png", "style.png")):
            blobs = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
            Image.fromarray(blobs).resize((160, 96)).save(name)

        def stylize(*words: str, code: int = 0) -> dict[str, Any]:
            small = ("--size", "160", "--steps", "1", "--levels", "1", "--precision", "float32")
            with pytest.raises(SystemExit) as ended:
                main(["stylize", *words, "--style", "style.png", *small, "--json", "--quiet"])
            out, err = capfd.readouterr()
            assert ended.value.code == code, err
            report: dict[str, Any] = json.loads(out)
            return report

        return stylize

    def test_a_picture(self, cluster: Cluster, run: Callable[..., dict[str, Any]]) -> None:
        traces = []
        for words in ((), ("--ray", "local")):
            run("photos/a.png", "-o", "out.png", "--trace", "trace.jsonl", *words)
            lines = Path("trace.jsonl").read_text().splitlines()
            traces.append([json.loads(line) for line in lines])
        for one, other in zip(*traces, strict=True):
            for name in set(one) - {"elapsed_seconds"}:
                assert one[name] == pytest.approx(other[name], rel=1e-4), name

    def test_a_folder(self, cluster: Cluster, run: Callable[..., dict[str, Any]]) -> None:
        shutil.copy("style.png", "photos/c.png")
        Path("photos/bad.png").write_text("no picture")
        told = run("photos", "-o", "out", "--ray", "local", code=3)
        assert [entry["output"] for entry in told["results"]] == [f"out/{n}.png" for n in "abc"]
        assert [entry["content"] for entry in told["failures"]] == ["photos/bad.png"]
        alone = run("photos/b.png", "-o", "alone.png")
        assert told["results"][1]["total"] == pytest.approx(alone["total"], rel=1e-4)
        with Image.open("out/b.png") as made, Image.open("alone.png") as other:
            assert np.abs(np.asarray(made, int) - np.asarray(other, int)).max() <= 1
