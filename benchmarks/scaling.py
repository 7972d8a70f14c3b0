"""What a step costs on several machines, and what travels: the numbers of docs/scaling.md.

Compute is measured here, on one thread, without Ray. What Ray adds is measured on a local cluster
if it is installed. How parts and bytes grow with the number of workers is counted.
"""

from __future__ import annotations

import importlib.util
import math
import time
from collections.abc import Callable
from functools import partial

import torch

from impasto.encoders import Chain
from impasto.engine.canvas import make_canvas
from impasto.engine.cluster import RayEvaluator, part_of
from impasto.engine.curvature import Curvature
from impasto.engine.evaluator import LocalEvaluator
from impasto.engine.memory import TILES
from impasto.engine.shard import source_space
from impasto.engine.sharding import shards
from impasto.engine.workers import hire
from impasto.objectives.content import Content
from impasto.objectives.conventions import convention
from impasto.objectives.objective import Objective
from impasto.objectives.regularizers import Bounds, TotalVariation
from impasto.objectives.style import Style
from impasto.settings import StylizeSettings
from impasto.signal import Space, cut
from impasto.stylization import encoder_for

SIDE, REPEATS = 512, 3
GIGAPIXEL = (31_623, 31_623)


def main() -> None:
    torch.set_num_threads(1)
    layers = [*convention("impasto").style_layers, *convention("impasto").content_layers]
    for precision in ("float32", "bfloat16"):
        encoder = encoder_for(StylizeSettings(precision=precision))
        assert isinstance(encoder, Chain)
        measure_compute(encoder, precision)
    assert isinstance(encoder, Chain)
    measure_driver()
    grams = sum(encoder.table[n].channels ** 2 for n in convention("impasto").style_layers) * 4
    print(f"Gram matrices: {grams / 1e6:.2f} MB")
    print("workers  grid parts  largest crop MP  surplus  MB a worker and step  GB on the driver")
    for count in (1, 4, 16, 64, 256, 1024, 4096):
        tiles = shards(encoder, layers, GIGAPIXEL, count)
        crops = [math.prod(source_space(tile)) for tile in tiles]
        surplus = sum(crops) / math.prod(GIGAPIXEL)
        travels = [2 * (12 * crop + grams) for crop in crops]
        print(
            f"{count:7} {len(tiles):11} {max(crops) / 1e6:16.2f} {surplus:8.3f} "
            f"{max(travels) / 1e6:21.1f} {sum(travels) / 1e9:17.1f}"
        )
    if importlib.util.find_spec("ray"):
        measure_ray()


def measure_compute(encoder: Chain, precision: str) -> None:
    """Print seconds per megapixel of the whole, of a part kept in memory, and of one in tiles."""
    space = (SIDE, SIDE)
    signal, objective = torch.rand(1, 3, *space), objective_over(encoder, space)
    whole = LocalEvaluator(encoder, objective)
    (tile,) = shards(encoder, objective.layers, space, 1)
    part = part_of(objective, tile)
    seconds = {"whole": timed(lambda: whole.value_and_gradient(signal))}
    for name, tile_bytes in (("part", None), ("part in tiles", TILES[0])):
        shard = LocalEvaluator(encoder, part, tile_bytes=tile_bytes, core=tile.inner)

        def step(shard: LocalEvaluator = shard) -> None:
            shard.gradient(part.differentiate(shard.statistics(signal))[1])

        seconds[name] = timed(step)
    told = ", ".join(f"{name} {s / megapixels(space):.2f}" for name, s in seconds.items())
    print(f"{precision}: s/MP {told}")


def measure_driver() -> None:
    """Print seconds per megapixel of what stays on the machine where the command was given."""
    space = (1024, 1024)
    signal, canvas = torch.rand(1, 3, *space), make_canvas("spectrum", space)
    own = 0.1 * TotalVariation() + 0.1 * Bounds()
    here = LocalEvaluator(encoder_for(StylizeSettings(precision="float32")), own)
    seconds = {
        "canvas there and back": timed(lambda: canvas.pullback(canvas.decode(signal))),
        "variation and bounds": timed(lambda: here.value_and_gradient(signal)),
        "cutting and adding": timed(lambda: torch.zeros_like(signal).add_(signal.clone())),
    }
    for count in (2, 20):
        memory = Curvature(count)
        for _ in range(count):
            change = torch.rand_like(signal)
            memory.learn(change, change + 0.1 * torch.rand_like(signal))
        seconds[f"L-BFGS with {count}"] = timed(partial(memory.inverse_times, signal))
    told = ", ".join(f"{name} {s / megapixels(space):.3f}" for name, s in seconds.items())
    print(f"driver: s/MP {told}")


def measure_ray() -> None:
    """Print what a step with two local workers takes beyond the computing of the same parts."""
    space = (768, 768)
    encoder = encoder_for(StylizeSettings(precision="float32"))
    assert isinstance(encoder, Chain)
    objective, signal = objective_over(encoder, space), torch.rand(1, 3, *space)
    small = Objective(t for t in objective.weighted if t[1].layer == "relu1_1")
    with hire("local") as workers:
        assert workers is not None
        for name, own in (("all layers", objective), ("relu1_1 alone", small)):
            evaluator = RayEvaluator(workers, encoder, own, space)
            seconds = timed(partial(evaluator.value_and_gradient, signal))
            parts = [
                LocalEvaluator(encoder, part_of(own, tile), core=tile.inner)
                for tile in evaluator.tiles
            ]
            crops = [cut(signal, tile.source) for tile in evaluator.tiles]

            def alone(
                parts: list[LocalEvaluator] = parts, crops: list[torch.Tensor] = crops
            ) -> None:
                for part, crop in zip(parts, crops, strict=True):
                    terms = part.objective
                    part.gradient(terms.differentiate(part.statistics(crop))[1])

            print(
                f"{len(parts)} parts of {space}, {name}: with Ray {seconds:.2f} s, "
                f"one after another here {timed(alone):.2f} s"
            )


def objective_over(encoder: Chain, space: Space) -> Objective:
    """Build the default objective with arbitrary targets."""
    chosen = convention("impasto")
    with torch.no_grad():
        features = encoder(torch.rand(1, 3, *space), encoder.check(chosen.style_layers))
        content = encoder(torch.rand(1, 3, *space), ["relu4_2"])["relu4_2"]
    style = [
        (1.0, Style(n, torch.eye(f.shape[1]), positions=f[0, 0].numel()))
        for n, f in features.items()
    ]
    return Objective([*style, (1.0, Content("relu4_2", content, scale=1 / content.numel()))])


def timed(work: Callable[[], object]) -> float:
    """Return the shortest of some times, in seconds."""
    best = math.inf
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best


def megapixels(space: Space) -> float:
    """Return the size of a space in millions."""
    return math.prod(space) / 1e6


if __name__ == "__main__":
    main()
