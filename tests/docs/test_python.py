"""Every block of Python in the pages runs, over small pictures and with few steps.

The blocks of a page run one after another, as a reader would try them, in a folder that holds
what they speak of.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from book import ROOT, blocks, names, pages
from PIL import Image

import impasto
from impasto import media
from impasto.samples import find
from impasto.settings import StylizeSettings, TrainSettings
from impasto.signal import Signal

PICTURES = {
    "photo.jpg": "horses",
    "painting.jpg": "harvest",
    "a.jpg": "harvest",
    "b.jpg": "starry_night",
}
PAGES = [page for page in pages() if any(block.language == "python" for block in blocks(page))]


def lessen(kind: type[Any], monkeypatch: pytest.MonkeyPatch, **small: Any) -> None:
    """Let settings check what a page says, and then be small."""
    checked = kind.__post_init__

    def post_init(self: Any) -> None:
        checked(self)
        for name, value in small.items():
            object.__setattr__(self, name, value)

    monkeypatch.setattr(kind, "__post_init__", post_init)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with the files that the pages speak of, with settings that are quick."""
    lessen(StylizeSettings, monkeypatch, size=32, steps=1, levels=1)
    lessen(TrainSettings, monkeypatch, steps=1, batch=1)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name, sample in PICTURES.items():
        with Image.open(str(find(sample))) as picture:
            picture.resize((64, 48)).save(name)
            picture.resize((192, 160)).save(Path("photos", name))
    for name, left in (("photo_mask.png", 24), ("painting_mask.png", 40)):
        mask = Image.new("L", (64, 48), 255)
        mask.paste(0, (0, 0, left, 48))
        mask.save(name)
    film = Signal(torch.rand(3, 2, 32, 48), "video", {"rate_hz": 10.0})
    media.write(film, "clip.mp4")
    impasto.stylize("photo.jpg", "painting.jpg").save("result.png")
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=names)
@pytest.mark.usefixtures("folder")
def test_python_runs(page: Path) -> None:
    known: dict[str, Any] = {"__name__": page.stem}
    for block in blocks(page):
        if block.language == "python" and block.reason is None:
            exec(compile(block.code, str(page), "exec"), known)


@pytest.mark.usefixtures("folder")
def test_settings_of_pages_are_checked() -> None:
    with pytest.raises(impasto.ImpastoError, match="size must be a whole number"):
        impasto.stylize("photo.jpg", "painting.jpg", size=-1)


def test_pages_with_python_are_found() -> None:
    assert ROOT / "README.md" in PAGES
    assert ROOT / "docs" / "weights.md" in PAGES
