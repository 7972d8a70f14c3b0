"""How near the sounds that are made come to their styles, and what they keep of their contents.

    python benchmarks/sounds.py FOLDER

prints a table over the sounds of a folder: each is the content of the next one's style. The Gram
distance is the sum over the style layers of the network, as the costs have it: of two squared
differences by the squares of the style's. It is measured on the sound that comes out, so that the
price of finding phases counts, but before its volume is turned to that of the content. The envelope
is the loudness in steps of 50 ms.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import torch
from report import Options, Row
from torch import Tensor

from impasto import media
from impasto.encoders import Encoder, load_encoder
from impasto.encoders.spectral import Spectrogram1d, magnitudes
from impasto.engine.placement import place
from impasto.objectives.gram import gram
from impasto.samples import samples
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization import stylize_steps
from impasto.stylization.domains.audio import LOUDNESS, AudioDomain
from impasto.stylization.domains.phases import convergence

SECONDS, STEPS = 2.0, 60
CANVASES = ("samples", "spectrogram")
NETWORK, OTHER = "spectrogram-deep", "spectrogram"
FALL, ENVELOPE = 10.0, 0.6  # what there should be at least


@dataclass(frozen=True)
class Measured:
    """What one stylization was worth.

    Attributes:
        fall: Gram distance of the content to the style by that of the result.
        other: The same as a network hears it that took no part.
        envelope: Correlation of the loudness of content and result over time.
        convergence: Spectral convergence of the sound to the magnitudes that were aimed at.
        seconds: Time that it took.
    """

    fall: float
    other: float
    envelope: float
    convergence: float
    seconds: float


def measure(content: Signal, style: Signal, encoders: Sequence[Encoder], canvas: str) -> Measured:
    """Stylize a sound on a canvas, and measure what comes out."""
    began = time.perf_counter()
    settings = StylizeSettings(canvas=canvas, steps=STEPS)  # type: ignore[arg-type]
    *_, last = stylize_steps(content, style, settings=settings, encoder=encoders[0])
    domain = last.problem.domain
    assert isinstance(domain, AudioDomain)
    result = domain.made(last.samples)
    seconds = time.perf_counter() - began
    wanted = heard(media.audio.at_rate(style, content.meta["rate_hz"]))
    fall, other = (
        distance(heard(content), wanted, encoder) / distance(result, wanted, encoder)
        for encoder in encoders
    )
    stft = Spectrogram1d()
    # what is optimized as a sound has the spectrogram that it has
    aim = last.samples.cpu() if canvas == "spectrogram" else stft(last.samples.cpu()[None])[0]
    return Measured(
        fall,
        other,
        correlation(content.samples, result, content.meta["rate_hz"]),
        convergence(result, magnitudes(aim), stft),
        seconds,
    )


def heard(signal: Signal) -> Tensor:
    """Return a sound as networks hear it, shape (channel, t)."""
    centered = signal.samples - signal.samples.mean(-1, keepdim=True)
    return centered * (LOUDNESS / centered.square().mean().sqrt())


def distance(sound: Tensor, style: Tensor, encoder: Encoder) -> float:
    """Return the Gram distance of a sound to a style, in parts of the style's."""
    layers = list(encoder.cost_layers.style) if encoder.cost_layers else []
    total = 0.0
    with torch.no_grad():
        mine, wanted = (encoder(one[None].to(encoder.device), layers) for one in (sound, style))
        for layer in layers:
            own, target = (
                gram(features[layer])[0] / features[layer].shape[-1] for features in (mine, wanted)
            )
            total += float((own - target).square().sum() / target.square().sum())
    return total


def correlation(content: Tensor, result: Tensor, rate_hz: float) -> float:
    """Return the correlation of two loudness envelopes, in steps of 50 ms."""
    step = round(rate_hz / 20)
    envelopes = [
        one.square().mean(0).unfold(0, step, step).mean(1).sqrt() for one in (content, result)
    ]
    return float(torch.corrcoef(torch.stack(envelopes))[0, 1])


def start_of(path: Path) -> Signal:
    """Read the first seconds of a sound."""
    sound = media.read(path)
    return sound.with_samples(sound.samples[:, : round(SECONDS * sound.meta["rate_hz"])])


def networks(device: str) -> list[Encoder]:
    """Load the network that hears for the costs, and the one that hears for the measure alone."""
    return [place(load_encoder(name), device=device) for name in (NETWORK, OTHER)]  # type: ignore[arg-type]


def rows(options: Options) -> Iterator[Row]:
    """Measure the bundled sounds, each as content and as style."""
    sounds = [sample for sample in samples() if sample.kind == "sound"]
    encoders = networks(options.device)
    pairs = list(zip(sounds, [*sounds[1:], sounds[0]], strict=True))
    for (content, style), canvas in product(pairs[:1] if options.quick else pairs, CANVASES):
        found = measure(start_of(content.path), start_of(style.path), encoders, canvas)
        what = f"{content.name} in the style of {style.name}, canvas {canvas}, {STEPS} steps"
        ours = canvas == CANVASES[0]
        yield Row(
            f"{what}: Gram distance to the style falls",
            f"{found.fall:.1f} ×",
            f"≥ {FALL:g} ×" if ours else "",
            found.fall >= FALL if ours else None,
        )
        yield Row(
            f"{what}: correlation of the loudness envelopes",
            f"{found.envelope:.3f}",
            f"> {ENVELOPE:g}" if ours else "",
            found.envelope > ENVELOPE if ours else None,
        )


def main(folder: Path) -> None:
    """Print a table over the sounds of a folder."""
    torch.set_num_threads(2)
    encoders = networks("auto")
    paths = sorted(path for path in folder.iterdir() if path.suffix in media.MEDIA["audio"].inputs)
    print(
        "| content | style | canvas | Gram distance falls | as the other network hears it | "
        "envelope | spectral convergence |\n|---|---|---|---|---|---|---|"
    )
    for canvas, (content, style) in product(
        CANVASES, zip(paths, [*paths[1:], paths[0]], strict=True)
    ):
        found = measure(start_of(content), start_of(style), encoders, canvas)
        print(
            f"| {content.stem} | {style.stem} | {canvas} | {found.fall:.1f} × | "
            f"{found.other:.1f} × | {found.envelope:.3f} | {found.convergence:.4f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
