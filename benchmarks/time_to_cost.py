"""How soon impasto reaches the cost that plain L-BFGS reaches in 500 steps.

The plain run: VGG19 as a chain of torch modules in float32, its features compared as neural-style
compares them, torch.optim.LBFGS with 100 corrections on pixels from 0 to 255, one scale, from the
content picture. Both runs use two threads and are timed in turn, after the network has been loaded.
"""

from __future__ import annotations

import argparse
import time

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto import stylize_steps
from impasto.encoders import Chain, load_encoder
from impasto.media import read
from impasto.samples import find
from impasto.settings import StylizeSettings
from impasto.signal import fit, resample
from impasto.stylization import encoder_for

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
PAIRS = (("neuschwanstein_castle", "starry_night"), ("red_panda", "harvest"))


def picture(name: str, size: int) -> Tensor:
    """Read a sample at a size, shape (1, 3, h, w), no larger than it is."""
    samples = read(find(name) or name).samples[None]
    space = tuple(samples.shape[2:])
    return resample(samples, fit(space, min(size, max(space))))


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


def main() -> None:
    """Print a line for each pair, and the mean ratio."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=256)
    options.add_argument("--steps", type=int, default=500)
    options.add_argument("--pairs", type=int, default=len(PAIRS))
    given = options.parse_args()
    torch.set_num_threads(2)
    settings = StylizeSettings(
        objective="neural-style", size=given.size, levels=1, steps=given.steps, init="content"
    )
    plain_network, network = load_encoder(), encoder_for(settings)
    print(f"{'pair':38}  {'J plain':>9}  {'s':>6}  {'J impasto':>9}  {'steps':>5}  {'s':>6}  ratio")
    ratios = []
    for content, style in PAIRS[: given.pairs]:
        start = picture(content, given.size)
        plain = PlainRun(plain_network, start, picture(style, given.size))
        target, plain_seconds = plain.descend(start, given.steps)
        began = time.monotonic()
        for step in stylize_steps(content, style, settings=settings, encoder=network):
            if step.costs.total <= target:
                break
        seconds = time.monotonic() - began
        with torch.no_grad():  # the judge is the plain run's own float32 cost
            reached = float(plain.cost(step.samples[None]))
        ratios.append(plain_seconds / seconds)
        print(
            f"{content + ' + ' + style:38}  {target:9.4g}  {plain_seconds:6.1f}  {reached:9.4g}  "
            f"{step.index:5}  {seconds:6.1f}  {ratios[-1]:5.2f}"
        )
    print(f"plain time / impasto time, mean: {sum(ratios) / len(ratios):.2f} (target: at least 4)")


if __name__ == "__main__":
    main()
