"""Which part of a photograph matters: a gray square slides over it (Zeiler, Fergus, figure 7)."""

from pathlib import Path

import torch
from matplotlib.figure import Figure

from impasto import load_encoder, media
from impasto.samples import samples
from impasto.signal import fit
from impasto.units import occlude

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PHOTOS = {sample.name: sample.path for sample in samples()}
CLASSES = {"neuschwanstein_castle": (483, "castle"), "kingfisher": (95, "jacamar")}
DEEP, SCORES = "blocks.15", "fc"
SQUARE, STRIDE = 64, 8

encoder = load_encoder("efficientnet-lite0")
figure = Figure(figsize=(11, 5.2), layout="compressed")
for (shown, *mapped), (name, (number, called)) in zip(
    figure.subplots(2, 3), CLASSES.items(), strict=True
):
    photo = media.read(PHOTOS[name])
    photo = photo.resized(fit(photo.space, 224))
    with torch.no_grad():
        strongest = int(encoder(photo.samples[None], [DEEP])[DEEP][0].flatten(1).amax(1).argmax())
    unit = occlude(encoder, photo, DEEP, strongest, size=SQUARE, stride=STRIDE)
    named = occlude(encoder, photo, SCORES, number, size=SQUARE, stride=STRIDE, softmax=True)
    height, width = photo.space
    shown.imshow(photo.samples.clamp(0, 1).movedim(0, -1).numpy(), extent=(0, width, height, 0))
    shown.set_title(f"{called}: {named.unoccluded:.0%}", fontsize=10)
    titles = (f"activation of {DEEP}:{strongest}", f"probability of “{called}”")
    for panel, occlusion, title in zip(mapped, (unit, named), titles, strict=True):
        rows, columns = occlusion.borders
        drawn = panel.imshow(
            occlusion.activations.numpy(), extent=(*columns, *rows[::-1]), cmap="viridis", vmin=0
        )
        panel.set(xlim=(0, width), ylim=(height, 0))
        figure.colorbar(drawn, ax=panel, fraction=0.03, pad=0.02)
        panel.set_title(title, fontsize=10)
    for panel in (shown, *mapped):
        panel.set_axis_off()
figure.savefig(IMAGES / "units_occlusion.webp", dpi=100, pil_kwargs={"quality": 76, "method": 6})
