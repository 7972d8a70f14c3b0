"""The part of the page that stylizes: pictures and settings in, a picture emerges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from impasto.errors import UsageError
from impasto.objectives.conventions import convention
from impasto.samples import find
from impasto.settings import StylizeSettings
from impasto.studio.bench import Bench
from impasto.studio.bringing import PICTURES, chosen, editor, sample_names, sample_shelf, upload
from impasto.studio.options import FOLDED, element, settings_from
from impasto.studio.regions import COLORS, masks_of
from impasto.studio.texts import say
from impasto.studio.visits import Visit
from impasto.studio.work import Job, Made, Order, Shown
from impasto.stylization.drawing import draw_costs

PLOT_EVERY = 4  # pictures that are shown for one plot


def build(bench: Bench) -> None:
    """Lay out the part, and say what happens in it."""
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            asked = _form(bench)
        with gr.Column(scale=3, min_width=320):
            shown = results()

    def run(visit: Visit, **values: Any) -> Iterator[list[Any]]:
        yield from updates(Job(_order(values, bench, visit), visit), visit)

    outputs = [shown[name] for name in OUTPUTS]
    bench.job(shown["run"], run, asked, outputs, name="stylize", reveals=shown["made"])
    shown["stop"].click(bench.stop, queue=False, api_name="stop")


OUTPUTS = ("result", "place", "costs", "compare", "files", "command", "gallery")


def results(*, run: str = "run") -> dict[str, Any]:
    """Lay out what a job shows.

    Args:
        run: What the button says, as a key of the words.
    """
    with gr.Row():
        begin = gr.Button(say(run), variant="primary")
        stop = gr.Button(say("stop"))
    shown: dict[str, Any] = {
        "run": begin,
        "stop": stop,
        "place": gr.Markdown(elem_classes="place"),
        "result": gr.Image(label=say("result"), interactive=False, format="webp"),
        "costs": gr.Plot(label=say("costs")),
    }
    with gr.Column(visible=False) as made:
        shown |= {
            "made": made,
            "compare": gr.ImageSlider(label=say("compare"), interactive=False, format="webp"),
            "files": gr.File(label=say("files"), file_count="multiple", interactive=False),
            "command": gr.Textbox(
                label=say("command"), buttons=["copy"], interactive=False, elem_classes="command"
            ),
            "gallery": gr.Gallery(
                label=say("gallery"),
                interactive=False,
                columns=4,
                height=220,
                preview=False,
                elem_classes="made",
            ),
        }
    return shown


def updates(job: Job, visit: Visit) -> Iterator[list[Any]]:
    """Do a job, and yield what each of OUTPUTS becomes."""
    for number, shown in enumerate(job.run(), start=1):
        is_time = number % PLOT_EVERY == 0 and _falls(shown)
        plot = draw_costs(shown.trace) if is_time else gr.skip()
        yield [visit.shown(shown.picture), _place(shown), plot, *(gr.skip() for _ in OUTPUTS[3:])]
    made = job.made
    if made is None:  # the visitor has gone
        return
    if made.after is not None:
        visit.gallery.insert(0, (str(made.after), made.output.name))
    yield [
        str(made.after) if made.after else gr.skip(),
        _end(made),
        draw_costs(made.result.trace) if made.result.terms else None,
        (str(made.before), str(made.after)) if made.after else None,
        [str(path) for path in made.files],
        made.command,
        list(visit.gallery),
    ]


def _falls(shown: Shown) -> bool:
    return len(shown.trace) > 1 and shown.trace[-1].get("total") is not None


def _place(shown: Shown) -> str:
    total = shown.trace[-1].get("total")
    cost = f" · J = {total:.4g}" if total is not None and _falls(shown) else ""
    return f"{shown.place} · {shown.seconds:.0f} s{cost}"


def _end(made: Made) -> str:
    cost = f" · J = {made.result.costs['total']:.4g}" if made.result.terms else ""
    sign = "■" if made.stopped else "✓"
    return f"{sign} {made.result.seconds:.1f} s{cost}"


def _form(bench: Bench) -> dict[str, Any]:
    """Lay out what a visitor fills in; return the elements by name."""
    asked: dict[str, Any] = {
        "photo": upload(label=say("photo")),
    }
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
    )
    asked["sample_paintings"] = gr.Dropdown(
        sample_names("painting"), multiselect=True, label=say("sample_paintings")
    )
    sample_shelf("painting", asked["sample_paintings"])
    asked |= {
        "weights": gr.Textbox(label=say("weights"), max_lines=1),
        "size": gr.Slider(64, bench.limits.size, value=512, step=16, label=say("size")),
        "quality": gr.Radio(["draft", "standard", "fine"], value="standard", label=say("quality")),
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
    with gr.Accordion(say("everything"), open=False):
        asked |= {name: element(name) for name in FOLDED}
    return asked


def _order(values: Mapping[str, Any], bench: Bench, visit: Visit) -> Order:
    """Turn what was filled in into an order.

    Raises:
        UsageError: If something is missing or out of its range.
    """
    paintings = [path for path, _ in values["paintings"] or ()]
    content = chosen(values["photo"], values["sample_photo"], "photograph")
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
    masks = masks_of(values["painted"], paintings, visit.new_folder())
    weights = _weights(values["weights"], len(paintings))
    return Order(
        content,
        list(zip(paintings, weights, strict=True)),
        _strengthened(settings, float(values["strength"])),
        masks,
    )


def _strengthened(settings: StylizeSettings, factor: float) -> StylizeSettings:
    if factor == 1:
        return settings
    usual = convention(settings.objective).style_weight
    return settings.changed({"style_weight": factor * (settings.style_weight or usual)})


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
