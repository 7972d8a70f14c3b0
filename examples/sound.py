"""A drum sings: content, style and result, drawn and to be listened to."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import impasto
from impasto import media
from impasto.samples import find
from impasto.signal import Signal

CONTENT, STYLE = "tabla", "choir"
DOCS = Path(__file__).parents[1] / "docs"
HIGHEST = 8000.0  # Hz

result = impasto.stylize(CONTENT, STYLE, content_weight=0.03)  # much of the style
result.save(DOCS / "sounds" / f"{CONTENT}_{STYLE}.ogg")


def sample(name: str) -> Signal:
    path = find(name)
    assert path is not None
    return media.read(path)


sounds = {
    f"content: {CONTENT}": sample(CONTENT),
    f"style: {STYLE}": sample(STYLE),
    "result": result.signal,
}
figure = Figure(figsize=(10, 9.5), layout="constrained")
panels = figure.subplots(2 * len(sounds), sharex=True, height_ratios=[1, 2] * len(sounds))
for (title, sound), (above, below) in zip(sounds.items(), panels.reshape(-1, 2), strict=True):
    wave, rate_hz = sound.samples.mean(0).numpy(), sound.meta["rate_hz"]
    above.plot(np.arange(len(wave)) / rate_hz, wave, color="#23355c", linewidth=0.4)
    above.set(ylim=np.abs(wave).max() * np.array([-1, 1]), yticks=[])
    above.tick_params(bottom=False)
    above.set_title(title, loc="left")
    above.spines[:].set_visible(False)
    below.specgram(wave + 1e-6, NFFT=1024, noverlap=768, Fs=rate_hz, cmap="inferno", vmin=-140)
    below.set(ylim=(0, HIGHEST), ylabel="Hz")
    below.spines[:].set_visible(False)
below.set(xlim=(0, result.signal.space[0] / rate_hz), xlabel="seconds")
figure.savefig(DOCS / "images" / "sound.webp", dpi=100, pil_kwargs={"quality": 75, "method": 6})
