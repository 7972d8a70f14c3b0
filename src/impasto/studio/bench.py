"""What all parts of the page work with: visitors, limits, the queue, and how errors are told."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from impasto.errors import ImpastoError, UsageError
from impasto.samples import find, samples
from impasto.studio.uploads import Limits
from impasto.studio.visits import Visit, Visits

MACHINE = "machine"  # the queue of all work that takes the whole machine
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bench:
    """Where visitors work.

    Attributes:
        visits: Who is there.
        limits: How much each may ask for.
    """

    visits: Visits
    limits: Limits

    def visit(self, request: gr.Request) -> Visit:
        """Return the visit that a request belongs to."""
        return self.visits.of(request.session_hash)

    def begin(self, request: gr.Request) -> None:
        """Forget that the last job was stopped: another one is asked for."""
        self.visit(request).stopped.clear()

    def stop(self, request: gr.Request) -> None:
        """End the visitor's job; it keeps what it has made."""
        self.visit(request).stopped.set()

    def leave(self, request: gr.Request) -> None:
        """End the visit: the page was closed."""
        self.visits.leave(request.session_hash)

    def job(
        self,
        button: gr.Button,
        work: Callable[..., Iterator[Any]],
        inputs: Mapping[str, Component],
        outputs: Sequence[Component],
        *,
        name: str,
        reveals: Block | None = None,
    ) -> None:
        """Let a button start work that waits in the queue of the machine.

        Args:
            button: What is pressed.
            work: What is done, as for `answer`.
            inputs: What the work reads, by the names of its arguments.
            outputs: What it changes.
            name: Of the endpoint.
            reveals: What is shown once there is a result.
        """
        begun = button.click(self.begin, queue=False, api_visibility="private")
        done = begun.then(
            self.answer(work, inputs),
            [*inputs.values()],
            [*outputs],
            api_name=name,
            concurrency_id=MACHINE,
            concurrency_limit=1,
        )
        if reveals is not None:
            done.success(
                lambda: gr.update(visible=True),
                None,
                reveals,
                queue=False,
                api_visibility="private",
            )

    def answer(
        self, work: Callable[..., Any], inputs: Mapping[str, Component]
    ) -> Callable[..., Any]:
        """Return work as Gradio takes it: errors become sentences, arguments have names.

        Args:
            work: Called with the visit, and the values of the inputs by name; it returns what the
                outputs become, or yields it again and again.
            inputs: The elements by name.
        """
        names = [*inputs]

        def once(request: gr.Request, *values: Any) -> Any:
            with told():
                return work(self.visit(request), **dict(zip(names, values, strict=True)))

        def again(request: gr.Request, *values: Any) -> Iterator[Any]:
            with told():
                yield from work(self.visit(request), **dict(zip(names, values, strict=True)))

        answered: Any = again if inspect.isgeneratorfunction(work) else once
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter("request", kind, annotation=gr.Request)]
        parameters += [inspect.Parameter(own, kind, default=None) for own in names]
        answered.__signature__ = inspect.Signature(parameters)
        return answered


@contextmanager
def told() -> Iterator[None]:
    """Tell visitors in a sentence what went wrong, and no more than they should know."""
    try:
        yield
    except gr.Error:
        raise
    except ImpastoError as error:
        raise gr.Error(str(error), duration=None, print_exception=False) from None
    except Exception as error:
        _log.exception("Something unforeseen failed.")
        raise gr.Error(
            f"Something unforeseen failed ({type(error).__name__}). The studio's log has more.",
            duration=None,
            print_exception=False,
        ) from None


def sample_names(kind: str) -> list[str]:
    """Return the names of the bundled samples of a kind."""
    return [own.name for own in samples() if own.kind == kind]


def sample_shelf(kind: str, target: gr.Dropdown) -> None:
    """Lay out the bundled samples of a kind as small pictures; a press picks one, or drops it.

    Args:
        kind: "photo" or "painting".
        target: Where the names of those that are picked stand.
    """
    names = sample_names(kind)
    shelf = gr.Gallery(
        [(str(own.path), own.name) for own in samples() if own.kind == kind],
        show_label=False,
        columns=len(names),
        height=100,
        allow_preview=False,
        interactive=False,
        buttons=[],
        elem_classes="shelf",
    )

    def pick(event: gr.SelectData, picked: str | list[str] | None) -> str | list[str]:
        name = names[int(event.index)]
        if not target.multiselect:
            return "" if picked == name else name
        before = list(picked or ())
        return [own for own in before if own != name] if name in before else [*before, name]

    shelf.select(pick, target, target, queue=False, api_visibility="private")


def chosen(upload: str | None, sample: str | None, noun: str) -> str:
    """Return the file that was brought, or that of the sample that was picked.

    Raises:
        UsageError: If there is neither.
    """
    if upload:
        return upload
    found = find(sample) if sample else None
    if found is None:
        raise UsageError(f"There is no {noun}: drop one, or pick one that comes with impasto.")
    return str(found)
