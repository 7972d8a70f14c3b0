r"""
The style cost function
=======================

What is style? The course's answer: which channels of a layer are active *together*. If the channel
that finds vertical lines and the one that finds orange are active at the same places, then vertical
lines in this picture tend to be orange. How often they go together, over the whole picture, is one
number for each pair of channels. All these numbers are the style matrix, or **Gram matrix**. It is
a G, too, one for each layer, with two indices, while the picture G has none:

.. math:: G_{kk'}^{[l]} = \sum_{i=1}^{n_H} \sum_{j=1}^{n_W} a_{ijk}^{[l]} \, a_{ijk'}^{[l]}
"""

# %%
# The Gram matrix by hand
# -----------------------
#
# The sum over all positions of a layer, for each pair of channels :math:`k` and :math:`k'`, is a
# product of a matrix and its transpose.

import torch
from matplotlib import pyplot as plt

import impasto
from impasto.media import read
from impasto.objectives.gram import gram
from impasto.objectives.style import Style, mean_gram
from impasto.samples import find, samples
from impasto.signal import resample
from impasto.units import top_patches

C = read(find("neuschwanstein_castle"), longest=160)
S = read(find("starry_night"), longest=160).resized(C.space)  # both of one size, as in the course
encoder = impasto.load_encoder("vgg19")

layer = "relu3_1"
a_S = encoder(S.samples[None], [layer])[layer]
a_C = encoder(C.samples[None], [layer])[layer]
_, n_C, n_H, n_W = a_S.shape
print(f"{layer}: n_C = {n_C}, n_H = {n_H}, n_W = {n_W}")

rows = a_S.reshape(n_C, n_H * n_W)  # one row a channel, one column a position
by_hand = rows @ rows.T
print("the Gram matrix has shape", tuple(by_hand.shape))
difference = float((gram(a_S)[0] - by_hand).abs().max() / by_hand.max())
print(f"impasto's differs by {difference:.0e} of its largest number")

k, other = 5, 9
double_sum = 0.0
for i in range(n_H):
    for j in range(n_W):
        double_sum += float(a_S[0, k, i, j] * a_S[0, other, i, j])
print(f"G[{k}, {other}]: {double_sum:.6g} as the double sum, {by_hand[k, other]:.6g} in the matrix")

# %%
# Drawn, with the channels in their order. Bright is where two channels are often active together.
# The diagonal says how active a channel is by itself. We draw the first 48 channels of 256, of the
# style and of the content. Each number is divided by the number of positions, since S and C differ
# in size, and its square root is drawn, so that small ones are seen as well:

figure, panels = plt.subplots(1, 2, figsize=(8, 4), layout="constrained")
for panel, (title, a) in zip(panels, {"S": a_S, "C": a_C}.items(), strict=True):
    drawn = panel.imshow(mean_gram(a)[:48, :48].sqrt().numpy(), cmap="magma")
    panel.set_title(f"Gram matrix of {title}")
    figure.colorbar(drawn, ax=panel, fraction=0.05)
    panel.set(xlabel="k'", ylabel="k")

# %%
# It does not know where
# ----------------------
#
# The sum runs over all positions, so their order does not matter. If we shuffle the positions of
# the activations, nothing is left of the picture, and the Gram matrix is the same. That is why
# style may be put anywhere.

order = torch.randperm(n_H * n_W, generator=torch.Generator().manual_seed(0))
shuffled = a_S.flatten(2)[:, :, order].view_as(a_S)
change = float((gram(shuffled) - gram(a_S)).abs().max() / gram(a_S).max())
print(f"largest change of the Gram matrix: {change:.1g} of its largest number")

# %%
# Two channels that go together
# -----------------------------
#
# Divide :math:`G_{kk'}` by :math:`\sqrt{G_{kk} G_{k'k'}}`: 1 means that two channels are active in
# the same proportion everywhere, 0 that they are never active together. Among the channels that are
# active at all in *The Starry Night*, which pair is nearest to 1, and which partner of the same
# channel is nearest to 0? (0: the two are never active at one place.)

size = by_hand.diagonal().sqrt()
together = by_hand / (size[:, None] * size + 1e-6)
together.fill_diagonal_(0)
active = ((a_S[0] > 0).float().mean((1, 2)) > 0.2) & (size > size.median())
together[~active], together[:, ~active] = 0, 0
k, partner = divmod(int(together.argmax()), n_C)
apart = torch.where(active, together[k], torch.inf)
apart[k] = torch.inf
stranger = int(apart.argmin())
print(f"channels {k} and {partner}: {float(together[k, partner]):.2f}")
print(f"channels {k} and {stranger}: {float(together[k, stranger]):.2f}")

figure, panels = plt.subplots(1, 4, figsize=(11, 2.1), layout="constrained")
panels[0].imshow(S.samples.clamp(0, 1).movedim(0, -1).numpy())
panels[0].set_title("S")
for panel, channel in zip(panels[1:], [k, partner, stranger], strict=True):
    panel.imshow(a_S[0, channel].numpy(), cmap="gray")
    panel.set_title(f"channel {channel}")
for panel in panels:
    panel.axis("off")

# %%
# And what do these channels look for? Their nine patches, over the bundled paintings, as in the
# chapter on :doc:`what ConvNets learn <plot_2_what_deep_convnets_learn>`:

