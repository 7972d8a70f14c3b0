from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter

import pytest
from PIL import Image

from impasto.media import audio
from impasto.samples import Sample, find, samples


def test_there_are_paintings_photos_and_sounds() -> None:
    kinds = Counter(sample.kind for sample in samples())
    assert kinds == {"painting": 6, "photo": 6, "sound": 3}


def test_names_are_unique_words_of_lower_case() -> None:
    names = [sample.name for sample in samples()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", name) for name in names)
    assert "starry_night" in names


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_every_sample_is_free_and_can_be_read(sample: Sample) -> None:
    assert sample.license.lower() in ("public domain", "cc0-1.0")
    assert sample.author
    assert sample.source
    assert sample.path.stem == sample.name
    if sample.kind == "sound":
        sound = audio.read(sample.path)
        assert sound.meta["rate_hz"] == 44_100
        assert 1 < sound.space[0] / 44_100 <= 6
        return
    with Image.open(sample.path) as picture:
        picture.load()
        assert picture.mode == "RGB"
        assert 500 <= max(picture.size) <= 800


def test_no_file_is_without_its_provenance() -> None:
    listed = {sample.path for sample in samples()}
    folder = next(iter(listed)).parent.parent
    assert {*folder.rglob("*.jpg"), *folder.rglob("*.ogg")} == listed
    assert sum(path.stat().st_size for path in listed) < 2_000_000


def test_a_sample_is_found_by_its_name() -> None:
    path = find("starry_night")
    assert path is not None
    assert path.name == "starry_night.jpg"
    assert find("mona_lisa") is None
    assert find("") is None


def test_listing_does_not_wait_for_torch() -> None:
    code = "import sys, impasto.samples as s; s.samples(); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
