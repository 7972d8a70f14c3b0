from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.signal import Signal
from impasto.stylization.views import page, save_views, views


def ramp(*space: int) -> torch.Tensor:
    return torch.linspace(0, 1, space[0]).view(1, -1, 1, 1).expand(1, *space).clone()


def test_views_are_the_middle_slices_and_the_maximum() -> None:
    volume = torch.rand(1, 5, 6, 7)
    across, along, down, most = views(volume)
    assert torch.equal(across, volume[:, 2])
    assert torch.equal(along, volume[:, :, 3])
    assert torch.equal(down, volume[:, :, :, 3])
    assert torch.equal(most, volume.amax(1))


def test_a_png_shows_both_rows_at_one_scale(tmp_path: Path) -> None:
    before = Signal(100 * ramp(8, 10, 12), "volume")
    after = Signal(torch.zeros(1, 4, 5, 6), "volume")
    save_views(before, after, tmp_path / "a.png", window=(0, 100))
    with Image.open(tmp_path / "a.png") as image:
        pixels = np.asarray(image.convert("L"))
    scale = round(320 / 6)
    assert pixels.shape == (2 * 5 * scale + 6, (6 + 6 + 5 + 6) * scale + 3 * 6)
    assert pixels[: 5 * scale, -6 * scale :].min() > 220  # the maximum of the ramp
    assert pixels[-4 * scale :, : 6 * scale].max() == 0


def test_a_scan_stands_head_up(tmp_path: Path) -> None:
    head = Signal(ramp(8, 8, 8), "volume", {"affine": np.eye(4)})
    save_views(head, head, tmp_path / "a.png", window=(0, 1))
    with Image.open(tmp_path / "a.png") as image:
        column = np.asarray(image.convert("L"))[:320, 320 + 6 + 100]
    assert column[10] > 200
    assert column[-10] < 50


def test_a_page_needs_no_other_file_and_holds_every_slice() -> None:
    text = page(ramp(10, 4, 5), ramp(10, 4, 5), 'a "title" <b>')
    assert 'min="1" max="10" value="6"' in text
    assert "<b>" not in text
    assert "http" not in text.replace("http-equiv", "")
    sheets = re.findall(r"url\(data:image/webp;base64,([^)]+)\)", text)
    assert len(sheets) == 2
    with Image.open(io.BytesIO(base64.b64decode(sheets[0]))) as image:
        assert image.size == (8 * 5, 2 * 4)
        pixels = np.asarray(image.convert("L")).astype(float)
    for number in range(10):
        top, left = number // 8 * 4, number % 8 * 5
        tile = pixels[top : top + 4, left : left + 5]
        assert tile.mean() == pytest.approx(255 * number / 9, abs=12)


def test_long_volumes_are_thinned_out() -> None:
    assert 'max="125"' in page(ramp(250, 2, 2), ramp(250, 2, 2), "long")
