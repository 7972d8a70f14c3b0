"""Three ways back: what made a unit of relu5_1 answer to a photograph, by each projection."""

from pathlib import Path

from matplotlib.figure import Figure

from impasto import load_encoder, media
from impasto.samples import samples
from impasto.signal import cut, fit
from impasto.units.contrast import contrasted
from impasto.units.projection import RULES
from impasto.units.single import strongest

IMAGES = Path(__file__).parents[1] / "docs" / "images"
PHOTOS = {sample.name: sample.path for sample in samples()}
LAYER = "relu5_1"
UNITS = {"red_panda": 34, "neuschwanstein_castle": 136, "brandenburg_gate": 204}

encoder = load_encoder("vgg19")
figure = Figure(figsize=(10, 7.8))
for axes, (name, unit) in zip(figure.subplots(3, 4), UNITS.items(), strict=True):
    photo = media.read(PHOTOS[name])
    photo = photo.resized(fit(photo.space, 320))
    found = {method: strongest(encoder, photo, LAYER, unit, method=method) for method in RULES}
    patch = cut(photo.samples, found["deconvnet"].box)
    shown = {f"what unit {unit} sees": patch.clamp(0, 1).movedim(0, -1).numpy()}
    for method, own in found.items():
        shown[method] = contrasted(own.projection.movedim(0, -1).numpy())
    for panel, (title, picture) in zip(axes, shown.items(), strict=True):
        panel.imshow(picture)
        panel.set_title(title, fontsize=10)
        panel.set_axis_off()
figure.tight_layout()
figure.savefig(IMAGES / "units_backward.webp", dpi=100, pil_kwargs={"quality": 72, "method": 6})
