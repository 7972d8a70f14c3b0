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


def test_flat_voxels_stay_flat_and_the_style_is_resampled(desk: Any, style: Path) -> None:
    values = nibabel.load(scan(desk / "head.nii.gz", (32, 36, 40))).get_fdata()[:, :, ::3]
    affine = np.diag([1.0, 1.0, 3.0, 1.0])
    header = nibabel.Nifti1Header()
    header.set_xyzt_units("mm", "sec")
    thick = nibabel.Nifti1Image(values.astype(np.int16), affine, header)
    thick.set_sform(affine, code=4)
    nibabel.save(thick, desk / "thick.nii.gz")
    words = ("stylize", "thick.nii.gz", "--style", "style.png", "--steps", "1", "--levels", "1")
    outcome = desk.impasto(*words, "--size", "original", "-o", "out.nii.gz")
    assert outcome.code == 0
    told = "thick.nii.gz has voxels of 1 × 1 × 3 mm: resampled to cubes of 1 mm."
    assert outcome.lines[0] == f"impasto: {told}"
    made = nibabel.load(desk / "out.nii.gz")
    assert made.shape == (32, 36, 14)
    assert np.array_equal(made.affine, affine)
    assert made.header.get_zooms() == (1, 1, 3)
    assert int(made.header["sform_code"]) == 4
    assert made.header.get_xyzt_units() == ("mm", "sec")
    assert np.abs(made.get_fdata() - values).max() > 1


def test_equal_labels_of_two_scans_pair_up(desk: Any, style: Path) -> None:
    head = nibabel.load(scan(desk / "head.nii.gz", (18, 18, 18))).get_fdata()
    labels = nibabel.Nifti1Image((head > 0).astype(np.uint8), AFFINE)
    nibabel.save(labels, desk / "content_mask.nii.gz")
    halves = np.zeros((18, 18, 18), np.uint8)
    halves[9:] = 1
    np.save(desk / "style_mask.npy", halves)
    np.save(desk / "style.npy", np.random.default_rng(0).normal(size=(18, 18, 18)))
    masks = ("--mask", "content_mask.nii.gz", "style_mask.npy")
    words = ("stylize", "head.nii.gz", "--style", "style.npy", *masks, "-o", "out.nii.gz")
    quick = ("--size", "original", "--levels", "1", "--steps", "1")
    desk.impasto(*words, *quick, "--encoder", "vgg19-inflated").succeeds()
    assert nibabel.load(desk / "out.nii.gz").shape == (18, 18, 18)
    desk.impasto(*words, *quick).refuses(2, "--encoder vgg19-inflated")
    np.save(desk / "style_mask.npy", halves + 5)
    desk.impasto(*words, *quick).refuses(2, "no label in common")
    mixed = ("stylize", "head.nii.gz", "--style", "style.npy", "--mask", "style.png", "style.png")
    desk.impasto(*mixed, "-o", "o.npy").refuses(2, "The content is a volume and its mask a picture")


def test_an_inflated_network_takes_no_picture_for_a_style(desk: Any, style: Path) -> None:
    scan(desk / "head.nii")
    words = ("stylize", "head.nii", "--style", "style.png", "-o", "out.nii")
    outcome = desk.impasto(*words, "--encoder", "vgg19-inflated")
    outcome.refuses(2, "style.png has 2 axes", "leave out --encoder")


@pytest.mark.parametrize("medium", ["volume", "series"])
def test_a_texture_of_every_medium_comes_from_its_style_alone(desk: Any, medium: str) -> None:
    random = np.random.default_rng(0)
    samples = random.normal(size=(20, 20, 20) if medium == "volume" else (400, 2))
    np.save(desk / "style.npy", samples)
    size = ("--size", "16", "--levels", "1") if medium == "volume" else ()
    desk.impasto("synthesize", "style.npy", *size, "--steps", "1", "-o", "new.npy").succeeds()
    made = np.load(desk / "new.npy")
    assert made.shape == ((16, 16, 16) if medium == "volume" else (400, 2))
    assert np.isfinite(made).all()
    assert made.std() > 0.1


def test_wrong_pairs_say_what_goes_with_what(desk: Any, style: Path) -> None:
    scan(desk / "head.nii")
    np.save(desk / "curve.npy", np.sin(np.arange(600)))
    for content, other, told in (
        ("head.nii", "curve.npy", "curve.npy is a series, which is no style for a volume"),
        ("curve.npy", "style.png", "style.png is a picture, which is no style for a series"),
        ("style.png", "head.nii", "head.nii is a volume, which is no style for a picture"),
    ):
        outcome = desk.impasto("stylize", content, "--style", other)
        outcome.refuses(2, told, "a volume with a picture or a volume", "a series with a")
