"""The part of the page that stylizes: pictures and settings in, a picture emerges."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from impasto.errors import UsageError
from impasto.objectives.conventions import convention
from impasto.samples import find
from impasto.settings import StylizeSettings
from impasto.studio.bench import Bench
from impasto.studio.bringing import (
    PICTURES,
    chosen,
    chosen_picture,
    editor,
    sample_names,
    sample_shelf,
    upload,
)
from impasto.studio.options import FOLDED, element, settings_from
from impasto.studio.regions import COLORS, masks_of, to_paint_over
from impasto.studio.results import Changes, PictureResults
from impasto.studio.texts import say
from impasto.studio.visits import Visit
from impasto.studio.work import Job, Order


def build(bench: Bench) -> None:
    """Lay out the part, and say what happens in it."""
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            asked = _form(bench)
        with gr.Column(scale=3, min_width=320):
            results = PictureResults(bench, stop="stop")

    def run(visit: Visit, **values: Any) -> Iterator[Changes]:
        yield from results.updates(Job(_order(values, bench, visit), visit))

    bench.job(results.run, run, asked, results.outputs, name="stylize", reveals=results.made)


def _form(bench: Bench) -> dict[str, Any]:
    """Lay out what a visitor fills in; return the elements by name."""
    asked: dict[str, Any] = {"photo": upload(label=say("photo"))}
    asked["sample_photo"] = gr.Dropdown(
        ["", *sample_names("photo")], value="", label=say("sample_photo")
    )
    sample_shelf("photo", asked["sample_photo"])
    asked["paintings"] = gr.Gallery(
        label=say("paintings"),
        interactive=True,
        type="filepath",
        file_types=list(PICTURES),
        sources=["upload"],
        columns=3,
        height=180,
        preview=False,
        buttons=[],
    )
    asked["sample_paintings"] = gr.Dropdown(
        sample_names("painting"), multiselect=True, label=say("sample_paintings")
    )
    sample_shelf("painting", asked["sample_paintings"])
    asked |= {
        "weights": gr.Textbox(label=say("weights"), max_lines=1),
        "size": gr.Slider(64, bench.limits.size, value=512, step=16, label=say("size")),
        "quality": gr.Radio(["draft", "standard", "fine"], value="draft", label=say("quality")),
        "colors": gr.Radio(
            ["style", "content", "luminance", "match"], value="style", label=say("colors")
        ),
        "strength": gr.Slider(0.1, 10, value=1, step=0.1, label=say("style_weight")),
    }
    with gr.Accordion(say("masks"), open=False):
        gr.Markdown(say("masks_help"))
        asked["painted"] = editor(
            label=say("masks_paint"),
            brush=gr.Brush(colors=list(COLORS), default_color=COLORS[0], color_mode="fixed"),
        )
    photos = {name: asked[name] for name in ("photo", "sample_photo")}
    gr.on(
        [own.change for own in photos.values()],
        bench.answer(_to_paint_over(bench), photos),
        [*photos.values()],
        asked["painted"],
        concurrency_id="painted over",
        concurrency_limit=1,
        show_progress="hidden",
        api_visibility="private",
    )
    with gr.Accordion(say("everything"), open=False):
        asked |= {name: element(name) for name in FOLDED}
        asked["bits"] = gr.Radio([8, 16], value=8, label="--bits", info=say("bits"))
    return asked


def _to_paint_over(bench: Bench) -> Callable[..., str | None]:
    def shown(visit: Visit, photo: str | None, sample_photo: str | None) -> str | None:
        if not photo and not sample_photo:
            return None
        path = chosen(photo, sample_photo, "photograph")
        return to_paint_over(path, visit.new_folder(), max_pixels=bench.limits.max_pixels)

    return shown


def _order(values: Mapping[str, Any], bench: Bench, visit: Visit) -> Order:
    """Turn what was filled in into an order.

    Raises:
        UsageError: If something is missing or out of its range.
    """
    paintings = [path for path, _ in values["paintings"] or ()]
    content = chosen_picture(values["photo"], values["sample_photo"])
    paintings += [str(find(name)) for name in values["sample_paintings"] or ()]
    if not paintings:
        raise UsageError("There is no painting: drop one, or pick one that comes with impasto.")
    given = {name: values[name] for name in FOLDED}
    settings = settings_from(
        {
            **given,
            "size": bench.limits.checked(values["size"]),
            "quality": values["quality"],
            "colors": values["colors"],
            "max_pixels": bench.limits.max_pixels,
        }
    )
    masks = masks_of(
        values["painted"], paintings, visit.new_folder(), max_pixels=bench.limits.max_pixels
    )
    weights = _weights(values["weights"], len(paintings))
    return Order(
        content,
        list(zip(paintings, weights, strict=True)),
        _strengthened(settings, float(values["strength"])),
        masks,
        bits=values["bits"],
    )


def _strengthened(settings: StylizeSettings, factor: float) -> StylizeSettings:
    if factor == 1:
        return settings
    return settings.changed({"style_weight": factor * convention(settings.objective).style_weight})


def _weights(text: str | None, count: int) -> Sequence[float]:
    """Read the weights of the paintings.

    Raises:
        UsageError: If they are not as many numbers as there are paintings.
    """
    words = (text or "").replace(",", " ").split()
    if not words:
        return [1.0] * count
    try:
        weights = [float(word) for word in words]
    except ValueError:
        raise UsageError(f"The weights of the paintings are numbers, not {text!r}.") from None
    if len(weights) != count:
        raise UsageError(f"There are {count} paintings and {len(weights)} weights.")
    return weights
