"""Scans and solid textures, from the command line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest

SMALL = ("--size", "32", "--steps", "1", "--levels", "1")
AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])


def scan(path: Path, shape: tuple[int, ...] = (32, 36, 40), dtype: str = "int16") -> Path:
    grid = np.stack(np.meshgrid(*[np.linspace(-1, 1, n) for n in shape], indexing="ij"))
    values = 900 * (np.square(grid).sum(0) < 0.8)
    nibabel.save(nibabel.Nifti1Image(values.astype(dtype), AFFINE), path)
    return path


@pytest.fixture
def style(desk: Any) -> Path:
    path: Path = desk.picture("style.png", 60, 50, seed=3)
    return path


def test_a_scan_takes_after_a_picture_and_tells_how(desk: Any, style: Path) -> None:
    scan(desk / "head.nii.gz")
    outcome = desk.impasto(
        "stylize", "head.nii.gz", "--style", "style.png", "-o", "out.nii.gz",
        "--size", "original", "--steps", "1", "--levels", "1", "--window", "0", "1000",
        "--views", "views.png",
    )  # fmt: skip
    outcome.succeeds()
    made = nibabel.load(desk / "out.nii.gz")
    assert made.shape == (32, 36, 40)
    assert made.get_data_dtype() == np.int16
    assert np.array_equal(made.affine, AFFINE)
    (note,) = made.header.extensions
    told = json.loads(note.get_content().rstrip(b"\0").decode().removeprefix("impasto\n"))
    assert told["settings"]["window"] == [0, 1000]
    assert desk.pixels("views.png").shape[2] == 3
    desk.impasto("rerun", "out.nii.gz", "-o", "again.nii.gz").succeeds()
    again = nibabel.load(desk / "again.nii.gz")
    assert np.array_equal(np.asarray(again.dataobj), np.asarray(made.dataobj))


def test_a_picture_becomes_a_solid_texture(desk: Any, style: Path) -> None:
    words = ("synthesize", "style.png", "--axes", "3", "-o", "solid.npy", "--views", "solid.html")
    desk.impasto(*words, *SMALL).succeeds()
    assert np.load(desk / "solid.npy").shape == (32, 32, 32, 3)
    assert "<input" in (desk / "solid.html").read_text()


def test_a_picture_becomes_a_texture(desk: Any, style: Path) -> None:
    desk.impasto("synthesize", "style.png", *SMALL).succeeds()
    assert desk.pixels("style_texture.png").shape == (32, 32, 3)


def test_a_series_is_refused_with_the_option_that_picks_a_frame(desk: Any, style: Path) -> None:
    values = np.zeros((8, 8, 8, 3), np.float32)
    nibabel.save(nibabel.Nifti1Image(values, AFFINE), desk / "film.nii")
    outcome = desk.impasto("stylize", "film.nii", "--style", "style.png", "-o", "out.nii")
    outcome.refuses(3, "film.nii holds 3 volumes", "--frame N")


def test_unreadable_scans_are_named(desk: Any, style: Path) -> None:
    whole = scan(desk / "head.nii").read_bytes()
    (desk / "cut.nii.gz").write_bytes(gzip.compress(whole)[:300])
    (desk / "text.nii").write_text("not a scan")
    (desk / "empty.nii").touch()
    np.save(desk / "nan.npy", np.full((32, 32, 32), np.nan))
    np.save(desk / "same.npy", np.ones((32, 32, 32)))
    for name, told in (
        ("cut.nii.gz", "damaged or cut short"),
        ("text.nii", "not a volume"),
        ("empty.nii", "is empty"),
        ("nan.npy", "not finite"),
        ("same.npy", "has the value 1 everywhere"),
    ):
        outcome = desk.impasto("stylize", name, "--style", "style.png", "-o", "out.npy")
        outcome.refuses(3, name, told)
        assert not (desk / "out.npy").exists()


def test_too_many_voxels_are_refused(desk: Any, style: Path) -> None:
    scan(desk / "head.nii")
    words = ("stylize", "head.nii", "--style", "style.png", "-o", "out.nii")
    desk.impasto(*words, "--max-pixels", "10000").refuses(3, "head.nii", "more than the limit")


def test_wrong_commands_are_answered_before_the_work(desk: Any, style: Path) -> None:
    scan(desk / "head.nii")
    words = ("stylize", "head.nii", "--style", "style.png", "-o")
    desk.impasto(*words, "out.png").refuses(2, "Volumes are not written", ".nii")
    desk.impasto(*words, "out.nii", "--window", "5", "5").refuses(2, "--window", "5")
    desk.impasto(*words, "out.nii", "--sheet", "a.png").refuses(2, "--views")
    desk.impasto(*words, "out.nii", "--views", "a.jpg").refuses(2, "--views", ".html")
    views = ("stylize", "style.png", "--style", "style.png", "-o", "out.png", "--views", "a.png")
    desk.impasto(*views).refuses(2, "--sheet")
    desk.impasto("synthesize", "head.nii", "--axes", "2").refuses(2, "A style with 3 axes")


def test_too_little_memory_is_said_before_the_work(desk: Any, style: Path) -> None:
    scan(desk / "head.nii")
    words = ("stylize", "head.nii", "--style", "style.png", "-o", "out.nii", "--memory", "450MB")
    desk.impasto(*words).refuses(5, "--memory")
