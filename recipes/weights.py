"""Train the networks that come with impasto: python recipes/weights.py --hours 5

The work lies in build/weights, and a run that was killed goes on. What is trained goes into the
package, and a card for each into docs/models.

Photographs and paintings are those of ../shared, where it is there, and those that come with
impasto; all of them are in the public domain or CC0. Patterns that are drawn by recipes/patterns.py
stand in for the many styles that a network for any style must have seen.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from patterns import write_patterns

from impasto.encoders.catalog import load_encoder
from impasto.engine.placement import place
from impasto.errors import ImpastoError
from impasto.fast.diary import Diary
from impasto.fast.lesson import Teacher
from impasto.fast.model import FastModel, read_model
from impasto.fast.painter import TorchPainter, Wanted
from impasto.fast.photos import Photos
from impasto.fast.shipped import FOLDER, LARGEST, shipped
from impasto.fast.stock import VIEWS, Stock
from impasto.fast.training import Session, TrainStep
from impasto.media import read, write_bytes
from impasto.objectives.conventions import convention
from impasto.samples import samples
from impasto.settings import TrainSettings
from impasto.signal import fit, resample

ROOT = Path(__file__).parents[1]
SHARED, WORK, CARDS = ROOT.parent / "shared", ROOT / "build" / "weights", ROOT / "docs" / "models"
TEMPLATE = Path(__file__).with_name("card.md")
HELD_OUT = 20  # photographs that only benchmarks/fast.py sees
UNSEEN = ("langlois_bridge", "pere_tanguy")  # paintings that no network is shown
SCALE = 256  # longest side in pixels at which costs are measured
PATTERNS = 600
PACE_BATCHES, UNUSUAL = (
    40,
    16,
)  # batches that are timed, of which the first see all for the first time
LICENSE = "CC0-1.0"


@dataclass(frozen=True)
class Part:
    """A part of a training: small squares first, since they are quick.

    Attributes:
        crop: Side of the squares.
        size: Longest side of photographs and styles.
        batch: How many at once.
        share: Of the time.
        rate: Of learning, at its highest.
    """

    crop: int
    size: int
    batch: int
    share: float
    rate: float


PARTS = (Part(128, 256, 2, 0.65, 2e-3), Part(192, 256, 1, 0.35, 5e-4))
MODELS = {"paintings": 0.4, "any": 0.6}  # shares of the time


def main() -> None:
    """Train all networks, or one."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--hours", type=float, default=5.0)
    parser.add_argument("--only", choices=tuple(MODELS))
    parser.add_argument("--photos", type=Path, help="more photographs")
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--widths", default=TrainSettings().widths)
    given = parser.parse_args()
    WORK.mkdir(parents=True, exist_ok=True)
    for name, share in MODELS.items():
        if given.only in (None, name):
            hours = given.hours * (1.0 if given.only else share)
            settings = TrainSettings(precision=given.precision, widths=given.widths)
            train(name, settings, hours, photographs(given.photos))
    total = sum(path.stat().st_size for path in shipped())
    if total > LARGEST:
        raise ImpastoError(f"The models have {total} bytes, more than {LARGEST}.")
    print(f"{total} bytes in all")


def photographs(more: Path | None) -> list[Path]:
    """Return the photographs to learn from."""
    every = sorted((SHARED / "photos").glob("*.jpg"))
    kept_back = held_out()
    bundled = [sample.path for sample in samples() if sample.kind == "photo"]
    own = [path for path in every if path not in kept_back]
    added = sorted(path for path in more.rglob("*") if path.is_file()) if more else []
    return [*bundled, *added, *own]


