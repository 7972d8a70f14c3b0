"""Where bfloat16 ends, judged in float32, against where float32 ends after as many steps."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace

from pictures import PAIRS
from report import Options, Row

from impasto import stylize_steps
from impasto.settings import StylizeSettings
from impasto.stylization import encoder_for
from impasto.stylization.problem import StyleTransfer


def rows(options: Options) -> Iterator[Row]:
    """Compare the default objective at 256 pixels, whatever the processor multiplies."""
    settings = StylizeSettings(size=256, precision="float32", device=options.device)
    wide, half = encoder_for(settings), encoder_for(replace(settings, precision="bfloat16"))
    for content, style in PAIRS[: 1 if options.quick else 5]:
        ends = [
            deque(stylize_steps(content, style, settings=settings, encoder=encoder), maxlen=1).pop()
            for encoder in (wide, half)
        ]
        problem = ends[0].problem
        assert isinstance(problem, StyleTransfer)
        judge = problem.evaluator(ends[0].space)
        costs = [
            judge.value_and_gradient(end.samples[None].to(problem.device))[0].total for end in ends
        ]
        rise = costs[1] / costs[0] - 1
        yield Row(
            f"cost of bfloat16 above that of float32, {content} + {style}",
            f"{100 * rise:+.2f} %",
            "≤ 1 %",
            rise <= 0.01,
        )
