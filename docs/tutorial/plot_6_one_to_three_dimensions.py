r"""
From one to three dimensions
============================

A convolution slides a filter over positions. Whether they lie along a line, over a plane or in a
block makes no difference to the idea, and none to the Gram matrix, which sums over positions
wherever they are. So style transfer is not only for pictures. This chapter does it with a
heartbeat, a sound and a scan.
"""

# %%
# Convolutions over one, two and three axes
# -----------------------------------------
#
# The course's example: a picture of 14 x 14 with 3 channels meets 16 filters of 5 x 5 and becomes
# 10 x 10 x 16; then 32 filters, and it becomes 6 x 6 x 32. An ECG of 14 samples with one channel
# meets 16 filters of length 5 and becomes 10 x 16, then 6 x 32. A scan of 14 x 14 x 14 does
# likewise. (PyTorch writes the channels first.)

import numpy as np
import torch
from matplotlib import pyplot as plt
from torch import nn

import impasto
from impasto.media import read
from impasto.objectives.gram import gram
from impasto.samples import find
from impasto.signal import Signal

for convolution, channels in ((nn.Conv1d, 1), (nn.Conv2d, 3), (nn.Conv3d, 1)):
    axes = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}[convolution]
    x = torch.rand(1, channels, *[14] * axes)
    first = convolution(channels, 16, 5)(x)
    second = convolution(16, 32, 5)(first)
    print(*(tuple(one.shape[1:]) for one in (x, first, second)), sep=" -> ")

# %%
# In impasto, whatever can be stylized is a `Signal`: channels over one, two or three axes. The
# costs are written once, for all of them. The Gram matrix has a row and a column for each channel,
# however many axes there were:

for axes in (1, 2, 3):
    features = torch.rand(1, 8, *[6] * axes)
    shapes = f"{tuple(features.shape)} -> {tuple(gram(features).shape)}"
    print("features and their Gram matrices:", shapes)

# %%
# One axis: a heartbeat
# ---------------------
#
# An ECG is one channel over time. We draw two, as sums of bell-shaped waves: the first is a quick
# heart, irregular, with narrow spikes; the second beats slowly and evenly, with wide waves. The
# content shall be the first and the style the second: *when* the one beats, with the *shape* of the
# other.

RATE_HZ = 250.0
QUICK = ((-0.16, 0.10, 0.020), (0.0, 1.0, 0.008), (0.03, -0.25, 0.010), (0.22, 0.20, 0.035))
WIDE = ((0.0, 0.7, 0.030), (0.08, -0.6, 0.035), (0.30, -0.35, 0.060))


def heart(times, waves, seconds=8.0):
    """Draw an ECG: at each time a beat, a sum of waves (delay, height, width) in seconds."""
    t = torch.arange(int(seconds * RATE_HZ)) / RATE_HZ
    curve = torch.zeros_like(t)
    for time in times:
        for delay, height, width in waves:
            curve += height * torch.exp(-0.5 * ((t - time - delay) / width) ** 2)
    return Signal(curve[None], "series", {"rate_hz": RATE_HZ})


rhythm = np.cumsum([0.4, 0.7, 0.8, 0.6, 0.9, 0.7, 0.6, 0.8, 0.7, 0.9])
content = heart(rhythm, QUICK)
style = heart(np.arange(0.5, 8.0, 1.0), WIDE)
result = impasto.stylize(content, style)

figure, panels = plt.subplots(3, 1, figsize=(9, 4), sharex=True, layout="constrained")
for panel, (title, own) in zip(
    panels, {"C": content, "S": style, "G": result.signal}.items(), strict=True
):
    panel.plot(torch.arange(own.space[0]) / RATE_HZ, own.samples[0], lw=1)
    panel.set_ylabel(title, rotation=0)
    panel.set_yticks([])
    panel.spines[["top", "right", "left"]].set_visible(False)
    for time in rhythm if title != "S" else ():
        panel.axvline(time, color="0.8", lw=0.8, zorder=0)
panels[2].set_xlabel("seconds; gray: the beats of C")

# sphinx_gallery_thumbnail_number = 1

