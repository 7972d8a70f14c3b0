"""What all parts of the page work with: visitors, limits, the queue, and how errors are told."""

from __future__ import annotations

import inspect
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.blocks import Block
from gradio.components import Component

from impasto.errors import ImpastoError
from impasto.studio.limits import Limits
from impasto.studio.visits import Visit, Visits

FILES = (gr.Audio, gr.File, gr.Gallery, gr.Image, gr.ImageEditor)  # elements that bring files
MACHINE = "machine"  # the queue of all work that takes the whole machine
_FOLDERS = re.compile(r"(?<![:/\w])/(?:[^\s/'\"]+/)+")  # of files, and not of addresses
READING = 20  # seconds that a sentence stays, if nobody closes it
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

    def stop(self, request: gr.Request) -> None:
        """End the visitor's job; it keeps what it has made."""
        self.visit(request).stop()

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
        quietly: dict[str, Any] = {"queue": False, "api_visibility": "private"}
        files = self.note_uploads(inputs)
        begun = button.click(self.answer(_nothing, files), [*files.values()], None, **quietly)
        done = begun.then(
            self.answer(work, inputs),
            [*inputs.values()],
            [*outputs],
            api_name=name,
            concurrency_id=MACHINE,
            concurrency_limit=1,
        )
        if reveals is not None:
            done.success(lambda: gr.update(visible=True), None, reveals, **quietly)

    def note_uploads(self, inputs: Mapping[str, Component]) -> Mapping[str, Component]:
        """Note files as soon as they are brought: others may bring the same, and leave.

        Args:
            inputs: Elements by name.
        Returns:
            Those among them that bring files.
        """
        files = {key: own for key, own in inputs.items() if isinstance(own, FILES)}
        for key, own in files.items():
            answer = self.answer(_nothing, {key: own})
            own.upload(answer, own, None, queue=False, api_visibility="private")
        return files

    def answer(
        self, work: Callable[..., Any], inputs: Mapping[str, Component]
    ) -> Callable[..., Any]:
        """Return work as Gradio takes it: errors become sentences, arguments have names.

        The files among the inputs are noted as brought by the visitor.

        Args:
            work: Called with the visit, and the values of the inputs by name; it returns what the
                outputs become, or yields it again and again.
            inputs: The elements by name.
        """
        names = [*inputs]

        def begun(request: gr.Request, values: Sequence[Any]) -> tuple[Visit, dict[str, Any]]:
            visit, given = self.visit(request), dict(zip(names, values, strict=True))
            files = [given[key] for key, own in inputs.items() if isinstance(own, FILES)]
            self.visits.bring(visit, paths_in(files))
            return visit, given

        def once(request: gr.Request, *values: Any) -> Any:
            with told():
                visit, given = begun(request, values)
                return work(visit, **given)

        def again(request: gr.Request, *values: Any) -> Iterator[Any]:
            with told():
                visit, given = begun(request, values)
                yield from work(visit, **given)

        is_stream = inspect.isgeneratorfunction(work)
        answered: Callable[..., Any] = again if is_stream else once
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter("request", kind, annotation=gr.Request)]
        parameters += [inspect.Parameter(own, kind, default=None) for own in names]
        answered.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        return answered


def _nothing(_visit: Visit, **_files: Any) -> None:
    """Do nothing but what `answer` does."""


def paths_in(value: Any) -> list[str]:
    """Return the paths in what elements say: alone, or in lists, pairs and mappings."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [path for own in value for path in paths_in(own)]
    return [value] if isinstance(value, str) else []


@contextmanager
def told() -> Iterator[None]:
    """Tell visitors in a sentence what went wrong; files of the machine go by their names alone."""
    try:
        yield
    except gr.Error:
        raise
    except ImpastoError as error:
        sentence = _FOLDERS.sub("", str(error))
        raise gr.Error(sentence, duration=READING, print_exception=False) from None
    except Exception as error:
        _log.exception("Something unforeseen failed.")
        raise gr.Error(
            f"Something unforeseen failed ({type(error).__name__}). The studio's log has more.",
            duration=READING,
            print_exception=False,
        ) from None
