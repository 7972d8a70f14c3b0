r"""
The cost function
=================

We want a picture G that has the content of C and the style of S. The course makes this a number,

.. math:: J(G) = \alpha J_{content}(C, G) + \beta J_{style}(S, G)

The first part says how far the content of G is from that of C. The second says how far the style of
G is from that of S. :math:`\alpha` and :math:`\beta` weigh them. Then it finds G by gradient
descent:

1. Begin with a random G.
2. Repeat :math:`G \leftarrow G - \eta \, \frac{\partial J(G)}{\partial G}`.

Mind what is learned here: the *pixels of G*. The network is frozen; its weights never change.
"""

# %%
# The ingredients
# ---------------
#
# A content, a style, and VGG19. How :math:`J_{content}` and :math:`J_{style}` come about is the
# subject of the next two chapters. Here they are short functions of the activations
# :math:`a^{[l]}`, in the form of the course, except that Gram matrices are divided by the number of
# positions, so that C and S may differ in size. The layers of the style count alike, each with a
# weight :math:`\lambda` of 0.2.

import torch
from matplotlib import pyplot as plt

import impasto
from impasto.media import read
from impasto.samples import find

SIZE, STEPS = 112, 80
C = read(find("neuschwanstein_castle"), longest=SIZE)
S = read(find("starry_night"), longest=SIZE)

CONTENT_LAYER = "relu4_2"
STYLE_LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
ALPHA, BETA, LAMBDA = 2e4, 1, 0.2

encoder = impasto.load_encoder("vgg19")


def activations(picture):
    """Return a[l] of a picture (1, 3, height, width) for all layers that the costs need."""
    return encoder(picture, [CONTENT_LAYER, *STYLE_LAYERS])


def content_cost(a_C, a_G):
    """Compare activations, position by position."""
    _, n_C, n_H, n_W = a_C.shape
    return ((a_C - a_G) ** 2).sum() / (4 * n_H * n_W * n_C)


def gram(a):
    """Return the Gram matrix, per position."""
    _, n_C, n_H, n_W = a.shape
    rows = a.reshape(n_C, n_H * n_W)
    return rows @ rows.T / (n_H * n_W)


def style_cost(a_S, a_G):
    """Compare Gram matrices."""
    n_C = a_S.shape[1]
    return ((gram(a_S) - gram(a_G)) ** 2).sum() / (2 * n_C) ** 2


a_C = activations(C.samples[None])
a_S = activations(S.samples[None])


def J(picture):
    """Return the cost of a picture and its two parts, already weighted."""
    a_G = activations(picture)
    content = ALPHA * content_cost(a_C[CONTENT_LAYER], a_G[CONTENT_LAYER])
    style = BETA * sum(LAMBDA * style_cost(a_S[layer], a_G[layer]) for layer in STYLE_LAYERS)
    return content + style, content, style


# %%
# From noise to picture
# ---------------------
#
# `impasto.stylize_steps` minimizes the same J and hands out every step. `objective="course"` asks
# for the course's formulas, `init="noise"` begins with a random G. (The course's exercise begins
# with a noisy C, and has :math:`\alpha = 10` and :math:`\beta = 40`. We begin with noise alone, so
# the content has to weigh more, or the castle would never appear.) We keep some of the pictures.

steps = impasto.stylize_steps(
    C,
    S,
    size=SIZE,
    objective="course",
    content_weight=ALPHA,
    style_weight=BETA,
    init="noise",
    levels=1,
    steps=STEPS,
    precision="float32",
)
kept, trace = {}, []
for step in steps:
    trace.append(step.costs)
    if step.index in (0, 5, 10, 20, 40, STEPS):
        kept[step.index] = step.samples

figure, panels = plt.subplots(2, 3, figsize=(9, 4.6), layout="constrained")
for panel, (index, samples) in zip(panels.flat, kept.items(), strict=False):
    panel.imshow(samples.clamp(0, 1).movedim(0, -1).numpy())
    panel.set_title(f"step {index}")
    panel.axis("off")

