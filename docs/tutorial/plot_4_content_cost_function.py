r"""
The content cost function
=========================

Choose a hidden layer :math:`l` of a trained ConvNet. Let :math:`a^{[l](C)}` and :math:`a^{[l](G)}`
be its activations on the two pictures. If they are alike, both pictures have the same content. So

.. math:: J_{content}^{[l]}(C, G) = \frac{1}{2} \left\| a^{[l](C)} - a^{[l](G)} \right\|^2

half the sum of the squared differences of all activations. The factor in front is a convention,
which :math:`\alpha` can make up for: the programming exercise of the course has
:math:`\frac{1}{4 \, n_H n_W n_C}` there.

Which layer? A very shallow one would force G to have the very pixels of C. A very deep one would
only ask that somewhere there be a castle. This chapter shows what each layer still knows.
"""

# %%
# The cost, by hand and by the library
# ------------------------------------
#
# Let G be C, mirrored.

import torch
from matplotlib import pyplot as plt

import impasto
from impasto.media import read
from impasto.objectives.content import Content
from impasto.samples import find
from impasto.signal import resample

C = read(find("neuschwanstein_castle"), longest=128)
encoder = impasto.load_encoder("vgg19")

G = C.samples.flip(2)
layer = "relu4_2"
a_C = encoder(C.samples[None], [layer])[layer]
a_G = encoder(G[None], [layer])[layer]
print("a[l] has shape (1, n_C, n_H, n_W) =", tuple(a_C.shape))

by_hand = 0.5 * ((a_C - a_G) ** 2).sum()
term = Content(layer, a_C, scale=0.5)
by_library = term.cost(term.statistic(a_G))
print(f"by hand {float(by_hand):.6g}, impasto {float(by_library):.6g}")

# %%
# What a layer holds to be the same
# ---------------------------------
#
# Here is C and four pictures that differ from it. The noise is chosen so that its pixels differ
# from those of C exactly as much as those of the picture that is shifted by four pixels.


def squares(x):
    """Sum up squares."""
    return float((x**2).sum())


blurred = resample(resample(C.samples[None], (21, 32)), C.space)[0]
shifted = C.samples.roll(4, 2)
noise = torch.randn(C.samples.shape, generator=torch.Generator().manual_seed(0))
noise *= (squares(shifted - C.samples) / squares(noise)) ** 0.5
changed = {
    "shifted": shifted,
    "noisy": C.samples + noise,
    "darker": 0.7 * C.samples,
    "blurred": blurred,
}

figure, panels = plt.subplots(1, 5, figsize=(11, 1.7), layout="constrained")
for panel, (title, samples) in zip(panels, {"C": C.samples, **changed}.items(), strict=True):
    panel.imshow(samples.clamp(0, 1).movedim(0, -1).numpy())
    panel.set_title(title)
    panel.axis("off")

# %%
# The content cost of each at five layers, divided by :math:`\frac{1}{2} \| a^{[l](C)} \|^2` so that
# layers can be compared: 0 is the same as C, 1 as wrong as a picture without any activations.

LAYERS = ["relu1_2", "relu2_2", "relu3_2", "relu4_2", "relu5_2"]
with torch.no_grad():
    target = encoder(C.samples[None], LAYERS)
    figure, panel = plt.subplots(figsize=(7, 3.2), layout="constrained")
    for title, samples in changed.items():
        own = encoder(samples[None], LAYERS)
        costs = [squares(own[one] - target[one]) / squares(target[one]) for one in LAYERS]
        panel.plot(LAYERS, costs, marker="o", label=title)
panel.set(ylabel="relative content cost", ylim=(0, None))
panel.spines[["top", "right"]].set_visible(False)
panel.legend(frameon=False)

# %%
# By their pixels, the noisy picture and the shifted one are equally far from C. Shallow layers mind
# the shift more: the edges are not where they were. To deep layers it is hardly a change, for the
# castle is still there, a little further to the right; what they mind is the noise, which hides it.
# And the darker picture is nearly the same to all but the shallowest. To choose :math:`l` is to
# choose what counts as the same content.
#
# Pictures from activations
# -------------------------
#
# What does a layer still know of C? Begin with noise and minimize :math:`J_{content}^{[l]}`, here
# as a relative error. Whatever the layer does not know, the result has not. With a style weight of
# 0 only the content cost is left, and a little total variation, and a term that keeps samples
# between 0 and 1.

figure, panels = plt.subplots(2, 3, figsize=(8, 3.8), layout="constrained")
panels = panels.flatten()
panels[0].imshow(C.samples.clamp(0, 1).movedim(0, -1).numpy())
panels[0].set_title("C")
for panel, layer in zip(panels[1:], LAYERS, strict=True):
    result = impasto.stylize(
        C,
        "starry_night",
        size=128,
        content_layers={layer: 1.0},
        style_weight=0.0,
        tv_weight=0.01,
        init="noise",
        steps=60,
    )
    panel.imshow(result.signal.samples.clamp(0, 1).movedim(0, -1).numpy())
    panel.set_title(layer)
for panel in panels:
    panel.axis("off")

# sphinx_gallery_thumbnail_number = 4

# %%
# From `relu1_2` and `relu2_2` the picture comes back nearly as it was. From `relu3_2` on colors and
# fine texture begin to go, while edges stay in their places. At `relu4_2` there is a castle before
# mountains, drawn by somebody else. At `relu5_2` its parts are left, loosely arranged.
#
# Which layer to choose
# ---------------------
#
# The same style transfer with three content layers:

figure, panels = plt.subplots(1, 3, figsize=(10, 2.4), layout="constrained")
for panel, layer in zip(panels, ["relu2_2", "relu4_2", "relu5_2"], strict=True):
    result = impasto.stylize(
        C, "starry_night", size=128, content_layers={layer: 1.0}, quality="draft"
    )
    panel.imshow(result.signal.samples.clamp(0, 1).movedim(0, -1).numpy())
    panel.set_title(layer)
    panel.axis("off")

# %%
# All three began as C, and so they have much in common. With the shallow layer every window stays
# in its place, and the style is color and fine strokes. With the deepest the towers themselves are
# made of strokes. The course puts :math:`l` in between, neither too shallow nor too deep, and the
# default is `relu4_2`. On the command line it is `--content-layers relu4_2`; several layers with
# weights are `--content-layers relu3_2:0.5,relu4_2:1`.
