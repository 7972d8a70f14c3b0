"""
What are deep ConvNets learning?
================================

A hidden **unit** of a ConvNet is one channel of one layer. It is a detector that slides over the
picture and gives a number at every position: its activation. What does it detect? Zeiler and Fergus
found a way to see it. Show many pictures to the network, and for each unit keep the nine places at
which its activation was largest. Each place is a small **patch** of a picture. What these nine
patches have in common is what the unit looks for.
"""

# %%
# The network
# -----------
#
# VGG19 was trained to tell a thousand kinds of things apart. Its layers come in five blocks.
# `relu3_1` is the first layer of the third block, after its ReLU. We look at the first layer of
# every block.

import torch
from matplotlib import pyplot as plt

from impasto import load_encoder
from impasto.media import read
from impasto.samples import samples
from impasto.signal import resample
from impasto.units import project, receptive_fields, top_patches

LAYERS = ["relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"]
encoder = load_encoder("vgg19")
fields = receptive_fields(encoder, LAYERS, (224, 224))

for layer in LAYERS:
    count, size = encoder.table[layer].channels, fields[layer][0].size
    print(f"{layer}: {count} units, each sees {size} x {size} pixels")

# %%
# What a unit sees at one position is its receptive field. In the first layer it is a window of 3 x
# 3 pixels, in the last of these 156 x 156. The patches of a layer are as large as that.
#
# The nine patches
# ----------------
#
# Our pictures are the six photographs and six paintings that come with impasto. Twelve are few, so
# we take up to two patches of each. One pass over the pictures serves all units of all layers.

paths = [sample.path for sample in samples() if sample.kind != "sound"]
pictures = [read(path, longest=320) for path in paths]
atlas = top_patches(encoder, pictures, layers=LAYERS, k=9, per_picture=2)

for patch in atlas.layers["relu3_1"].units[0][:3]:
    rows, columns = patch.box
    name = paths[int(patch.picture)].stem
    print(f"{patch.activation:5.0f} in {name}, rows {rows}, columns {columns}")

# %%
# These are the first three of the nine patches of unit 0 of `relu3_1`, and where they are. Now we
# draw. A layer has up to 512 units; we take the eight that answered loudest. (A patch may reach
# over the border of a picture. Some units answer to the border itself, and are left out.) Each is a
# block of 3 x 3 patches.

SIDE = 48  # of a drawn patch, in pixels
LIMITS = {"relu5_1": 9}  # patches over the border; elsewhere three of nine may be


def tile(patch, samples, size):
    """Return a patch as a square of SIDE pixels, gray where it lies beyond the picture."""
    square = torch.full((3, SIDE, SIDE), 0.5)
    height, width = (max(1, round(SIDE * (end - start) / size)) for start, end in patch.box)
    square[:, :height, :width] = resample(samples[None], (height, width))[0].clamp(0, 1)
    return square


def block(tiles):
    """Set nine squares in three rows."""
    rows = [torch.cat(tiles[first : first + 3], dim=2) for first in (0, 3, 6)]
    return torch.cat(rows, dim=1)


def loudest(layer, count=8):
    """Return the units with the highest activations, of those that see little of borders."""
    units = atlas.layers[layer].units
    inside = [
        number
        for number, patches in enumerate(units)
        if len(patches) == 9 and sum(patch.clipped for patch in patches) <= LIMITS.get(layer, 3)
    ]
    return sorted(inside, key=lambda number: -units[number][0].activation)[:count]


def draw(layer):
    """Draw the nine patches of eight units."""
    size = fields[layer][0].size
    figure, panels = plt.subplots(2, 4, figsize=(8, 4.5), layout="constrained")
    for panel, unit in zip(panels.flat, loudest(layer), strict=True):
        patches = atlas.layers[layer].units[unit]
        cut = [pictures[int(patch.picture)].samples[:, *patch.region] for patch in patches]
        squares = [tile(*pair, size) for pair in zip(patches, cut, strict=True)]
        panel.imshow(block(squares).movedim(0, -1).numpy())
        panel.set_title(f"unit {unit}", fontsize=8)
        panel.axis("off")
    figure.suptitle(f"{layer}, {size} x {size} pixels", fontsize=10)


draw("relu1_1")

# %%
# **Block 1** sees 3 x 3 pixels at its first layer. That is room for an edge, light beside dark in
# one direction, or for one color.

draw("relu2_1")

# %%
# **Block 2** sees 10 x 10 pixels: bars, corners, two colors side by side.

draw("relu3_1")

# %%
# **Block 3** sees 24 x 24 pixels: posts and openings, stripes, one color framed by another.

draw("relu4_1")

# %%
# **Block 4** sees 68 x 68 pixels: larger patterns, and parts of things, such as heads and columns.

draw("relu5_1")

# sphinx_gallery_thumbnail_number = 6

# %%
# **Block 5** sees 156 x 156 pixels, half of the longest side of our pictures. A gray margin is
# where the receptive field reaches over the border. With twelve pictures there is little to choose
# from, so here the patches of a unit have less in common than they could. :doc:`The microscope
# </units>` shows the same layers over 205 photographs, where block 5 finds eyes, roofs and domes.
# With a folder of your own it is one command:
#
# .. code-block:: sh
#
#     impasto units photos/ --layers 'relu*_1' -o report/
#
# What in the patch?
# ------------------
#
# A patch shows where a unit answers. To see *what* in the patch it answers to, send the activation
# back through the network, from the unit to the pixels. Here is one unit of `relu4_1`: above its
# first four patches, below their projections by guided backpropagation. That is the gradient, but
# each ReLU on the way back lets a number through only if it is positive and was positive in the
# forward pass, too.

unit = loudest("relu4_1")[0]
patches = [patch for patch in atlas.layers["relu4_1"].units[unit] if not patch.clipped][:4]

figure, rows = plt.subplots(2, 4, figsize=(8, 4.2), layout="constrained")
for above, below, patch in zip(*rows, patches, strict=False):
    picture = pictures[int(patch.picture)].samples
    where = torch.tensor([unit]), torch.tensor([patch.position])
    back = project(encoder, picture[None], "relu4_1", *where, method="guided")
    shown = back[0, :, *patch.region]
    above.imshow(picture[:, *patch.region].clamp(0, 1).movedim(0, -1).numpy())
    below.imshow((0.5 + 0.5 * shown / shown.abs().max()).movedim(0, -1).numpy())
for panel in rows.flat:
    panel.axis("off")
figure.suptitle(f"unit {unit} of relu4_1", fontsize=10)

# %%
# In the bird the unit answers to the bright cheek in its dark frame, in the horse to the white
# nose, and in the painting to a yellow spot with a blue rim: things that look alike to it, though
# they are not the same to us.
#
# Why this matters for style transfer
# -----------------------------------
#
# - **Shallow** layers know colors, edges and small strokes, and exactly where they are.
# - **Deep** layers know patterns and things, and roughly where they are.
#
# So the activations of a deep layer can say what is in a picture: its content. What strokes and
# colors it has, wherever they are, all layers say together: its style. How this becomes a number to
# be minimized is the next chapter.
#
# **Paper**: M. D. Zeiler, R. Fergus,
# `Visualizing and Understanding Convolutional Networks <https://arxiv.org/abs/1311.2901>`__, 2013.
