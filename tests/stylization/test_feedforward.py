from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto import Encoder, StylizeSettings, stylize_steps
from impasto.errors import ImpastoError, UsageError, WeightsError
from impasto.fast import shipped
from impasto.fast.model import FastModel, StyleFacts, new_model
from impasto.fast.network import Layout
from impasto.signal import Signal
from impasto.stylization import Stylization

from .conftest import Pixels, blobs

TINY = Layout(2, (4, 6), blocks=1, window=3)
Painted = Callable[..., Stylization]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two styles, which becomes the current one."""
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("waves.png", "dots.png"), start=2):
        Image.fromarray(blobs(60, 60, seed=seed)).save(tmp_path / name)
    return tmp_path


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def random_model(known: list[StyleFacts], *, any_style: bool = False) -> FastModel:
    made = new_model(TINY, known, any_style=any_style)
    with torch.no_grad():
        for own in made.styles.parameters():
            own.normal_(std=0.5 if own.ndim == 1 or not any_style else 0.02)
    return made


@pytest.fixture
def table(files: Path) -> Path:
    known = [StyleFacts("waves", hash_of(files / "waves.png")), StyleFacts("lines", "0" * 64)]
    path = files / "table.safetensors"
    path.write_bytes(random_model(known).packed())
    return path


@pytest.fixture
def one_style(files: Path) -> Path:
    path = files / "one.safetensors"
    path.write_bytes(random_model([StyleFacts("waves", hash_of(files / "waves.png"))]).packed())
    return path


@pytest.fixture
def any_style(files: Path) -> Path:
    path = files / "any.safetensors"
    path.write_bytes(random_model([], any_style=True).packed())
    return path


@pytest.fixture
def painted(vgg: Encoder) -> Painted:
    def run(content: Any, style: Any, **more: Any) -> Stylization:
        settings = {"size": 40, "precision": "float32", **more}
        masks = settings.pop("masks", ())
        *_, step = stylize_steps(content, style, masks=masks, encoder=vgg, **settings)
        return step.finish()

    return run


def apart(one: Stylization, other: Stylization) -> float:
    return float((one.signal.samples - other.signal.samples).abs().mean())


def as_seen(photo: Pixels) -> torch.Tensor:
    """Return a photograph as a network of 40 pixels is given it."""
    samples = torch.from_numpy(photo.copy()).movedim(-1, 0) / 255
    return Signal(samples).resized((30, 40)).samples.clamp(0, 1)


def test_a_known_style_by_its_name_and_by_its_picture(
    photo: Pixels, table: Path, painted: Painted
) -> None:
    named = painted(photo, "waves", model=table)
    pictured = painted(photo, "waves.png", model=table)
    assert named.signal.space == (30, 40)
    assert apart(named, pictured) == 0
    assert apart(named, painted(photo, "lines", model=table)) > 0.01
    assert named.terms == {}
    assert named.weights_hash == hash_of(table)
    assert named.note()["inputs"]["styles"][0]["named"] is True
    assert pictured.note()["inputs"]["styles"][0]["sha256"] == hash_of(Path("waves.png"))


def test_the_only_style_need_not_be_named(photo: Pixels, one_style: Path, painted: Painted) -> None:
    assert apart(painted(photo, [], model=one_style), painted(photo, "waves", model=one_style)) == 0


def test_blends_and_strength(photo: Pixels, table: Path, painted: Painted) -> None:
    one, other = (painted(photo, name, model=table) for name in ("waves", "lines"))
    even = painted(photo, [("waves", 1.0), ("lines", 1.0)], model=table)
    skewed = painted(photo, [("waves", 1.0), ("lines", 0.01)], model=table)
    assert apart(skewed, one) < apart(even, one) < apart(other, one)
    none = [painted(photo, name, model=table, strength=0) for name in ("waves", "lines")]
    assert apart(*none) == 0
    half = painted(photo, "waves", model=table, strength=0.5)
    assert apart(half, none[0]) > 0
    assert float((none[0].signal.samples - as_seen(photo)).abs().max()) < 2e-3


def test_any_style_is_looked_at(photo: Pixels, any_style: Path, painted: Painted) -> None:
    one = painted(photo, "waves.png", model=any_style)
    assert apart(one, painted(photo, "dots.png", model=any_style)) > 1e-4
    assert apart(one, painted(photo, "dots.png", model=any_style, colors="match")) > 1e-4


def test_alpha_size_and_colors_are_those_of_every_stylization(
    cutout: Pixels, table: Path, painted: Painted
) -> None:
    made = painted(cutout, "waves", model=table, size="original", colors="content")
    assert made.signal.space == (48, 64)
    assert made.signal.meta["alpha"].shape == (1, 48, 64)
    content = torch.from_numpy(cutout[..., :3].copy()).movedim(-1, 0) / 255
    alpha = torch.from_numpy(cutout[..., 3].copy()) / 255
    over_white = content * alpha + 1 - alpha

    def chroma(samples: torch.Tensor) -> torch.Tensor:
        return samples[0] - samples[2]

    seen = made.signal.samples
    nearest = min(float((chroma(seen) - chroma(own)).abs().max()) for own in (content, over_white))
    assert nearest < 1e-3
    assert float((seen.mean(0) - over_white.mean(0)).abs().mean()) > 0.01


def test_masks_send_styles_to_regions(photo: Pixels, any_style: Path, painted: Painted) -> None:
    mask = np.zeros((48, 64, 3), np.uint8)
    mask[:, 32:] = 255
    halves = [(mask, np.zeros((60, 60, 3), np.uint8)), (mask, np.full((60, 60, 3), 255, np.uint8))]
    both = painted(photo, ["waves.png", "dots.png"], masks=halves, model=any_style)
    dark, bright = (
        both.signal.samples - painted(photo, name, model=any_style).signal.samples
        for name in ("waves.png", "dots.png")
    )
    edge = 8  # pixels at the border, where regions mix
    left, right = slice(None, 20 - edge), slice(20 + edge, None)
    assert dark[..., left].abs().mean() < 0.5 * bright[..., left].abs().mean()
    assert bright[..., right].abs().mean() < 0.5 * dark[..., right].abs().mean()


def test_where_no_style_goes_the_photograph_stays(
    photo: Pixels, any_style: Path, painted: Painted
) -> None:
    mask = np.zeros((48, 64, 3), np.uint8)
    mask[:, 32:] = 255
    white = np.full((60, 60, 3), 255, np.uint8)
    made = painted(photo, "waves.png", masks=[(mask, white)], model=any_style).signal.samples
    photograph = as_seen(photo)
    torch.testing.assert_close(made[..., :8], photograph[..., :8], atol=2e-3, rtol=0)
    assert float((made - photograph)[..., 32:].abs().mean()) > 0.01


def test_another_picture_of_the_same_name_is_not_the_style(
    photo: Pixels, table: Path, painted: Painted
) -> None:
    Image.fromarray(blobs(60, 60, seed=9)).save(
        "lines", "PNG"
    )  # a file called as a style of the table
    made = painted(photo, "lines", model=table)
    assert made.note()["inputs"]["styles"][0]["named"] is True
    with pytest.raises(UsageError, match="--refine needs the picture of each style"):
        painted(photo, "lines", model=table, refine=2)


def test_refining_begins_where_the_network_ends(
    photo: Pixels, table: Path, vgg: Encoder, painted: Painted
) -> None:
    steps = [
        *stylize_steps(
            photo, "waves.png", encoder=vgg, size=40, model=table, refine=2, precision="float32"
        )
    ]
    begun = painted(photo, "waves.png", model=table)
    torch.testing.assert_close(steps[0].samples, begun.signal.samples, atol=1e-4, rtol=0)
    assert len(steps) == 3
    assert steps[2].costs.total < steps[0].costs.total
    note = steps[2].finish().note()
    assert note["settings"]["refine"] == 2
    assert note["inputs"]["model"]["sha256"] == hash_of(table)


@pytest.mark.parametrize(
    ("style", "changes", "kind", "told"),
    [
        (["waves", "lines", "waves"], {}, UsageError, "has 2 styles, and 3 are asked for"),
        ("wave", {}, UsageError, "has no style 'wave'. Did you mean waves"),
        ("dots.png", {}, UsageError, "has no style 'dots.png'"),
        ([], {}, UsageError, "There is no style"),
        ("waves", {"refine": 1}, UsageError, "--refine needs the picture of each style"),
        ("waves", {"colors": "match"}, UsageError, "take --colors content or luminance"),
        ("waves", {"style_scale": 2.0}, UsageError, "--style-scale is for descending"),
        ("waves", {"strength": 2.0}, UsageError, "--strength must be a number from 0 to 1"),
    ],
)
def test_what_the_network_cannot_do(
    photo: Pixels,
    table: Path,
    painted: Painted,
    style: Any,
    changes: dict[str, Any],
    kind: type[ImpastoError],
    told: str,
) -> None:
    with pytest.raises(kind, match=told):
        painted(photo, style, model=table, **changes)


def test_a_network_is_for_pictures(table: Path, painted: Painted) -> None:
    with pytest.raises(UsageError, match="--fast is for pictures and films: a sound"):
        painted("guitar", "waves", model=table)


def test_a_cluster_is_of_no_use(photo: Pixels, table: Path) -> None:
    with pytest.raises(UsageError, match="leave out --ray"):
        next(stylize_steps(photo, "waves", model=table, ray="local"))


@pytest.mark.parametrize("changes", [{"strength": 0.5}, {"refine": 5}])
def test_settings_of_networks_need_one(changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="is for trained networks: add --fast or --model"):
        StylizeSettings(**changes)


def test_the_network_that_suits_the_style_is_chosen(
    photo: Pixels,
    files: Path,
    painted: Painted,
    monkeypatch: pytest.MonkeyPatch,
    one_style: Path,
    any_style: Path,
) -> None:
    monkeypatch.setattr(shipped.model_for, "__defaults__", (files,))
    monkeypatch.setattr(shipped.find_model, "__defaults__", (files,))
    assert painted(photo, "waves.png", fast=True).weights_hash == hash_of(one_style)
    assert painted(photo, "dots.png", fast=True).weights_hash == hash_of(any_style)
    assert painted(photo, [], model="one").weights_hash == hash_of(one_style)
    any_style.unlink()
    with pytest.raises(WeightsError, match="name one with --model FILE"):
        painted(photo, "dots.png", fast=True)
