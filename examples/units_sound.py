"""What a network that hears pitch listens for: the nine stretches of units of CREPE.

python examples/units_sound.py SOUNDS
"""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from impasto import load_encoder, media
from impasto.signal import Signal
from impasto.units import survey

IMAGES = Path(__file__).parents[1] / "docs" / "images"
LAYERS = ("relu1", "relu4")
WIDTH = 1300  # pixels


def seconds(path: Path) -> list[Signal]:
    """Cut a sound into pieces of a second, so that nine stretches come from nine places."""
    sound = media.read(path)
    length = round(sound.meta["rate_hz"])
    starts = range(0, sound.space[0] - length // 2, length)
    return [sound.with_samples(sound.samples[:, start : start + length]) for start in starts]


pieces = [piece for path in sorted(Path(sys.argv[1]).glob("*.flac")) for piece in seconds(path)]
with TemporaryDirectory() as folder:
    for _ in survey(
        pieces,
        folder,
        encoder=load_encoder("crepe-tiny"),
        layers=",".join(LAYERS),
        projection="guided",
        maximize=False,
    ):
        pass
    for layer in LAYERS:
        with Image.open(Path(folder, "layers", f"{layer}.png")) as montage:
            size = (WIDTH, round(montage.height * WIDTH / montage.width))
            smaller = montage.resize(size, Image.Resampling.LANCZOS)
            smaller.save(IMAGES / f"units_sound_{layer}.webp", quality=70, method=6)
