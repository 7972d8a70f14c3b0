"""The parts of the page for sounds and for volumes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

from impasto import media
from impasto.errors import UsageError
from impasto.settings import StylizeSettings
from impasto.studio.bench import Bench
from impasto.studio.bringing import PICTURES, VOLUMES, chosen, sample_names
from impasto.studio.texts import say
from impasto.studio.visits import Visit
from impasto.studio.work import Job, Made, Order
from impasto.stylization.domains.volume import robust_window
from impasto.stylization.drawing import draw_costs

_SIDE = 384  # pixels of a slice


def build_sounds(bench: Bench) -> None:
    """Lay out the part for sounds, and say what happens in it."""
    with gr.Row():
        with gr.Column(min_width=320):
            names = ["", *sample_names("sound")]
            asked: dict[str, Any] = {
                "sound": gr.Audio(label=say("sound"), type="filepath", sources=["upload"]),
                "sample": gr.Dropdown(names, value="", label=say("sample_sound")),
                "style": gr.Audio(label=say("sound_style"), type="filepath", sources=["upload"]),
                "sample_style": gr.Dropdown(names, value="", label=say("sample_sound")),
                "steps": gr.Slider(5, 500, value=60, step=5, label=say("steps")),
            }
        with gr.Column(min_width=320):
            shown = _results()
            result = gr.Audio(label=say("result"), interactive=False)

    def run(visit: Visit, **values: Any) -> Iterator[list[Any]]:
        content = chosen(values["sound"], values["sample"], "sound")
        style = chosen(values["style"], values["sample_style"], "style")
        job = Job(
            Order(content, [(style, 1.0)], StylizeSettings(steps=int(values["steps"]))), visit
        )
        yield from _updates(job, 1)
        if job.made is None:  # the visitor has gone
            return
        yield [*_end(job.made), str(job.made.output)]

    outputs = [*(shown[own] for own in _SHOWN), result]
    bench.job(shown["run"], run, asked, outputs, name="stylize_sound")
    shown["stop"].click(bench.stop, queue=False, api_visibility="private")


def build_volumes(bench: Bench) -> None:
    """Lay out the part for volumes, and say what happens in it."""
    with gr.Row():
        with gr.Column(min_width=320):
            kinds = [*VOLUMES, *PICTURES]
            names = ["", *sample_names("painting")]
            asked: dict[str, Any] = {
                "volume": gr.File(label=say("volume"), file_types=list(VOLUMES), height=160),
                "style": gr.File(label=say("volume_style"), file_types=kinds, height=160),
                "sample_style": gr.Dropdown(names, value="", label=say("sample_paintings")),
                "size": gr.Slider(
                    16, bench.limits.voxels, value=64, step=8, label=say("volume_size")
                ),
                "steps": gr.Slider(5, 200, value=20, step=5, label=say("steps")),
            }
        with gr.Column(min_width=320):
            shown = _results()
            asked["at"] = gr.Slider(0, 1, value=0.5, step=0.01, label=say("slice"))
            with gr.Row():
                pair = [
                    gr.Image(label=say(own), interactive=False, format="webp")
                    for own in ("before", "after")
                ]
    made = gr.State(value=None)

    def run(visit: Visit, **values: Any) -> Iterator[list[Any]]:
        if not values["volume"]:
            raise UsageError("There is no volume: drop one.")
        style = chosen(values["style"], values["sample_style"], "style")
        settings = StylizeSettings(
            size=bench.limits.checked(values["size"], most=bench.limits.voxels),
            steps=int(values["steps"]),
            max_pixels=bench.limits.max_pixels,
        )
        job = Job(Order(values["volume"], [(style, 1.0)], settings), visit)
        yield from _updates(job, 3)
        if job.made is None:  # the visitor has gone
            return
        both = (values["volume"], str(job.made.output))
        yield [*_end(job.made), both, *map(visit.shown, _slices(both, values["at"]))]

    def moved(visit: Visit, made: tuple[str, str] | None, at: float) -> list[Any]:
        return [*map(visit.shown, _slices(made, at))] if made else [None, None]

    outputs = [*(shown[own] for own in _SHOWN), made, *pair]
    bench.job(shown["run"], run, asked, outputs, name="stylize_volume")
    shown["stop"].click(bench.stop, queue=False, api_visibility="private")
    asked["at"].change(
        bench.answer(moved, {"made": made, "at": asked["at"]}),
        [made, asked["at"]],
        pair,
        trigger_mode="always_last",
        show_progress="hidden",
        api_visibility="private",
    )


_SHOWN = ("place", "costs", "files", "command")


def _results() -> dict[str, Any]:
    with gr.Row():
        run = gr.Button(say("run"), variant="primary")
        stop = gr.Button(say("stop"))
    return {
        "run": run,
        "stop": stop,
        "place": gr.Markdown(elem_classes="place"),
        "costs": gr.Plot(label=say("costs")),
        "files": gr.File(label=say("files"), file_count="multiple", interactive=False),
        "command": gr.Textbox(
            label=say("command"), buttons=["copy"], interactive=False, elem_classes="command"
        ),
    }


def _updates(job: Job, more: int) -> Iterator[list[Any]]:
    """Do a job, and yield what changes; more are the outputs that wait for its end."""
    for shown in job.run():
        waiting = [gr.skip() for _ in range(len(_SHOWN) - 1 + more)]
        yield [f"{shown.place} · {shown.seconds:.0f} s", *waiting]


def _end(made: Made) -> list[Any]:
    sign = "■" if made.stopped else "✓"
    costs = draw_costs(made.result.trace) if made.result.terms else None
    return [
        f"{sign} {made.result.seconds:.1f} s",
        costs,
        [str(path) for path in made.files],
        made.command,
    ]


def _slices(both: tuple[str, str], at: float) -> list[Image.Image]:
    """Draw the slices of two volumes at the same share of their first axis."""
    shown = []
    for path in both:
        signal = media.read(path)
        low, high = robust_window(signal, Path(path).name)
        plane = signal.samples[:, round(at * (signal.space[0] - 1))]
        levels = ((plane - low) / max(high - low, 1e-12)).clamp(0, 1).mul(255).round().byte()
        image = Image.fromarray(np.ascontiguousarray(levels.movedim(0, -1).squeeze(-1).numpy()))
        scale = _SIDE / max(image.size)
        size = (round(image.width * scale), round(image.height * scale))
        shown.append(image.resize(size, Image.Resampling.BICUBIC))
    return shown
