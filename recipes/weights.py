"""Train the networks that come with impasto: python recipes/weights.py --hours 5

The work lies in build/weights, and a run that was killed goes on; remove the folder for another
one. What is trained goes into the package, and a card for each into docs/models.

Photographs are those of ../shared, where it is there, and those that come with impasto; paintings
are those that come with impasto, and for the network that takes any the puzzles of a Debian package
as well. All of them are in the public domain or CC0. Patterns that recipes/patterns.py draws stand
in for the many styles that such a network must have seen.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from patterns import write_patterns
from puzzles import PACKAGE, write_puzzles

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))  # which measures with the same

from held_out import SHARED, SIZE, held_out_photos, judged

from impasto.encoders.catalog import load_encoder
from impasto.engine.placement import place
from impasto.errors import ImpastoError
from impasto.fast.diary import Diary
from impasto.fast.model import FastModel, read_model
from impasto.fast.photos import Photos
from impasto.fast.shipped import FOLDER, LARGEST, shipped
from impasto.fast.stock import VIEWS, Stock
from impasto.fast.training import Session, TrainStep
from impasto.media import write_bytes
from impasto.samples import samples
from impasto.settings import TrainSettings

ROOT = Path(__file__).parents[1]
WORK, CARDS = ROOT / "build" / "weights", ROOT / "docs" / "models"
TEMPLATE = Path(__file__).with_name("card.md")
PATTERNS = 300
SHEETS = 3  # of validation pictures in a part
PACE_BATCHES = 40  # batches that are timed
UNUSUAL = 16  # of these, the first, which see all for the first time
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


PARTS = {  # for a graphics card, and for processors
    "cuda": {
        "paintings": (Part(192, SIZE, 32, 0.6, 2e-3), Part(256, SIZE, 24, 0.4, 5e-4)),
        "any": (Part(192, SIZE, 32, 0.6, 1e-3), Part(256, SIZE, 24, 0.4, 4e-4)),
    },
    "cpu": {
        "paintings": (Part(128, SIZE, 2, 0.65, 2e-3), Part(192, SIZE, 1, 0.35, 5e-4)),
        "any": (Part(128, SIZE, 2, 0.65, 5e-4), Part(192, SIZE, 1, 0.35, 2.5e-4)),
    },
}
LIMITS = {  # of a network for some styles, and for any
    False: "Its paintings are all by Vincent van Gogh.",
    True: "It follows colors and textures of what is like something that it has seen, and is vague "
    "where it is not.",
}
KIND = "cuda" if torch.cuda.is_available() else "cpu"
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
    bundled = [sample.path for sample in samples() if sample.kind == "photo"]
    added = sorted(path for path in more.rglob("*") if path.is_file()) if more else []
    shared = sorted((SHARED / "photos").glob("*.jpg"))
    kept_back = {path.name for path in held_out_photos()}
    return [path for path in (*bundled, *added, *shared) if path.name not in kept_back]


def paintings() -> list[Path]:
    """Return the paintings that come with impasto."""
    return [sample.path for sample in samples() if sample.kind == "painting"]


def stock_for(name: str, photos: Sequence[Path]) -> Stock:
    """Return the styles of a network."""
    if name == "paintings":
        return Stock(paintings())
    folder = WORK / "patterns"
    write_patterns(folder, PATTERNS)
    own = [*paintings(), *write_puzzles(WORK / "puzzles")]
    # paintings count as much as all the rest, and photographs are styles as well
    paths = [*own, *sorted(folder.iterdir())[:PATTERNS], *photos[:150]]
    names = [f"{number:04} {path.stem}" for number, path in enumerate(paths)]
    return Stock(paths, names=names, views=VIEWS, favored=len(own))


def train(name: str, settings: TrainSettings, hours: float, photos: Sequence[Path]) -> None:
    """Train a network part by part, and put it into the package.

    One that lies there already is trained further; and one for any style begins with what the other
    one knows of painting.
    """
    stock = stock_for(name, photos)
    begins = [FOLDER / f"{own}.safetensors" for own in (name, "paintings")]
    model = next((read_model(path) for path in begins if path.exists()), None)
    done = list(model.facts["parts"]) if model and begins[0].exists() else []
    for number, part in enumerate(PARTS[KIND][name]):
        path = WORK / f"{name}-{number}.safetensors"
        if not path.exists():
            print(f"{name}: squares of {part.crop} pixels", flush=True)
            step = one_part(name, number, part, settings, hours, stock, photos, model)
            learned = step.model()
            facts = {**learned.facts, "parts": [*done, told(step)]}
            write_bytes(path, replace(learned, facts=facts).packed())
            path.with_suffix(".checkpoint").unlink(missing_ok=True)
        model = read_model(path)
        done = model.facts["parts"]
    assert model is not None
    if name == "any":  # whose hundreds of styles nobody asks for by name
        model = replace(model, known=())
    FOLDER.mkdir(exist_ok=True)
    write_bytes(FOLDER / f"{name}.safetensors", model.packed())
    write_card(name, model)


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
    }
    settings = settings.changed(changes)
    plan = WORK / f"{name}-{number}.json"  # a run that goes on takes as many steps as was planned
    if not plan.exists():
        pace = seconds_a_batch(settings, learned, stock, any_style=name == "any")
        steps = max(PACE_BATCHES, math.floor(3600 * hours * part.share / pace))
        plan.write_text(json.dumps({"steps": steps, "seconds_a_batch": pace}))
        print(f"{name}: {pace:.2f} s a batch, so {steps} batches", flush=True)
    steps = json.loads(plan.read_text())["steps"]
    settings = settings.changed({"steps": steps, "show_every": math.ceil(steps / SHEETS)})
    session = Session(
        settings,
        learned,
        stock,
        any_style=name == "any",
        facts={"photographs": len(learned), "shown": shown(name, stock), "license": LICENSE},
        start=start,
    )
    diary = Diary(WORK / f"{name}-{number}.log")
    checkpoint = WORK / f"{name}-{number}.checkpoint"
    step: TrainStep | None = None
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
    if step is None:  # it was killed before what was learned was written
        raise ImpastoError(f"{checkpoint} is of a training that is done: remove it.")
    diary.finish(step)
    return step


def told(step: TrainStep) -> dict[str, Any]:
    """Return what a card tells of a part."""
    settings, encoder = step.session.settings, step.session.teacher.encoder
    card = encoder.device.type == "cuda"
    machine = torch.cuda.get_device_name() if card else f"{torch.get_num_threads()} processor cores"
    return {
        "batches": step.number,
        "batch": settings.batch,
        "crop": settings.crop,
        "size": settings.size,
        "precision": str(encoder.precision).removeprefix("torch."),
        "seconds": round(step.record["elapsed_seconds"]),
        "machine": machine,
    }


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
    costs = [own[2:] for own in judged(model, place(load_encoder()))]
    if not costs:
        return "nothing: ../shared was not there, and no photograph was kept back"
    before, after = (sum(own) / len(costs) for own in zip(*costs, strict=True))
    kind = "paintings that it was not shown" if model.is_any else "its paintings"
    return (
        f"J of {len(costs)} photographs that were kept back, at {SIZE} pixels, in {kind}: "
        f"{before:.2f} before, {after:.3f} painted"
    )


def shown(name: str, stock: Stock) -> str:
    """Say which styles a network learns from."""
    if name == "paintings":
        return ", ".join(own.name for own in stock.facts)
    return (
        f"{len(stock)} pictures in {VIEWS} views: {stock.favored} paintings, those of impasto and "
        f"of the Debian package {PACKAGE}; {PATTERNS} drawn patterns; photographs"
    )


def write_card(name: str, model: FastModel) -> None:
    """Tell what a network was made from, as its file has it."""
    CARDS.mkdir(exist_ok=True)
    parts = "; ".join(
        f"{own['batches']:,} batches of {own['batch']} squares of {own['crop']} pixels, at "
        f"{own['size']}, in {own['seconds']:,} s of {own['machine']}, "
        f"{own['precision']}"
        for own in model.facts["parts"]
    )
    values = {
        "name": name,
        "kind": "any painting as style" if model.is_any else f"{len(model.known)} styles",
        "shown": model.facts["shown"],
        "photos": model.facts["photographs"],
        "bytes": f"{(FOLDER / f'{name}.safetensors').stat().st_size:,}",
        "layout": json.dumps(model.network.layout.to_json()),
        "parts": parts,
        "license": model.facts["license"],
        "measured": measured(model),
        "limits": LIMITS[model.is_any],
    }
    (CARDS / f"{name}.md").write_text(TEMPLATE.read_text().format(**values))


if __name__ == "__main__":
    main()
