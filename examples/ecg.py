"""The rhythm of one heart with the beats of another: an ECG in the style of a second one.

python examples/ecg.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import matplotlib as mpl
import numpy as np
import pydicom
import pywt
from numpy.typing import NDArray
from pydicom.data import get_testdata_file

import impasto
from impasto.media import read, series

Curve = NDArray[np.float64]

IMAGES = Path(__file__).parents[1] / "docs" / "images"
LEAD_II, EVERY = 1, 4  # of 1000 samples a second every fourth is plenty
BEFORE_S, AFTER_S = 0.3, 0.5  # of a beat, around its peak
REFRACTORY_S = 0.4  # no two beats are closer
COLORS = {"content": "#555555", "style": "#c2410c", "result": "#1d4ed8"}


def save_inputs(folder: Path) -> None:
    """Save pydicom's ECG of ten seconds and PyWavelets' of three as tables with a time column."""
    path = get_testdata_file("waveform_ecg.dcm", download=False)
    assert isinstance(path, str)
    dataset = pydicom.dcmread(path)
    rate_hz = float(dataset.WaveformSequence[0].SamplingFrequency) / EVERY
    lead = dataset.waveform_array(0)[:, LEAD_II]
    smooth = lead[: len(lead) // EVERY * EVERY].reshape(-1, EVERY).mean(1)
    for name, curve, rate in (("content", smooth, rate_hz), ("style", pywt.data.ecg(), 360.0)):
        table = np.stack([np.arange(len(curve)) / rate, curve], 1)
        header = {"delimiter": ",", "header": "time,II", "comments": "", "fmt": "%.6g"}
        np.savetxt(folder / f"{name}.csv", table, **header)


def peaks(curve: Curve, rate_hz: float) -> NDArray[np.intp]:
    """Return where the beats are: the highest samples, none too close to a higher one."""
    height = curve - np.median(curve)
    found: list[int] = []
    for place in np.argsort(-height):
        if height[place] < 0.5 * height.max():
            break
        if all(abs(place - other) > REFRACTORY_S * rate_hz for other in found):
            found.append(int(place))
    return np.array(sorted(found))


def mean_beat(curve: Curve, places: NDArray[np.intp], rate_hz: float) -> Curve:
    """Return the mean of the beats around some places, with mean 0 and spread 1."""
    before, after = round(BEFORE_S * rate_hz), round(AFTER_S * rate_hz)
    whole = [p for p in places if p >= before and p + after <= len(curve)]
    beat = np.mean([curve[place - before : place + after] for place in whole], axis=0)
    standard: Curve = (beat - beat.mean()) / beat.std()
    return standard


with TemporaryDirectory() as folder:
    save_inputs(Path(folder))
    content, style = (read(Path(folder, f"{name}.csv")) for name in ("content", "style"))
    stylized = impasto.stylize(Path(folder, "content.csv"), Path(folder, "style.csv"))
    stylized.save(Path(folder, "result.csv"))
    result = series.read(Path(folder, "result.csv"))

rate_hz = float(content.meta["rate_hz"])
style = style.resized((round(style.space[0] * rate_hz / style.meta["rate_hz"]),))
curves = {
    name: own.samples[0].double().numpy()
    for name, own in {"content": content, "style": style, "result": result}.items()
}
beats = {name: peaks(curve, rate_hz) for name, curve in curves.items()}
shapes = {name: mean_beat(curve, beats[name], rate_hz) for name, curve in curves.items()}
late_ms = [1000 * np.abs(beats["result"] - at).min() / rate_hz for at in beats["content"]]
print(f"beats: {len(beats['content'])} in the content, {len(beats['result'])} in the result")
print(f"off the content's by {np.mean(late_ms):.1f} ms on average, {max(late_ms):.0f} ms at most")
for name, other in (("result", "style"), ("result", "content"), ("content", "style")):
    same = float(np.mean(shapes[name] * shapes[other]))
    print(f"correlation of the mean beats of {name} and {other}: {same:.3f}")

mpl.use("Agg")
from matplotlib import pyplot as plt  # noqa: E402 - after the choice of what draws

figure, axes = plt.subplots(
    3, 2, figsize=(10, 4.6), width_ratios=(4, 1), layout="constrained", sharex="col"
)
for (long, short), (name, curve) in zip(axes, curves.items(), strict=True):
    long.plot(np.arange(len(curve)) / rate_hz, curve, color=COLORS[name], linewidth=0.9)
    long.set_ylabel(name)
    moments = np.arange(len(shapes[name])) / rate_hz - BEFORE_S
    short.plot(moments, shapes[name], color=COLORS[name], linewidth=1.2)
    long.set_xlim(0, len(curves["content"]) / rate_hz)
    for one in (long, short):
        one.set_yticks([])
        one.spines[["top", "right"]].set_visible(False)
    for place in beats["content"] if name != "style" else ():
        long.axvline(place / rate_hz, color="#bbbbbb", linewidth=0.6, zorder=0)
axes[0, 0].set_title("the whole", fontsize=10)
axes[0, 1].set_title("mean beat", fontsize=10)
axes[2, 0].set_xlabel("seconds")
axes[2, 1].set_xlabel("seconds from the peak")
figure.savefig(IMAGES / "ecg.webp", dpi=110, pil_kwargs={"quality": 80})
