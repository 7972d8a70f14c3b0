"""What visitors bring: files of their own, or samples that come with impasto."""

from __future__ import annotations

from typing import Any

import gradio as gr

from impasto.errors import UsageError
from impasto.media import MEDIA, medium_of
from impasto.samples import find, samples

PICTURES = tuple(MEDIA["image"].inputs)
VOLUMES = tuple(MEDIA["volume"].inputs)


def upload(**how: Any) -> gr.Image:
    """Return an element that takes a picture; our readers open its file: they say what is wrong.

    Args:
        **how: As for gr.Image.
    """
    element = gr.Image(type="filepath", sources=["upload"], buttons=[], **how)
    # not a class of its own: Gradio writes a file beside each that is derived from one of its own
    element.preprocess = _path  # type: ignore[method-assign]
    return element


def editor(**how: Any) -> gr.ImageEditor:
    """Return an element that takes a picture to paint over; it says the files of its layers.

    Args:
        **how: As for gr.ImageEditor.
    """
    element = gr.ImageEditor(sources=[], transforms=(), layers=False, buttons=[], **how)
    element.preprocess = _paths  # type: ignore[method-assign, assignment]
    return element


def _path(payload: Any) -> str | None:
    return None if payload is None else payload.path


def _paths(payload: Any) -> dict[str, Any] | None:
    if payload is None:
        return None
    parts = {"background": payload.background, "composite": payload.composite}
    paths = {name: own.path if own else None for name, own in parts.items()}
    return {**paths, "layers": [own.path for own in payload.layers]}


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


def chosen_picture(brought: str | None, sample: str | None) -> str:
    """Do as `chosen`, for a photograph.

    Raises:
        UsageError: If there is none, or it is a film or a volume.
    """
    path = chosen(brought, sample, "photograph")
    if medium_of(path) != "image":
        raise UsageError(
            f"{path} has more than one picture: impasto stylize takes it, not this page."
        )
    return path


def chosen(brought: str | None, sample: str | None, noun: str) -> str:
    """Return the file that was brought, or that of the sample that was picked.

    Raises:
        UsageError: If there is neither.
    """
    if brought:
        return brought
    found = find(sample) if sample else None
    if found is None:
        raise UsageError(f"There is no {noun}: drop one, or pick one that comes with impasto.")
    return str(found)
