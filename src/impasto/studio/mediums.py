"""The parts of the page for sounds and for volumes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from gradio.components import Component
from PIL import Image

from impasto import media
from impasto.errors import UsageError
from impasto.settings import StylizeSettings
from impasto.studio.bench import Bench
from impasto.studio.bringing import PICTURES, VOLUMES, chosen, sample_names
from impasto.studio.results import Changes, Results, picture
from impasto.studio.texts import say
from impasto.studio.visits import Visit
from impasto.studio.work import Job, Made, Order
from impasto.stylization.domains.volume import robust_window

_SIDE = 384  # pixels of a slice


def build_sounds(bench: Bench) -> None:
    """Lay out the part for sounds, and say what happens in it."""
    with gr.Row():
        with gr.Column(min_width=320):
            names = ["", *sample_names("sound")]
            asked: dict[str, Any] = {
                "sound": _player(label=say("sound"), sources=["upload"]),
                "sample": gr.Dropdown(names, value="", label=say("sample_sound")),
                "style": _player(label=say("sound_style"), sources=["upload"]),
                "sample_style": gr.Dropdown(names, value="", label=say("sample_sound")),
                "steps": gr.Slider(5, 500, value=60, step=5, label=say("steps")),
            }
        with gr.Column(min_width=320):
            results = SoundResults(bench)

    def run(visit: Visit, **values: Any) -> Iterator[Changes]:
        content = chosen(values["sound"], values["sample"], "sound")
        style = chosen(values["style"], values["sample_style"], "style")
        settings = StylizeSettings(steps=int(values["steps"]))
        yield from results.updates(Job(Order(content, [(style, 1.0)], settings), visit))

    bench.job(results.run, run, asked, results.outputs, name="stylize_sound", reveals=results.made)


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
            results = VolumeResults(bench)

    def run(visit: Visit, **values: Any) -> Iterator[Changes]:
        if not values["volume"]:
            raise UsageError("There is no volume: drop one.")
        style = chosen(values["style"], values["sample_style"], "style")
        settings = StylizeSettings(
            size=bench.limits.checked(values["size"], most=bench.limits.voxels),
            steps=int(values["steps"]),
            max_pixels=bench.limits.max_pixels,
        )
        yield from results.updates(Job(Order(values["volume"], [(style, 1.0)], settings), visit))

    bench.job(results.run, run, asked, results.outputs, name="stylize_volume", reveals=results.made)


class SoundResults(Results):
    """The elements for a job that makes a sound: a player."""

    def build_result(self) -> list[Component]:
        """See Results."""
        return [_player(label=say("result"), interactive=False)]

    def ended(self, _job: Job, made: Made) -> Changes:
        """See Results."""
        return {self.result[0]: str(made.output)}


class VolumeResults(Results):
    """The elements for a job that makes a volume: slices of it and of the content."""

    def build_result(self) -> list[Component]:
        """See Results."""
        at = gr.Slider(0, 1, value=0.5, step=0.01, label=say("slice"))
        with gr.Row():
            slices = [picture(own) for own in ("before", "after")]
        self.both = gr.State(value=None)
        inputs = {"both": self.both, "at": at}
        gr.on(
            [self.both.change, at.change],
            self.bench.answer(_sliced, inputs),
            [*inputs.values()],
            slices,
            trigger_mode="always_last",
            show_progress="hidden",
            api_visibility="private",
        )
        return [self.both]

    def ended(self, job: Job, made: Made) -> Changes:
        """See Results."""
        return {self.both: (job.order.content, str(made.output))}


def _player(**how: Any) -> gr.Audio:
    """Return an element with a sound; to share it would be to send it to other machines."""
    return gr.Audio(type="filepath", buttons=["download"], **how)


def _sliced(visit: Visit, both: tuple[str, str] | None, at: float) -> list[str | None]:
    return [*map(visit.shown, _slices(both, at))] if both else [None, None]


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
