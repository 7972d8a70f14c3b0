"""What trained networks are measured with: photographs and paintings that they have not seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pictures import picture
from torch import Tensor

from impasto import Signal, StylizeSettings
from impasto.encoders import Encoder
from impasto.fast.model import FastModel
from impasto.fast.painter import TorchPainter, Wanted
from impasto.media import read
from impasto.samples import find
from impasto.stylization.inputs import read_inputs
from impasto.stylization.recipe import problem_for

SHARED = Path(__file__).parents[2] / "shared"
HELD_OUT = 20  # photographs that no training sees
UNSEEN = ("langlois_bridge", "pere_tanguy")  # paintings that no training sees
SIZE = 256  # longest side in pixels


class Judged(NamedTuple):
    """What a painting costs.

    Attributes:
        photo: The photograph.
        style: The picture of the style.
        before: J of the photograph as it is.
        after: J of the painting.
    """

    photo: Path
    style: Path
    before: float
    after: float


def held_out_photos() -> list[Path]:
    """Return photographs to measure with; none where ../shared is missing."""
    every = sorted((SHARED / "photos").glob("*.jpg"))
    return every[:: max(1, len(every) // HELD_OUT)][:HELD_OUT]


def styles_of(model: FastModel) -> list[Path]:
    """Return pictures of styles: those that a table knows, or such as no network was shown."""
    if model.is_any:
        return [SHARED / "paintings" / f"{name}.jpg" for name in UNSEEN]
    return [path for own in model.known if (path := find(own.name)) is not None]


def wanted(painter: TorchPainter, style: Path) -> Wanted:
    """Ask for a style by its picture, and by its row where the network knows it."""
    return Wanted(1.0, painter.named(style.stem), read(style).samples)


def cost(encoder: Encoder, content: Tensor, style: Path, made: Tensor, objective: str) -> float:
    """Return J of a picture (3, h, w) against a content of its size and a style."""
    settings = StylizeSettings(size=max(content.shape[1:])).changed({"objective": objective})
    inputs = read_inputs(Signal(content), str(style), max_pixels=settings.max_pixels)
    problem = problem_for(encoder, inputs, settings)
    evaluator = problem.evaluator(problem.space)
    return evaluator.value_and_gradient(made[None].to(encoder.device))[0].total


def judged(
    model: FastModel, encoder: Encoder, *, most: int | None = None, size: int = SIZE
) -> Iterator[Judged]:
    """Paint photographs that were kept back, each in one of the styles, and say what that costs.

    Args:
        model: Who paints.
        encoder: Network that sees.
        most: How many photographs; None for all.
        size: Their longest side.
    """
    painter, styles = TorchPainter(model), styles_of(model)
    for number, photo in enumerate(held_out_photos()[:most]):
        style = styles[number % len(styles)]
        content = picture(str(photo), size)[0].clamp(0, 1)
        painted = painter.painting([wanted(painter, style)], encoder=encoder)(content)
        before, after = (
            cost(encoder, content, style, one, "impasto") for one in (content, painted)
        )
        yield Judged(photo, style, before, after)
