"""What the page shows of a job while it runs, and what can be taken away at its end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any

import gradio as gr
from gradio.components import Component

from impasto.studio.bench import Bench
from impasto.studio.texts import say
from impasto.studio.work import Job, Made, Shown
from impasto.stylization.drawing import draw_costs

BUTTONS: Any = ("download", "fullscreen")  # of pictures; to share is to send them to other machines
PLOT_EVERY = 4  # times that something is shown for one plot

Changes = Mapping[Component, Any]


class Results(ABC):
    """The elements for a job, of any medium; what is peculiar to one is added by those derived.

    Attributes:
        bench: Where visitors work.
        run: The button that starts.
        made: What is hidden until there is a result.

    Args:
        bench: Whose button stops the job.
        run: What the button says that starts it, as a key of the words.
        stop: Name of the endpoint that stops it; None where it has none of its own.
    """

    def __init__(self, bench: Bench, *, run: str = "run", stop: str | None = None) -> None:
        self.bench = bench
        with gr.Row():
            self.run = gr.Button(say(run), variant="primary")
            stops = gr.Button(say("stop"))
        named: dict[str, Any] = {"api_name": stop} if stop else {"api_visibility": "private"}
        stops.click(bench.stop, queue=False, **named)
        self.place = gr.Markdown(elem_classes="place")
        self.result = self.build_result()
        # its label would lie over the curve
        self.costs = gr.Plot(label=say("costs"), show_label=False, elem_classes="curve")
        with gr.Column(visible=False) as self.made:
            self.compared = self.build_compared()
            self.files = gr.File(label=say("files"), file_count="multiple", interactive=False)
            self.command = gr.Textbox(
                label=say("command"), buttons=["copy"], interactive=False, elem_classes="command"
            )
            self.gallery = self.build_gallery()

    @abstractmethod
    def build_result(self) -> list[Component]:
        """Lay out the result."""

    def build_compared(self) -> list[Component]:
        """Lay out what compares it with the content."""
        return []

    def build_gallery(self) -> list[Component]:
        """Lay out what was made before."""
        return []

    @property
    def outputs(self) -> list[Component]:
        """All elements that change, in the order in which programs get their values."""
        named = [self.files, self.command]
        return [*self.result, self.place, self.costs, *self.compared, *named, *self.gallery]

    def updates(self, job: Job) -> Iterator[Changes]:
        """Do a job, and yield what changes."""
        for number, shown in enumerate(job.run(), start=1):
            changes = {self.place: _place(shown), **self.emerging(job, shown)}
            if number % PLOT_EVERY == 0 and _falls(shown):
                changes[self.costs] = draw_costs(shown.trace)
            yield changes
        made = job.made
        if made is None:  # the visitor has gone
            return
        yield {
            self.place: _end(made),
            self.costs: draw_costs(made.result.trace) if made.result.terms else None,
            self.files: [str(path) for path in made.files],
            self.command: made.command,
            **self.ended(job, made),
        }

    def emerging(self, _job: Job, _shown: Shown) -> Changes:
        """Return what else changes while the job runs."""
        return {}

    @abstractmethod
    def ended(self, job: Job, made: Made) -> Changes:
        """Return what else changes at its end."""


class PictureResults(Results):
    """The elements for a job that makes a picture, which emerges."""

    def build_result(self) -> list[Component]:
        """See Results."""
        return [picture("result", elem_classes="result")]

    def build_compared(self) -> list[Component]:
        """See Results."""
        return [
            gr.ImageSlider(
                label=say("compare"), interactive=False, format="webp", buttons=[*BUTTONS]
            )
        ]

    def build_gallery(self) -> list[Component]:
        """See Results."""
        return [
            gr.Gallery(
                label=say("gallery"),
                interactive=False,
                columns=4,
                height=220,
                preview=False,
                buttons=[*BUTTONS],
                elem_classes="made",
            )
        ]

    def emerging(self, job: Job, shown: Shown) -> Changes:
        """See Results."""
        return {self.result[0]: job.visit.shown(shown.picture)}

    def ended(self, job: Job, made: Made) -> Changes:
        """See Results."""
        pair = (str(made.before), str(made.after))
        job.visit.gallery.insert(0, (pair[1], made.output.name))
        return {
            self.result[0]: str(made.output),
            self.compared[0]: pair,
            self.gallery[0]: list(job.visit.gallery),
        }


def picture(label: str, **how: Any) -> gr.Image:
    """Return an element that shows a picture; its label is a key of the words."""
    return gr.Image(label=say(label), interactive=False, format="webp", buttons=[*BUTTONS], **how)


def _falls(shown: Shown) -> bool:
    return len(shown.trace) > 1


def _place(shown: Shown) -> str:
    cost = f" · J = {shown.trace[-1]['total']:.4g}" if _falls(shown) else ""
    return f"{shown.place} · {shown.seconds:.0f} s{cost}"


def _end(made: Made) -> str:
    cost = f" · J = {made.result.costs['total']:.4g}" if made.result.terms else ""
    sign = "■" if made.stopped else "✓"
    return f"{sign} {made.result.seconds:.1f} s{cost}"
