"""How soon impasto reaches the cost that plain L-BFGS reaches.

The plain run is what neural-style-pt does: VGG19 as a chain of torch modules in float32, its
objective, torch.optim.LBFGS with 100 corrections on pixels from 0 to 255, one scale. Both runs are
timed in turn after the network has been loaded; impasto's count of its cost in its own precision
ends its run, and the plain run's float32 judges the result.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context

import torch
from pictures import PAIRS, picture
from report import Row
from torch import Tensor, nn
from torch.nn import functional

from impasto import stylize_steps
from impasto.encoders import Chain, load_encoder
from impasto.engine.device import DeviceName
from impasto.settings import StylizeSettings
from impasto.stylization import encoder_for

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")


@dataclass(frozen=True)
class Race:
    """What is compared.

    Attributes:
        size: Longest side in pixels.
        steps: Steps of the plain run.
        noise: Whether the plain run begins with noise, as neural-style-pt does; else with content.
        pairs: How many pairs of pictures.
        target: How many times sooner impasto shall be.
        device: Where both run.
    """

    size: int
    steps: int
    noise: bool
    pairs: int
    target: float
    device: DeviceName


class PlainRun:
    """What neural-style-pt computes, written down in the plainest way."""

    def __init__(self, network: Chain, content: Tensor, style: Tensor) -> None:
        self.front_end = network.front_end
        self.chain = nn.ModuleDict(dict(network.chain.items()))
        for weight in self.chain.parameters():
            weight.data = weight.data.contiguous()
        with torch.no_grad():
            self.content = self.features(content)[CONTENT_LAYER]
            styled = self.features(style)
            self.grams = {layer: self.gram(styled[layer]) for layer in STYLE_LAYERS}

    @classmethod
    def on(cls, content: str, style: str, size: int, device: torch.device) -> PlainRun:
        """Prepare the run for two of the pictures."""
        pair = (picture(name, size).to(device) for name in (content, style))
        return cls(load_encoder().to(device), *pair)

    def features(self, batch: Tensor) -> dict[str, Tensor]:
        """Compute everything up to the deepest style layer."""
        x, seen = self.front_end(batch), {}
        for name, module in self.chain.items():
            x = module(x)
            seen[name] = x
            if name == STYLE_LAYERS[-1]:
                break
        return seen

    @staticmethod
    def gram(features: Tensor) -> Tensor:
        """Correlate channels and divide by the number of activations."""
        rows = features[0].flatten(1)
        return rows @ rows.T / rows.numel()

    def cost(self, batch: Tensor) -> Tensor:
        """5·MSE of the content, 100·ΣMSE of Gram matrices, 1e-3·total variation."""
        seen = self.features(batch)
        cost = 5 * functional.mse_loss(seen[CONTENT_LAYER], self.content)
        for layer, gram in self.grams.items():
            cost = cost + 100 * functional.mse_loss(self.gram(seen[layer]), gram)
        variation = batch.diff(dim=2).abs().sum() + batch.diff(dim=3).abs().sum()
        return cost + 1e-3 * 255 * variation

    def descend(self, start: Tensor, steps: int) -> tuple[float, float]:
        """Return the lowest cost of a number of steps and the seconds that they took."""
        canvas = (255 * start).requires_grad_()  # its first steps are too wild on 0 to 1
        optimizer = torch.optim.LBFGS(
            [canvas], max_iter=steps, tolerance_grad=-1, tolerance_change=-1, history_size=100
        )
        costs: list[float] = []

        def closure() -> Tensor:
            optimizer.zero_grad()
            cost = self.cost(canvas / 255)
            cost.backward()
            costs.append(float(cost.detach()))
            return cost

        began = time.monotonic()
        optimizer.step(closure)
        return min(costs), time.monotonic() - began


def run_plainly(race: Race, content: str, style: str, device: torch.device) -> tuple[float, float]:
    """Do the plain run, in a process that impasto has not prepared for its own."""
    plain = PlainRun.on(content, style, race.size, device)
    image = picture(content, race.size)
    noise = 0.001 * torch.randn(image.shape, generator=torch.Generator().manual_seed(0))
    return plain.descend((noise if race.noise else image).to(device), race.steps)


def compare(race: Race, content: str, style: str) -> tuple[float, str]:
    """Return how many times sooner impasto is, and what was seen."""
    settings = StylizeSettings(
        objective="neural-style",
        size=race.size,
        levels=1,
        steps=race.steps,
        init="content",
        device=race.device,
    )
    network = encoder_for(settings)
    there = next(network.parameters()).device
    with ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
        target, plain_seconds = elsewhere.submit(run_plainly, race, content, style, there).result()
    began = time.monotonic()
    for step in stylize_steps(content, style, settings=settings, encoder=network):
        if step.costs.total <= target:
            break
    seconds = time.monotonic() - began
    with torch.no_grad():
        plain = PlainRun.on(content, style, race.size, there)
        reached = float(plain.cost(step.samples[None].to(there)))
    seen = (
        f"{content} + {style}, {race.size} px, {race.steps} plain steps to J {target:.4g} in "
        f"{plain_seconds:.0f} s; impasto {step.index} steps to {reached:.4g} in {seconds:.0f} s"
    )
    return plain_seconds / seconds, seen


def run(race: Race) -> Iterator[Row]:
    """Run the races of all pairs, a row for each and one for their mean."""
    ratios = []
    for content, style in PAIRS[: race.pairs]:
        ratio, seen = compare(race, content, style)
        ratios.append(ratio)
        yield Row(seen, f"{ratio:.2f} × sooner")
    mean = sum(ratios) / len(ratios)
    start = "noise" if race.noise else "content"
    yield Row(
        f"time to the cost of {race.steps} plain steps at {race.size} px from {start}, mean",
        f"{mean:.2f} × sooner",
        f"≥ {race.target:g} ×",
        mean >= race.target,
    )
