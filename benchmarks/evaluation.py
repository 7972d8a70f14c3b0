"""One evaluation of J and its gradient against the convolutions that it cannot do without.

The limit: for each convolution that the objective needs, the best time of torch's own forward and
backward-data primitive in that precision, over both layouts, summed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import torch
from pictures import PAIRS
from report import Options, Row
from torch import Tensor, nn

from impasto.encoders import Chain
from impasto.settings import StylizeSettings
from impasto.stylization import encoder_for
from impasto.stylization.inputs import read_inputs
from impasto.stylization.recipe import problem_for

LAYOUTS = (torch.channels_last, torch.contiguous_format)


def fastest(work: Callable[[], object], *, times: int) -> float:
    """Return the least of some timings in seconds, after one more to warm up."""
    seconds = []
    for _ in range(times + 1):
        synchronize()
        began = time.perf_counter()
        work()
        synchronize()
        seconds.append(time.perf_counter() - began)
    return min(seconds[1:])


def synchronize() -> None:
    """Wait for the graphics card, if there is one."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def convolution(x: Tensor, module: nn.Conv2d) -> float:
    """Time one convolution there and back, each in the better of two layouts."""
    forward, backward = [], []
    for layout in LAYOUTS:
        source = x.contiguous(memory_format=layout)
        weight = module.weight.detach().contiguous(memory_format=layout)
        with torch.no_grad():
            change = torch.nn.functional.conv2d(source, weight, module.bias, padding=1)

        def there(source: Tensor = source, weight: Tensor = weight) -> Tensor:
            return torch.nn.functional.conv2d(source, weight, module.bias, padding=1)

        def back(
            source: Tensor = source, weight: Tensor = weight, change: Tensor = change
        ) -> object:
            return torch.ops.aten.convolution_backward(
                change, source, weight, None, [1, 1], [1, 1], [1, 1], False, [0, 0], 1,
                [True, False, False],
            )  # fmt: skip

        with torch.no_grad():
            forward.append(fastest(there, times=7))
            backward.append(fastest(back, times=7))
    return min(forward) + min(backward)


def limit(encoder: Chain, image: Tensor, deepest: str) -> float:
    """Sum the best times of all convolutions up to a layer."""
    names = list(encoder.chain)
    x, seconds = encoder.see(image), 0.0
    for name in names[: names.index(deepest) + 1]:
        module = encoder.chain[name]
        if isinstance(module, nn.Conv2d):
            seconds += convolution(x, module)
        with torch.no_grad():
            x = module(x)
    return seconds


def rows(options: Options) -> Iterator[Row]:
    """Measure at 512 pixels in every precision that the processor multiplies."""
    for precision in ("auto", "float32"):
        settings = StylizeSettings(
            objective="neural-style", size=512, precision=precision, device=options.device
        )
        encoder = encoder_for(settings)
        assert isinstance(encoder, Chain)
        inputs = read_inputs(*PAIRS[0], max_pixels=10**9)
        problem = problem_for(encoder, inputs, settings)
        evaluator, signal = problem.evaluator(problem.space), problem.start(problem.space)
        deepest = problem.layers[-1]
        floor = limit(encoder, signal, deepest)
        own = fastest(partial(evaluator.value_and_gradient, signal), times=9)
        kind = str(next(encoder.parameters()).dtype).removeprefix("torch.")
        yield Row(
            f"one evaluation at {problem.space[1]}×{problem.space[0]}, {kind} "
            f"({1000 * own:.0f} ms; convolutions alone {1000 * floor:.0f} ms)",
            f"{own / floor:.2f} × the limit",
            "≤ 1.2 ×",
            own / floor <= 1.2,
        )