# %%
# Is our J that of the library? At the random G where the run began, and where it ended:

for index in (0, STEPS):
    with torch.no_grad():
        by_hand = float(J(kept[index][None])[0])
    print(f"step {index:2}: by hand {by_hand:.6g}, impasto {trace[index].total:.6g}")

# %%
# J falls
# -------
#
# The cost and its two parts, step by step. The axis is logarithmic. The style falls first and
# furthest, and the content follows. (The grain that is left in G hardly changes any activation, so
# this J does not mind it. impasto's own convention has two more terms: the total variation, which
# is what neighboring pixels differ by and so minds grain, and one that keeps samples between 0 and
# 1.)

figure, panel = plt.subplots(figsize=(7, 3.4), layout="constrained")
panel.semilogy([costs.total for costs in trace], color="black", lw=2, label="J")
panel.semilogy([costs.kinds["content"] for costs in trace], label=r"$\alpha\,J_{content}$")
panel.semilogy([costs.kinds["style"] for costs in trace], label=r"$\beta\,J_{style}$")
panel.set(xlabel="steps", ylabel="weighted cost")
panel.spines[["top", "right"]].set_visible(False)
panel.legend(frameon=False)

# %%
# Gradient descent by hand
# ------------------------
#
# Now the two lines of the algorithm, from the same random G. PyTorch computes the gradient by going
# back through the network to the pixels. The learning rate :math:`\eta` is found on the way: if a
# step led up, it is taken back and the rate halved; if it led down, the next may be a little
# longer.

G = kept[0][None].clone()
rate, curve = None, []
for _ in range(STEPS):
    G.requires_grad_()
    cost = J(G)[0]
    (gradient,) = torch.autograd.grad(cost, G)
    cost, G = float(cost.detach()), G.detach()
    if curve and cost > curve[-1]:
        rate = rate / 2
        curve.append(curve[-1])
    else:
        before, slope = G, gradient
        rate = 1.2 * rate if rate else 0.05 / float(gradient.square().mean().sqrt())
        curve.append(cost)
    G = before - rate * slope

figure, panel = plt.subplots(figsize=(7, 3.4), layout="constrained")
panel.semilogy(curve, label="gradient descent on pixels")
panel.semilogy([costs.total for costs in trace], color="black", label="impasto")
panel.set(xlabel="steps", ylabel="J")
panel.spines[["top", "right"]].set_visible(False)
panel.legend(frameon=False)

# %%
# The last picture of each:

figure, panels = plt.subplots(1, 2, figsize=(7, 2.6), layout="constrained")
for panel, (title, samples) in zip(
    panels, {"gradient descent": before[0], "impasto": kept[STEPS]}.items(), strict=True
):
    panel.imshow(samples.clamp(0, 1).movedim(0, -1).numpy())
    panel.set_title(title)
    panel.axis("off")

# sphinx_gallery_thumbnail_number = 1

# %%
# Both go down the same J. Plain gradient descent needs many more steps, so impasto does two things
# differently:
#
# - **L-BFGS** learns from the last steps how strongly J curves in each direction, and takes long
#   steps where it is flat.
# - It does not change the pixels themselves, but the **spectrum** of the picture, its Fourier
#   coefficients, with those of slow variations made easier to change than those of fast ones.
#   Otherwise large smooth areas, such as the sky, would be the last to become right.
#
# Also, unless told otherwise, it begins with C and not with noise, and works from a small picture
# to a large one.
#
# How to weigh
# ------------
#
# Only the ratio of :math:`\alpha` and :math:`\beta` matters: twice both is twice J, and its lowest
# place stays where it is. In the course's convention the two parts have different units, so that a
# good ratio for one pair and size is a bad one for another. impasto's own convention makes each a
# relative error: weights mean the same for every pair. :doc:`The costs </objectives>` has both, and
# :doc:`Choosing layers and weights </howto/layers_and_weights>` shows what more or less
# :math:`\alpha` does.
