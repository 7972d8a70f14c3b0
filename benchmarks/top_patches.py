"""The search for top patches against the bare forward passes over the same pictures.

Both go through VGG19 up to its last convolution, picture by picture, as the search does. The bare
passes get their pictures out of memory and look at nothing; the search reads JPEG files and keeps
the lists of all 16 convolution layers.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from report import Options, Row

from impasto.encoders import Encoder, load_encoder, select_layers
from impasto.engine.placement import place
from impasto.media import read, to_pil
from impasto.media.dataset import Dataset
from impasto.samples import samples
from impasto.signal import Signal
from impasto.units.search import Search, search

SPACE = (480, 640)


def write_pictures(folder: Path, count: int) -> None:
    """Write parts of the bundled pictures as JPEG files of 640 x 480."""
    random = np.random.default_rng(0)
    pictures = [to_pil(read(sample.path)).convert("RGB") for sample in samples()]
    height, width = SPACE
    for number in range(count):
        picture = pictures[number % len(pictures)]
        side = min(picture.width / width, picture.height / height) * random.uniform(0.5, 1)
        wide, high = side * width, side * height
        left, top = (
            random.uniform(0, picture.width - wide),
            random.uniform(0, picture.height - high),
        )
        part = picture.resize(
            (width, height), Image.Resampling.LANCZOS, (left, top, left + wide, top + high)
        )
        part.save(folder / f"{number:04}.jpg", quality=90)


def bare(encoder: Encoder, pictures: list[Signal], layers: list[str]) -> float:
    """Return the seconds of the forward passes."""
    device = next(encoder.parameters()).device
    began = time.perf_counter()
    with torch.no_grad():
        for picture in pictures:
            encoder(picture.samples[None].to(device), layers[-1:])
    return time.perf_counter() - began


def rows(options: Options) -> Iterator[Row]:
    """Measure in turns, and take the best of each."""
    encoder = place(load_encoder("vgg19"), device=options.device)
    layers = select_layers(encoder, "conv*")
    with tempfile.TemporaryDirectory() as name:
        write_pictures(Path(name), 12 if options.quick else 96)
        dataset = Dataset(name)
        pictures = [signal for _, signal in dataset.signals() if isinstance(signal, Signal)]
        forward, searched = [], []
        for _ in range(2 if options.quick else 3):
            forward.append(bare(encoder, pictures, layers))
            began = time.perf_counter()
            for _ in search(Search(encoder, layers), dataset):
                pass
            searched.append(time.perf_counter() - began)
    ratio = min(searched) / min(forward)
    yield Row(
        f"top patches of {len(layers)} convolution layers over {len(pictures)} JPEG files of "
        f"{SPACE[1]} × {SPACE[0]}: {min(searched):.1f} s, bare forward passes {min(forward):.1f} s",
        f"{ratio:.2f} ×",
        "≤ 1.25 ×",
        ratio <= 1.25,
    )