# %%
# Most beats of G come when those of C do, and look like those of S. Where C hurries, one is weak,
# and at both ends, where the filters reach beyond the series, it is less sure. No network was
# trained on ECGs here. The filters are random, nine samples long, in six blocks one behind another:
# random filters tell textures apart, too.
# :doc:`Series </howto/series>` does this with two recorded ECGs.
#
# One axis: a sound
# -----------------
#
# A sound is a waveform over time. Its spectrogram, how loud each frequency is at each moment, is a
# signal over one axis, time, with a channel for each of 1,025 frequencies. The Gram matrix says
# which frequencies sound together. A second and a half of a tabla, in the style of a choir:

drum, choir = read(find("tabla")), read(find("choir"))
rate_hz = drum.meta["rate_hz"]
drum, choir = (own.with_samples(own.samples[:, : int(1.5 * rate_hz)]) for own in (drum, choir))
result = impasto.stylize(drum, choir, content_weight=0.03, steps=20)

figure, panels = plt.subplots(1, 3, figsize=(11, 2.6), sharey=True, layout="constrained")
for panel, (title, own) in zip(
    panels,
    {"C, a tabla": drum, "S, a choir": choir, "G": result.signal}.items(),
    strict=True,
):
    panel.specgram(own.samples.mean(0).numpy() + 1e-6, NFFT=1024, Fs=rate_hz, vmin=-150)
    panel.set(title=title, xlabel="seconds", ylim=(0, 8000))
panels[0].set_ylabel("Hz")

# %%
# The beats of the drum, vertical lines, are still there; between them there are now the horizontal
# lines of voices. In :doc:`Sounds </howto/sounds>` there is such a pair to listen to.
#
# Three axes: a scan
# ------------------
#
# A CT scan has a brightness at every point of a block. A network for scans would have filters that
# are blocks, too; but VGG19, which knows paintings, has flat ones. So each *slice* of the scan,
# along each of the three axes, shall have the style of the painting. We build a scan: a body with
# an organ and a bone in it. It has one channel, so it stays gray.

z, y, x = torch.meshgrid(*[torch.linspace(-1, 1, 32)] * 3, indexing="ij")


def ellipsoid(center, radii):
    """Return 1 inside an ellipsoid and 0 outside, with a soft border."""
    distance = sum(
        ((axis - at) / radius) ** 2
        for axis, at, radius in zip((z, y, x), center, radii, strict=True)
    )
    return torch.sigmoid(12 * (1 - distance))


body = 0.35 * ellipsoid((0, 0, 0), (0.9, 0.65, 0.8))
organ = 0.25 * ellipsoid((0.1, 0.1, -0.3), (0.45, 0.3, 0.3))
bone = 0.55 * ellipsoid((0, -0.25, 0.35), (0.7, 0.12, 0.15))
scan = Signal((body + organ + bone)[None], "volume", {"spacing_mm": (1.0, 1.0, 1.0)})

CUTS = (17, 13, 10)  # through the organ
result = impasto.stylize(scan, "starry_night", size=32, steps=12)

figure, rows = plt.subplots(2, 3, figsize=(7, 4.8), layout="constrained")
for row, (title, own) in zip(rows, {"C": scan, "G": result.signal}.items(), strict=True):
    for axis, panel in enumerate(row):
        cut = own.samples[0].select(axis, CUTS[axis])
        panel.imshow(cut.numpy(), cmap="gray", vmin=0, vmax=1)
        panel.set_title(f"{title}, across axis {axis + 1}", fontsize=9)
        panel.axis("off")

# %%
# Each of the three cuts has light and dark dabs now, where there was one gray.
# :doc:`Volumes </howto/volumes>` shows a head, and how a network that sees blocks takes its style
# from another volume.
#
# And a film is a picture with a third axis, time. :doc:`Films </howto/films>` tells how its frames
# are kept from flickering.
#
# That was the week
# -----------------
#
# You have seen all of it: what the units of a ConvNet look for; a content cost from a deep layer; a
# style cost from Gram matrices; a descent on the picture itself; and the same over any number of
# axes.
# :doc:`The costs </objectives>` compares the conventions of papers and programs,
# :doc:`Option by option </usage>` and the pages behind it say how things are done, and
# :doc:`How it is built </architecture>` shows where each formula lives in the code.
