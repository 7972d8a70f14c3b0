"""The part of the page with trained networks: the picture follows the sliders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr

from impasto import media
from impasto.fast.model import read_model
from impasto.fast.shipped import find_model, shipped
from impasto.samples import find
from impasto.settings import StylizeSettings
from impasto.studio.bench import Bench
from impasto.studio.bringing import chosen, chosen_picture, sample_names, upload
from impasto.studio.results import Changes, PictureResults
from impasto.studio.texts import say
from impasto.studio.visits import Visit
from impasto.studio.work import Job, Order
from impasto.stylization import stylize

LIVE_SIZE = 512  # pixels, so that it follows a slider
_OF_REFINING = ("size", "refine")


def build(bench: Bench) -> None:
    """Lay out the part, and say what happens in it."""
    names = [path.stem for path in shipped()]
    if not names:
        gr.Markdown(say("none_trained"))
        return
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            asked = _form(bench, names)
        with gr.Column(scale=3, min_width=320):
            results = PictureResults(bench, run="refine")

    def live(visit: Visit, **values: Any) -> str | None:
        if not values["photo"] and not values["sample_photo"]:
            return None
        order = _order(bench, values, refining=False)
        made = stylize(order.content, list(order.styles), settings=order.settings)
        return visit.shown(media.to_pil(made.signal))

    def refined(visit: Visit, **values: Any) -> Iterator[Changes]:
        yield from results.updates(Job(_order(bench, values, refining=True), visit))

    followed = {name: own for name, own in asked.items() if name not in _OF_REFINING}
    gr.on(
        [own.change for own in followed.values()],
        bench.answer(live, asked),
        [*asked.values()],
        results.result,
        trigger_mode="always_last",
        show_progress="hidden",
        concurrency_id="live",
        concurrency_limit=1,
        api_name="paint",
    )
    asked["model"].change(
        lambda name: gr.update(visible=_is_any(name), value=None),
        asked["model"],
        asked["painting"],
        queue=False,
        api_visibility="private",
    )
    bench.job(results.run, refined, asked, results.outputs, name="refine", reveals=results.made)


def _form(bench: Bench, names: list[str]) -> dict[str, Any]:
    first = names[0]
    styles = _styles_of(first)
    return {
        "photo": upload(label=say("photo")),
        "sample_photo": gr.Dropdown(
            ["", *sample_names("photo")], value="", label=say("sample_photo")
        ),
        "model": gr.Dropdown(names, value=first, label=say("model")),
        "painting": upload(label=say("painting"), height=160, visible=_is_any(first)),
        "style": gr.Dropdown(styles, value=styles[0], label=say("sample_paintings")),
        "second": gr.Dropdown(["", *styles], value="", label=say("second")),
        "mix": gr.Slider(0, 1, value=0.5, step=0.05, label=say("mix")),
        "strength": gr.Slider(0, 1, value=1, step=0.05, label=say("strength")),
        "size": gr.Slider(64, bench.limits.size, value=LIVE_SIZE, step=16, label=say("size")),
        "refine": gr.Slider(5, 200, value=20, step=5, label=say("refine_steps")),
    }


def _is_any(name: str) -> bool:
    return read_model(find_model(Path(name))).is_any


def _styles_of(name: str) -> list[str]:
    """Return the paintings that a network can be asked for by the names of samples."""
    known = [own.name for own in read_model(find_model(Path(name))).known if find(own.name)]
    return known or sample_names("painting")


def _order(bench: Bench, values: Mapping[str, Any], *, refining: bool) -> Order:
    """Turn what was filled in into an order; while it is live, of a small picture.

    Raises:
        UsageError: If something is missing or out of its range.
    """
    content = chosen_picture(values["photo"], values["sample_photo"])
    styles = [(chosen(values["painting"], values["style"], "painting"), 1.0)]
    if values["second"]:
        mix = float(values["mix"])
        second = chosen(None, values["second"], "painting")
        styles = [(styles[0][0], 1.0 - mix), (second, mix)]
    settings = StylizeSettings(
        model=Path(values["model"]),
        strength=float(values["strength"]),
        size=bench.limits.checked(values["size"]) if refining else LIVE_SIZE,
        refine=int(values["refine"]) if refining else 0,
        max_pixels=bench.limits.max_pixels,
    )
    return Order(content, styles, settings)
