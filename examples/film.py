"""Noise becomes a picture, step by step."""

from pathlib import Path

import impasto
from impasto.stylization.drawing import Film

IMAGES = Path(__file__).parents[1] / "docs" / "images"

film = Film(frames=48, longest=360)
for step in impasto.stylize_steps(
    "neuschwanstein_castle", "starry_night", size=360, init="noise", levels=1, steps=200
):
    film.add(step)
film.save(IMAGES / "film.webp", step.signal)
