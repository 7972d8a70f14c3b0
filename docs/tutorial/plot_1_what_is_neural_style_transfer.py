"""
What is neural style transfer?
==============================

Take a photograph and a painting. Paint what is in the photograph, again, in the way in which the
painting is painted.

The course calls the photograph the **content** picture, C; the painting the **style** picture, S;
and the picture that is made from them the **generated** picture, G. Two pictures go in, one comes
out.
"""

# %%
# Two pictures
# ------------
#
# A few pictures come with impasto. Their names work wherever the path of a file does. Here is a
# photograph of Neuschwanstein Castle, and *The Starry Night* by Vincent van Gogh.

from matplotlib import pyplot as plt

from impasto.media import read
from impasto.samples import find

C = read(find("neuschwanstein_castle"), longest=192)
S = read(find("starry_night"), longest=192)


def show(panel, samples, title):
    """Draw a picture of shape (3, height, width), samples from 0 to 1."""
    panel.imshow(samples.clamp(0, 1).movedim(0, -1).numpy())
    panel.set_title(title)
    panel.axis("off")


figure, panels = plt.subplots(1, 2, figsize=(7, 2.6), layout="constrained")
show(panels[0], C.samples, "C, the content")
show(panels[1], S.samples, "S, the style")

# %%
# A picture is a tensor: three channels (red, green, blue) over a height and a width. The samples
# are numbers from 0, dark, to 1, bright.

print("C", tuple(C.samples.shape))
print("S", tuple(S.samples.shape))

# %%
# One call
# --------
#
# `impasto.stylize` does the whole thing. `size` is the longest side of G in pixels. It is small
# here, so that the chapter is done soon.

import impasto

result = impasto.stylize(C, S, size=192, quality="draft")
G = result.signal

figure, panels = plt.subplots(1, 3, figsize=(10, 2.6), layout="constrained")
show(panels[0], C.samples, "C")
show(panels[1], S.samples, "S")
show(panels[2], G.samples, "G")

# sphinx_gallery_thumbnail_number = 3

# %%
# The castle is still there, and its towers stand where they stood. But the sky has swirls, and
# everything is made of the strokes and the colors of the painting. On the command line the same is
#
# .. code-block:: sh
#
#     impasto stylize neuschwanstein_castle --style starry_night --size 192 --quality draft
#
# No network was trained for this pair. The program began with the photograph and changed it
# step by step, so that a number J became smaller. J says how far G is from what we want:

first, last = result.trace[0], result.trace[-1]
print(f"J at the beginning: {first['total']:.3f}")
print(f"J after {last['step']} steps: {last['total']:.3f}")

# %%
# Other pairs
# -----------
#
# Nothing in the method is made for castles or for van Gogh. Any two pictures will do. A larger
# `content_weight` keeps more of C; the default is 0.3.

pairs = [("red_panda", "harvest"), ("kingfisher", "cafe_terrace_at_night")]
figure, rows = plt.subplots(len(pairs), 3, figsize=(10, 6), layout="constrained")
for row, (content, style) in zip(rows, pairs, strict=True):
    made = impasto.stylize(content, style, size=192, content_weight=1.0, quality="draft")
    show(row[0], read(find(content), longest=160).samples, content)
    show(row[1], read(find(style), longest=160).samples, style)
    show(row[2], made.signal.samples, "G")

# %%
# What has to be explained
# ------------------------
#
# How can a program tell the *content* of a picture from its *style*? Not by its pixels: those of C
# and G are all different. What it compares are the activations inside a convolutional network, at
# shallow and at deep layers. So the next chapter looks at what such a network sees there.
#
# **Paper**: L. A. Gatys, A. S. Ecker, M. Bethge,
# `A Neural Algorithm of Artistic Style <https://arxiv.org/abs/1508.06576>`__, 2015.
