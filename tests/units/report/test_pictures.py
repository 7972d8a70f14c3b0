from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from PIL import Image

from impasto.errors import ShapeError
from impasto.units.report import Pictures


@pytest.mark.parametrize(
    ("space", "size"), [((640, 320), (160, 320)), ((20, 30), (30, 20)), ((4, 2000), (320, 1))]
)
def test_large_pictures_are_reduced(
    space: tuple[int, int], size: tuple[int, int], tmp_path: Path
) -> None:
    pictures = Pictures(tmp_path / "new")
    pictures.put_picture("a", torch.rand(3, *space))
    reduced = pictures.by_name["a"]
    assert reduced.space == space
    with Image.open(reduced.path) as image:
        assert image.size == size


def test_names_do_not_reach_the_disk(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path)
    for name in ("../evil", "a\nb", "a\udcff", "a"):
        pictures.put_picture(name, torch.rand(3, 4, 4))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{n}.webp" for n in range(4)]


def test_a_picture_put_twice_is_one(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path)
    pictures.put_picture("a", torch.zeros(3, 4, 4))
    pictures.put_picture("a", torch.ones(3, 4, 6))
    assert len(list(tmp_path.iterdir())) == 1
    with Image.open(pictures.by_name["a"].path) as image:
        assert image.getpixel((0, 0)) == (255, 255, 255)


def test_only_pictures(tmp_path: Path) -> None:
    with pytest.raises(ShapeError):
        Pictures(tmp_path).put_picture("a", torch.zeros(1, 4, 4))


def test_what_was_told_is_restored(tmp_path: Path) -> None:
    pictures = Pictures(tmp_path)
    for name in ("a.jpg", "b\udcff.jpg"):
        pictures.put_picture(name, torch.rand(3, 20, 30))
    told = json.loads(json.dumps(pictures.told()))
    assert Pictures.restored(tmp_path, told) == pictures
