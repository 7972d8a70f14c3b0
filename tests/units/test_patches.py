"""The search finds what looking at every position of every signal finds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import Tensor

from impasto.encoders import Encoder, load_encoder, random_encoder
from impasto.errors import InputError, UsageError
from impasto.media import kept, read
from impasto.media.dataset import Dataset
from impasto.samples import samples
from impasto.signal import Signal, fit
from impasto.units.atlas import Patch
from impasto.units.patches import find, top_patches
from impasto.units.search import Search

SPACES = {1: [(60,), (41,), (60,)], 2: [(24, 30), (17, 12)], 3: [(9, 12, 10), (8, 8, 8)]}


def signals(axes: int, count: int = 12) -> list[Signal]:
    generator = torch.Generator().manual_seed(axes)
    spaces = SPACES[axes]
    return [
        Signal(torch.rand(3, *spaces[n % len(spaces)], generator=generator)) for n in range(count)
    ]


def brute_force(
    encoder: Encoder, shown: list[Signal], layer: str, unit: int, k: int, per_picture: int
) -> list[tuple[float, int, tuple[int, ...]]]:
    """Look at every position of every signal, one by one."""
    found = []
    for number, signal in enumerate(shown):
        features = encoder(signal.samples[None], [layer])[layer][0, unit].float()
        own = [
            (-float(features[place]), number, tuple(place))
            for place in map(tuple, torch.cartesian_prod(*map(torch.arange, features.shape))
                             .reshape(-1, features.ndim).tolist())
        ]  # fmt: skip
        found += sorted(own)[:per_picture]
    return [(-activation, number, place) for activation, number, place in sorted(found)[:k]]


def told(patches: Sequence[Patch]) -> list[tuple[float, int, tuple[int, ...]]]:
    return [(patch.activation, int(patch.picture), patch.position) for patch in patches]


@pytest.mark.parametrize("per_picture", [1, 3])
@pytest.mark.parametrize(
    ("axes", "precision"),
    [(1, torch.float32), (2, torch.float32), (3, torch.float32), (2, torch.bfloat16)],
)
def test_brute_force_finds_the_same(axes: int, per_picture: int, precision: torch.dtype) -> None:
    encoder, shown = random_encoder(axes, 3, channels=(4, 5)).to(precision), signals(axes)
    atlas = top_patches(encoder, shown, k=9, per_picture=per_picture)
    assert list(atlas.layers) == list(encoder.table)
    for layer, found in atlas.layers.items():
        for unit, patches in enumerate(found.units):
            assert told(patches) == brute_force(
                encoder, shown, layer, unit, k=9, per_picture=per_picture
            )
            assert [patch.rank for patch in patches] == list(range(9))


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_the_box_is_what_the_unit_sees(axes: int) -> None:
    encoder, shown = random_encoder(axes, 3, channels=(4, 5)).double(), signals(axes, 4)
    atlas = top_patches(encoder, shown, k=2)
    for layer, found in atlas.layers.items():
        for unit, patches in enumerate(found.units):
            for patch in patches:
                seen = seen_by(encoder, shown[int(patch.picture)], layer, unit, patch.position)
                inside = [slice(start, end) for start, end in patch.box]
                outside = seen.clone()
                outside[(..., *inside)] = 0
                assert not outside.any()
                full = all(
                    end - start == field.size
                    for (start, end), field in zip(patch.box, found.fields, strict=True)
                )
                assert patch.clipped != full


def seen_by(
    encoder: Encoder, signal: Signal, layer: str, unit: int, position: tuple[int, ...]
) -> Tensor:
    leaf = signal.samples[None].double().requires_grad_()
    features = encoder(leaf, [layer])[layer]
    features[(0, unit, *position)].backward()
    assert leaf.grad is not None
    return leaf.grad[0]


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_dead_units_are_told(axes: int) -> None:
    encoder = random_encoder(axes, 3, channels=(4,))
    with torch.no_grad():
        encoder.chain["conv1_1"].weight[2] = 0
        encoder.chain["conv1_1"].bias[2] = -1
    layers = top_patches(encoder, signals(axes), layers=["conv1_1", "relu1_1"]).layers
    assert layers["conv1_1"].dead == [2]
    assert layers["relu1_1"].dead == [2]


def test_fewer_signals_than_patches() -> None:
    encoder = random_encoder(1, 3, channels=(4,))
    atlas = top_patches(encoder, signals(1, 2), k=9)
    assert {len(patches) for patches in atlas.layers["relu1_1"].units} == {2}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, signal in enumerate(signals(2)):
        levels = (signal.samples * 255).byte().permute(1, 2, 0).numpy()
        Image.fromarray(levels).save(folder / f"{number:02}.png")
    (folder / "03a.png").write_bytes(b"no picture")
    Image.new("RGB", (2, 30)).save(folder / "05a.png")
    return folder


def test_what_cannot_be_used_is_passed_over(folder: Path) -> None:
    atlas = top_patches(random_encoder(2, 3, channels=(4, 5, 6)), folder)
    assert atlas.count == 12
    (one, why), (other, reason) = atlas.passed_over
    assert (one, other) == ("03a.png", "05a.png")
    assert "not a picture" in why
    assert "shortest side has 2 samples" in reason
    with pytest.raises(InputError, match=r"Nothing in 1 signals can be used\. .*03a\.png is not a"):
        top_patches(random_encoder(2, 3), [folder / "03a.png"])


@pytest.mark.parametrize("stop", [1, 5, 13])
def test_a_killed_search_goes_on(
    folder: Path, tmp_path: Path, stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "SHARE", 1e9)
    encoder = random_encoder(2, 3, channels=(4, 5))
    dataset, what = Dataset(folder, longest=20), Search(encoder, list(encoder.table), k=3)
    whole = top_patches(encoder, dataset, k=3)
    state = tmp_path / "state"
    monkeypatch.setattr(kept.time, "monotonic", iter(range(0, 10**6, 100)).__next__)
    for number, _ in enumerate(find(what, dataset, checkpoint=state)):
        if number == stop:
            break
    seen = []
    monkeypatch.setattr(Search, "_look", spied(Search._look, seen))
    again = top_patches(encoder, dataset, k=3, checkpoint=state)
    assert again == whole
    assert len(seen) == 14 - stop
    with pytest.raises(UsageError, match="state belongs to a run with other inputs"):
        top_patches(encoder, dataset, k=4, checkpoint=state)


def spied(look: object, seen: list[object]) -> object:
    def spy(self: Search, findings: object, entry: object, signal: object) -> None:
        seen.append(entry)
        look(self, findings, entry, signal)  # type: ignore[operator]

    return spy


def test_vgg_over_the_samples_agrees_with_brute_force() -> None:
    vgg = load_encoder("vgg19")
    pictures = [read(sample.path) for sample in samples()[:4]]
    shown = [picture.resized(fit(picture.space, 64)) for picture in pictures]
    atlas = top_patches(vgg, shown, layers=["conv1_2", "relu3_1", "pool4"])
    for layer, units in (("conv1_2", (0, 63)), ("relu3_1", (7, 200)), ("pool4", (1, 511))):
        for unit in units:
            found = told(atlas.layers[layer].units[unit])
            assert found == brute_force(vgg, shown, layer, unit, k=9, per_picture=1)


def test_wrong_numbers_are_told() -> None:
    encoder = random_encoder(1, 3)
    for numbers in ({"k": 0}, {"per_picture": -1}):
        with pytest.raises(UsageError, match="must be a whole number from 1"):
            top_patches(encoder, signals(1), **numbers)
