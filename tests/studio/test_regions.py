from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.errors import InputError, UsageError
from impasto.media import read
from impasto.media.mask import paired_regions
from impasto.samples import find
from impasto.studio.regions import COLORS, masks_of, to_paint_over

MOST = 10_000_000  # pixels
STYLES = [str(find(name)) for name in ("starry_night", "harvest")]


def painted(folder: Path, *halves: str | None, soft: bool = False) -> dict[str, Any]:
    """What the editor says where the left and the right half have a color each."""
    layer = np.zeros((10, 8 * len(halves), 4), np.uint8)
    for number, color in enumerate(halves):
        if color is not None:
            rgb = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
            layer[:, 8 * number : 8 * (number + 1)] = [*rgb, 255]
    if soft:
        layer[:, 8] = [200, 40, 80, 200]  # nearly the first color, nearly opaque
        layer[:, 9] = [200, 40, 80, 60]  # hardly there
    Image.fromarray(layer).save(folder / "layer.png")
    return {"background": None, "layers": [str(folder / "layer.png")]}


def test_each_color_is_a_style(tmp_path: Path) -> None:
    pairs = masks_of(painted(tmp_path, *COLORS[:2]), STYLES, tmp_path, max_pixels=MOST)
    for style, (_, theirs) in zip(STYLES, pairs, strict=True):
        assert read(theirs).space == read(style).space
        assert read(theirs).samples.min() == 1
    regions = [
        paired_regions(read(Path(ours)), read(Path(theirs)))[0].sum(0) for ours, theirs in pairs
    ]
    assert regions[0][:, :8].min() == 1
    assert regions[0][:, 8:].max() == 0
    assert (regions[0] + regions[1]).eq(1).all()


def test_what_is_bare_belongs_to_the_first(tmp_path: Path) -> None:
    (ours, _), (theirs, _) = masks_of(
        painted(tmp_path, None, COLORS[1]), STYLES, tmp_path, max_pixels=MOST
    )
    assert np.asarray(Image.open(ours))[0, 0, 0] == 255
    assert np.asarray(Image.open(theirs))[0, 0, 0] == 0


def test_soft_borders_belong_to_the_nearest_color(tmp_path: Path) -> None:
    editor = painted(tmp_path, *COLORS[:2], soft=True)
    first = np.asarray(Image.open(masks_of(editor, STYLES, tmp_path, max_pixels=MOST)[0][0]))
    assert first[0, 8, 0] == 255
    assert first[0, 9, 0] == 255  # bare


def test_nothing_painted_is_no_mask(tmp_path: Path) -> None:
    assert masks_of(None, STYLES, tmp_path, max_pixels=MOST) == []
    assert masks_of({"layers": []}, STYLES, tmp_path, max_pixels=MOST) == []
    assert masks_of(painted(tmp_path, None, None), STYLES, tmp_path, max_pixels=MOST) == []


def test_more_colors_than_styles(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="3 colors were painted, and there are 2 styles"):
        masks_of(painted(tmp_path, *COLORS[:3]), STYLES, tmp_path, max_pixels=MOST)


def test_a_style_without_a_region(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No region was painted for style 2"):
        masks_of(
            painted(tmp_path, COLORS[0], COLORS[2]), (*STYLES, STYLES[0]), tmp_path, max_pixels=MOST
        )


def test_a_layer_that_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "layer.png").write_text("no picture")
    with pytest.raises(InputError, match="What was painted could not be read"):
        masks_of({"layers": [str(tmp_path / "layer.png")]}, STYLES, tmp_path, max_pixels=MOST)


def test_a_photograph_is_there_to_be_painted_over(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (3000, 1500), "teal").save(path)
    copy = to_paint_over(str(path), tmp_path, max_pixels=10_000_000)
    assert copy
    with Image.open(copy) as shown:
        assert shown.size == (1024, 512)
    assert to_paint_over(str(path), tmp_path, max_pixels=1000) is None
    path.write_text("no picture")
    assert to_paint_over(str(path), tmp_path, max_pixels=1000) is None


def test_what_was_painted_has_limits(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"{number}.png") for number in range(2)]
    Image.new("RGBA", (3000, 3000), "red").save(paths[0])
    with pytest.raises(InputError, match="What was painted could not be read"):
        masks_of({"layers": paths[:1]}, STYLES, tmp_path, max_pixels=MOST)
    for path, width in zip(paths, (20, 30), strict=True):
        Image.new("RGBA", (width, 20), "red").save(path)
    with pytest.raises(InputError, match="several sizes"):
        masks_of({"layers": paths}, STYLES, tmp_path, max_pixels=MOST)
    with pytest.raises(InputError, match="pixels"):
        masks_of(painted(tmp_path, *COLORS[:2]), STYLES, tmp_path, max_pixels=1000)