def held_out() -> list[Path]:
    """Return the photographs that are kept back; where there are none, those of impasto."""
    every = sorted((SHARED / "photos").glob("*.jpg"))
    if not every:
        return [sample.path for sample in samples() if sample.kind == "photo"]
    return every[:: max(1, len(every) // HELD_OUT)][:HELD_OUT]


def paintings() -> list[Path]:
    """Return the paintings that come with impasto."""
    return [sample.path for sample in samples() if sample.kind == "painting"]


def stock_for(name: str, photos: Sequence[Path]) -> Stock:
    """Return the styles of a network."""
    if name == "paintings":
        return Stock(paintings())
    folder = WORK / "patterns"
    write_patterns(folder, PATTERNS)
    own = paintings()
    # paintings count as much as all patterns, and photographs are styles as well
    paths = [*own, *sorted(folder.iterdir())[:PATTERNS], *photos[:150]]
    names = [f"{number:04} {path.stem}" for number, path in enumerate(paths)]
    return Stock(paths, names=names, views=VIEWS, favored=len(own))


def train(name: str, settings: TrainSettings, hours: float, photos: Sequence[Path]) -> None:
    """Train a network part by part, and put it into the package."""
    stock, model = stock_for(name, photos), None
    if name == "any":  # which begins with what the other one knows of painting
        model = read_model(FOLDER / "paintings.safetensors")
    seconds = 0.0
    for number, part in enumerate(PARTS):
        path = WORK / f"{name}-{number}.safetensors"
        if not path.exists():
            print(f"{name}: squares of {part.crop} pixels", flush=True)
            step = one_part(name, number, part, settings, hours, stock, photos, model)
            model = step.model()
            write_bytes(path, model.packed())
        model = read_model(path)
        seconds += float(model.facts["training"]["end"]["elapsed_seconds"])
    assert model is not None
    if name == "any":  # whose 700 styles nobody asks for by name
        model = replace(model, known=())
    FOLDER.mkdir(exist_ok=True)
    write_bytes(FOLDER / f"{name}.safetensors", model.packed())
    write_card(name, model, seconds, len(photos), stock)


def one_part(
    name: str,
    number: int,
    part: Part,
    settings: TrainSettings,
    hours: float,
    stock: Stock,
    photos: Sequence[Path],
    start: FastModel | None,
) -> TrainStep:
    """Learn from squares of one size, for its share of the time."""
    learned = Photos(photos, longest=part.size, crop=part.crop)
    changes = {
        "crop": part.crop,
        "size": part.size,
        "batch": part.batch,
        "learning_rate": part.rate,
        "show_every": 400,
    }
    settings = settings.changed(changes)
    plan = WORK / f"{name}-{number}.json"  # a run that goes on takes as many steps as was planned
    if not plan.exists():
        pace = seconds_a_batch(settings, learned, stock, any_style=name == "any")
        steps = max(PACE_BATCHES, math.floor(3600 * hours * part.share / pace))
        plan.write_text(json.dumps({"steps": steps, "seconds_a_batch": pace}))
        print(f"{name}: {pace:.2f} s a batch, so {steps} batches", flush=True)
    settings = settings.changed({"steps": json.loads(plan.read_text())["steps"]})
    session = Session(
        settings,
        learned,
        stock,
        any_style=name == "any",
        facts={"photographs": len(learned), "license": LICENSE, "recipe": "recipes/weights.py"},
        start=start,
    )
    diary = Diary(WORK / f"{name}-{number}.log")
    checkpoint = WORK / f"{name}-{number}.checkpoint"
    for step in session.steps(checkpoint=checkpoint):
        diary.take(step)
        if step.wrong:
            print(f"{name}: batch {step.number}: {step.wrong}", flush=True)
        if step.is_due:
            took = step.record["elapsed_seconds"] / 60
            print(
                f"{name}: batch {step.number} of {step.steps}, {took:.0f} min, "
                f"J {step.record['total']:.4g}",
                flush=True,
            )
    diary.finish(step)
    checkpoint.unlink(missing_ok=True)
    return step


def seconds_a_batch(
    settings: TrainSettings, photos: Photos, stock: Stock, *, any_style: bool
) -> float:
    """Try a few batches."""
    session = Session(settings, photos, stock, any_style=any_style)
    times = []
    for step in session.steps():
        times.append(time.monotonic())
        if step.number == PACE_BATCHES:
            break
    return (times[-1] - times[UNUSUAL]) / (len(times) - 1 - UNUSUAL)


def measured(model: FastModel) -> str:
    """Tell what photographs cost that were kept back, before and after they are painted."""
    encoder = place(load_encoder())
    teacher = Teacher(encoder, convention("impasto"), size=SCALE)
    unseen = [path for path in sorted((SHARED / "paintings").glob("*.jpg")) if path.stem in UNSEEN]
    styles = (unseen or paintings()) if model.is_any else paintings()
    totals = []
    for number, path in enumerate(held_out()):
        photo, style = read(path).samples[None], read(styles[number % len(styles)]).samples
        photo = resample(photo, fit(tuple(photo.shape[2:]), SCALE)).clamp(0, 1)
        row = None if model.is_any else number % len(styles)
        paint = TorchPainter(model).painting([Wanted(1.0, row, style)], encoder=encoder)
        target = teacher.target((number % len(styles),), style)
        before, after = (
            teacher.correct(own, photo, [target], keys=(number,))[0].total
            for own in (photo, paint(photo[0])[None])
        )
        totals.append((before, after))
    before, after = (sum(own) / len(totals) for own in zip(*totals, strict=True))
    kind = "paintings that it was not shown" if model.is_any and unseen else "its paintings"
    return (
        f"J of {len(totals)} photographs that were kept back, at {SCALE} pixels, in {kind}: "
        f"{before:.2f} before, {after:.3f} painted"
    )


def write_card(name: str, model: FastModel, seconds: float, photos: int, stock: Stock) -> None:
    """Tell what a network was made from; what was measured of it is in docs/performance.md."""
    CARDS.mkdir(exist_ok=True)
    kind = "any painting as style" if model.is_any else f"{len(model.known)} styles"
    known = ", ".join(own.name for own in model.known) or f"{len(stock)} pictures in {VIEWS} views"
    training = model.facts["training"]
    values = {
        "name": name,
        "kind": kind,
        "styles": known,
        "photos": photos,
        "hours": f"{seconds / 3600:.1f}",
        "bytes": f"{(FOLDER / f'{name}.safetensors').stat().st_size:,}",
        "layout": json.dumps(model.network.layout.to_json()),
        "precision": training["precision"],
        "batches": training["end"]["step"],
        "cost": f"{training['end']['total']:.3g}",
        "parts": "; ".join(f"{own.batch} squares of {own.crop} at {own.size}" for own in PARTS),
        "license": LICENSE,
        "measured": measured(model),
    }
    (CARDS / f"{name}.md").write_text(TEMPLATE.read_text().format(**values))
    logs = [WORK / f"{name}-{number}.log" / "costs.png" for number in range(len(PARTS))]
    for number, path in enumerate(own for own in logs if own.exists()):
        shutil.copy(path, CARDS / f"{name}-{number}.png")


if __name__ == "__main__":
    main()
