"""Folders, lists and archives give the same signals, and broken files do no harm."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.errors import ImpastoError, InputError
from impasto.media import dataset as module
from impasto.media.dataset import Dataset
from impasto.signal import Signal

NAMES = ["a.png", "b/a.png", "b/b.PNG", "c.png"]


def png(value: int, size: tuple[int, int] = (6, 4)) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.full((size[1], size[0], 3), value, np.uint8)).save(stream, "PNG")
    return stream.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four pictures, and what is not to be looked at."""
    folder = tmp_path / "photos"
    (folder / "b").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    for number, name in enumerate(NAMES):
        (folder / name).write_bytes(png(number * 50))
    for name in ("notes.txt", ".a.png", ".hidden/a.png"):
        (folder / name).write_bytes(b"nothing")
    return folder


def pack_zip(folder: Path) -> Path:
    target = folder.with_suffix(".zip")
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return target


def pack_tar(folder: Path, mode: str = "w") -> Path:
    target = folder.with_suffix(".tar")
    with tarfile.open(target, mode) as archive:
        for path in sorted(folder.rglob("*")):
            archive.add(path, str(path.relative_to(folder)), recursive=False)
    return target


def pack_list(folder: Path) -> Path:
    target = folder / "list.txt"
    target.write_text("\n".join(["", *NAMES, ""]))
    return target


def levels(dataset: Dataset) -> dict[str, int]:
    return {
        entry.name: round(float(signal.samples.mean()) * 255)
        for entry, signal in dataset.signals()
        if isinstance(signal, Signal)
    }


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:xz"])
def test_all_kinds_hold_the_same(folder: Path, mode: str) -> None:
    expected = dict(zip(NAMES, (0, 50, 100, 150), strict=True))
    for origin in (folder, pack_list(folder), pack_zip(folder), pack_tar(folder, mode)):
        dataset = Dataset(origin)
        assert levels(dataset) == expected
        assert [(entry.number, entry.name) for entry in dataset.entries()] == [*enumerate(NAMES)]


def test_signals_come_from_anywhere() -> None:
    signal = Signal(torch.zeros(2, 5), medium="series")
    dataset = Dataset([signal, png(255), np.zeros((3, 3), np.uint8)])
    spaces = [found.space for _, found in dataset.signals() if isinstance(found, Signal)]
    assert spaces == [(5,), (4, 6), (3, 3)]
    assert [entry.name for entry in dataset.entries()] == ["0", "1", "2"]
    assert dataset.label == "3 signals"


def test_one_picture_is_a_dataset(folder: Path) -> None:
    assert levels(Dataset(folder / "c.png")) == {"c.png": 150}


def test_only_what_is_wanted_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = []
    monkeypatch.setattr(module, "read", lambda source, **_: read.append(source))
    for origin in (folder, pack_zip(folder), pack_tar(folder)):
        read.clear()
        found = Dataset(origin).signals(wanted={1, 3})
        assert [entry.name for entry, _ in found] == ["b/a.png", "c.png"]
        assert len(read) == 2


def test_large_pictures_are_reduced_and_small_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(png(9, (40, 20)))
    (tmp_path / "small.png").write_bytes(png(9, (7, 10)))
    found = [signal for _, signal in Dataset(tmp_path, longest=10).signals()]
    assert [signal.space for signal in found if isinstance(signal, Signal)] == [(5, 10), (10, 7)]


@pytest.mark.parametrize("pack", [Path, pack_list, pack_zip, pack_tar])
def test_broken_pictures_are_told_and_the_others_read(folder: Path, pack: object) -> None:
    (folder / "b/a.png").write_bytes(b"no picture")
    (folder / "b/b.PNG").write_bytes(png(100)[:50])
    (folder / "c.png").write_bytes(b"")
    assert callable(pack)
    found = {entry.name: signal for entry, signal in Dataset(pack(folder)).signals()}
    assert isinstance(found.pop("a.png"), Signal)
    reasons = {name: str(error) for name, error in found.items()}
    assert "not a picture" in reasons["b/a.png"]
    assert "damaged or cut short" in reasons["b/b.PNG"]
    assert "empty" in reasons["c.png"]


def test_a_list_may_name_what_is_not_there(folder: Path) -> None:
    (folder / "list.txt").write_text("c.png\nmissing.png\n")
    (_, good), (entry, bad) = Dataset(folder / "list.txt").signals()
    assert isinstance(good, Signal)
    assert entry.name == "missing.png"
    assert "does not exist" in str(bad)


def test_an_archive_that_is_cut_short_gives_what_it_has(folder: Path) -> None:
    for name in NAMES[2:]:
        (folder / name).write_bytes(os.urandom(30_000))
    target = pack_tar(folder)
    target.write_bytes(target.read_bytes()[:20_000])
    found = list(Dataset(target).signals())
    assert [entry.name for entry, _ in found] == [*NAMES[:3], "photos.tar"]
    for _, error in found[2:]:
        assert isinstance(error, ImpastoError)
        assert "cut short" in str(error)


def test_a_damaged_file_in_a_zip_is_told(folder: Path) -> None:
    target = pack_zip(folder)
    content = bytearray(target.read_bytes())
    place = content.index(png(50)) + 40
    content[place] ^= 255
    target.write_bytes(bytes(content))
    found = {entry.name: signal for entry, signal in Dataset(target).signals()}
    assert "b/a.png is damaged or cut short (Bad CRC-32" in str(found["b/a.png"])
    assert isinstance(found["c.png"], Signal)


def test_huge_files_in_archives_are_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LARGEST_FILE", 10)
    for origin in (pack_zip(folder), pack_tar(folder)):
        for _, signal in Dataset(origin).signals():
            assert "more than the limit of 10" in str(signal)


def test_links_to_folders_are_not_followed(folder: Path) -> None:
    (folder / "b" / "again").symlink_to(folder)
    assert list(levels(Dataset(folder))) == NAMES


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\0\1\2", b"PK\3\4 no zip"])
def test_what_is_no_dataset_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "photos.bin"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"photos\.bin"):
        list(Dataset(path).signals())


def test_nothing_to_look_at_is_told(tmp_path: Path) -> None:
    for empty in (tmp_path, []):
        with pytest.raises(InputError, match="holds nothing to look at"):
            Dataset(empty)
    with pytest.raises(InputError, match="missing does not exist"):
        Dataset(tmp_path / "missing")


def test_stopping_early_reads_no_further(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        (folder / f"d{number:02}.png").write_bytes(png(1))
    read = []
    monkeypatch.setattr(module, "read", lambda source, **_: read.append(source))
    found = Dataset(folder).signals()
    next(found)
    found.close()
    assert len(read) < 6