paintings = [read(own.path, longest=320) for own in samples() if own.kind == "painting"]
found = top_patches(encoder, paintings, layers=[layer], k=9, per_picture=3).layers[layer].units

figure, panels = plt.subplots(1, 3, figsize=(7, 2.6), layout="constrained")
for panel, channel in zip(panels, [k, partner, stranger], strict=True):
    cut = [paintings[int(own.picture)].samples[:, *own.region] for own in found[channel]]
    tiles = [resample(one[None], (48, 48))[0].clamp(0, 1) for one in cut]
    block = torch.cat([torch.cat(tiles[first : first + 3], dim=2) for first in (0, 3, 6)], dim=1)
    panel.imshow(block.movedim(0, -1).numpy())
    panel.set_title(f"channel {channel}")
    panel.axis("off")

# %%
# The first two answer to much the same contours, and so they are active together. The third answers
# to round bright spots, such as the stars, and those are seldom where the contours are.
#
# The cost
# --------
#
# The style cost of a layer compares the two Gram matrices, number by number:
#
# .. math::
#
#    J_{style}^{[l]} = \frac{1}{(2 \, n_H n_W n_C)^2}
#    \sum_{k, k'} \left( G_{kk'}^{[l](S)} - G_{kk'}^{[l](G)} \right)^2
#
# Let the generated picture be C itself, where a run begins unless it is told otherwise:

by_hand = ((gram(a_S) - gram(a_C)) ** 2).sum() / (2 * n_H * n_W * n_C) ** 2

term = Style(layer, mean_gram(a_S), positions=n_H * n_W, scale=1 / (2 * n_C) ** 2)
by_library = term.cost(term.statistic(a_C))
print(f"by hand {float(by_hand):.6g}, impasto {float(by_library):.6g}")

# %%
# impasto divides each Gram matrix by its own number of positions, :math:`n_H n_W`, so that S may
# have another size than G. Where both have the same size, this is the formula above.
#
# One layer, and many
# -------------------
#
# The style of a picture is the sum over several layers, with a weight for each:
#
# .. math:: J_{style}(S, G) = \sum_l \lambda^{[l]} J_{style}^{[l]}(S, G)
#
# What does each layer contribute? Begin with noise, and minimize the style cost without a content,
# here as a relative error, with a little smoothing. What comes out is a texture. (`relu5_1` is left
# out: alone it makes hardly more than noise.)

textures = {
    "relu1_1": {"relu1_1": 1.0},
    "relu2_1": {"relu2_1": 1.0},
    "relu3_1": {"relu3_1": 1.0},
    "relu4_1": {"relu4_1": 1.0},
    "all five": dict.fromkeys(["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"], 1.0),
}
figure, panels = plt.subplots(1, 5, figsize=(12, 2.7), layout="constrained")
for panel, (title, weights) in zip(panels, textures.items(), strict=True):
    made = impasto.synthesize(
        "starry_night", size=128, style_layers=weights, steps=50, tv_weight=0.05
    )
    panel.imshow(made.signal.samples.clamp(0, 1).movedim(0, -1).numpy())
    panel.set_title(title)
    panel.axis("off")

# sphinx_gallery_thumbnail_number = 1

# %%
# `relu1_1` gives the colors and their grain. `relu2_1` and `relu3_1` give dabs and strokes.
# `relu4_1` gives larger forms, and from deep layers alone colors go astray. All five together have
# the whole range, from the color of a dab to the swirl: that is why the course takes many layers.
#
# What λ does
# -----------
#
# Weights shift the style from fine to coarse. The same pair with five layers whose λ falls from
# relu1_1 to relu5_1, stays, or rises, and at the ends with the two shallowest or deepest only. So
# that the style as a whole counts as much, λ is scaled to a sum of five:

five = list(textures["all five"])
mixtures = {
    "1 : 1 : 0 : 0 : 0": [1, 1, 0, 0, 0],
    "81 : 27 : 9 : 3 : 1": [81, 27, 9, 3, 1],
    "1 : 1 : 1 : 1 : 1": [1, 1, 1, 1, 1],
    "1 : 3 : 9 : 27 : 81": [1, 3, 9, 27, 81],
    "0 : 0 : 0 : 1 : 1": [0, 0, 0, 1, 1],
}
figure, panels = plt.subplots(1, 5, figsize=(12, 2), layout="constrained")
for panel, (title, weights) in zip(panels, mixtures.items(), strict=True):
    lambdas = {
        layer: 5 * own / sum(weights) for layer, own in zip(five, weights, strict=True) if own
    }
    made = impasto.stylize(
        "neuschwanstein_castle", "starry_night", size=128, style_layers=lambdas, quality="draft"
    )
    panel.imshow(made.signal.samples.clamp(0, 1).movedim(0, -1).numpy())
    panel.set_title(f"λ {title}", fontsize=10)
    panel.axis("off")

# %%
# The shallow layers bring the colors and leave the forms alone. The deep ones bring the swirls, and
# leave the castle nearly white. Between them one goes over into the other. On the command line:
# `--style-layers relu1_1:1,relu2_1:0.5`. With this all parts of J are known: :math:`J_{content}`
# from a deep layer, :math:`J_{style}` from Gram matrices of many. Nothing in them was about
# pictures in particular, and the last chapter makes use of that.
