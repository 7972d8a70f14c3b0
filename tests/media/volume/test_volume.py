from __future__ import annotations

import gzip
import io
import json
import struct
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tifffile
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from impasto.errors import InputError, UsageError
from impasto.media import volume
from impasto.signal import Signal

AFFINE = np.array([[-2.0, 0, 0, 90], [0, 1.5, 0, -126], [0, 0, 3.0, -72], [0, 0, 0, 1]])


def scan(shape: tuple[int, ...] = (3, 4, 5), dtype: str = "int16") -> Any:
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    return nibabel.Nifti1Image(values, AFFINE)


def volumes(dtype: str) -> st.SearchStrategy[np.ndarray[Any, Any]]:
    shape = st.tuples(*[st.integers(1, 5)] * 3)
    elements = {"allow_nan": False, "allow_infinity": False} if dtype.startswith("f") else {}
    return shape.flatmap(lambda s: arrays.arrays(dtype, s, elements=elements))


class TestNifti:
    def test_axes_are_those_of_the_file_from_the_last_on(self) -> None:
        read = volume.read(scan().to_bytes())
        assert read.medium == "volume"
        assert read.space == (5, 4, 3)
        assert read.samples[0, 4, 2, 1] == 1 * 20 + 2 * 5 + 4
        assert read.meta["spacing_mm"] == (3.0, 1.5, 2.0)
        assert np.array_equal(read.meta["affine"], AFFINE)
        assert read.meta["dtype"] == "int16"

    @pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
    def test_comes_back_as_it_was(self, tmp_path: Path, suffix: str) -> None:
        source, target = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
        image = scan()
        image.header["descrip"] = b"a head"
        nibabel.save(image, source)
        volume.write(volume.read(source), target)
        back = nibabel.load(target)
        assert np.array_equal(np.asarray(back.dataobj), np.asarray(image.dataobj))
        assert np.array_equal(back.affine, AFFINE)
        assert back.get_data_dtype() == np.int16
        assert bytes(back.header["descrip"]).rstrip(b"\0") == b"a head"

    def test_scaled_numbers_come_in_units_and_go_back_into_their_type(self) -> None:
        image = scan()
        raw = bytearray(image.to_bytes())
        struct.pack_into("<ff", raw, 112, 0.5, -10.0)
        read = volume.read(bytes(raw))
        assert read.samples.min() == -10
        assert read.samples.max() == 0.5 * 59 - 10
        back = nibabel.Nifti1Image.from_bytes(volume.encode(read, ".nii"))
        assert back.get_data_dtype() == np.int16
        assert np.array_equal(back.get_fdata().T, read.samples[0])

    def test_micrometers_become_millimeters(self) -> None:
        image = scan()
        image.header.set_xyzt_units("micron")
        assert volume.read(image.to_bytes()).meta["spacing_mm"] == (0.003, 0.0015, 0.002)

    def test_nifti2_stays_nifti2(self) -> None:
        image = nibabel.Nifti2Image(np.zeros((2, 3, 4), np.float32), AFFINE)
        data = volume.encode(volume.read(image.to_bytes()), ".nii")
        assert nibabel.Nifti2Image.from_bytes(data).shape == (2, 3, 4)

    def test_colors_are_read_from_0_to_1_and_written(self) -> None:
        colors = np.zeros((2, 3, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")])
        colors["G"][1, 2, 3] = 255
        read = volume.read(nibabel.Nifti1Image(colors, AFFINE).to_bytes())
        assert read.samples.shape == (3, 4, 3, 2)
        assert read.samples[1, 3, 2, 1] == 1
        assert read.samples.sum() == 1
        back = nibabel.Nifti1Image.from_bytes(volume.encode(read, ".nii"))
        assert np.array_equal(np.asarray(back.dataobj), colors)

    def test_numbers_beyond_the_type_are_kept_within_it(self) -> None:
        read = volume.read(scan(dtype="uint8").to_bytes())
        far = read.with_samples(torch.full_like(read.samples, 300.4))
        back = nibabel.Nifti1Image.from_bytes(volume.encode(far, ".nii"))
        assert np.asarray(back.dataobj).max() == 255
        low = read.with_samples(torch.full_like(read.samples, 1.6))
        back = nibabel.Nifti1Image.from_bytes(volume.encode(low, ".nii"))
        assert set(np.asarray(back.dataobj).flatten()) == {2}

    def test_one_of_several_volumes_is_chosen(self) -> None:
        data = scan((2, 3, 4, 5)).to_bytes()
        assert volume.read(data, frame=3).samples[0, 0, 0, 0] == 3
        with pytest.raises(InputError, match=r"holds 5 volumes.*--frame N, N from 0 to 4"):
            volume.read(data)
        with pytest.raises(InputError, match=r"no frame 5: there are 5"):
            volume.read(data, frame=5)

    def test_a_fourth_axis_of_one_is_no_series(self) -> None:
        assert volume.read(scan((2, 3, 4, 1)).to_bytes()).space == (4, 3, 2)

    def test_an_empty_volume_in_the_file_of_a_float_is_a_volume_of_zeros(self) -> None:
        assert not volume.read(scan(dtype="float32").to_bytes()).samples.isnan().any()

    @pytest.mark.parametrize(
        ("shape", "told"), [((3, 4), "is flat"), ((3, 4, 5, 1, 3), "holds vectors")]
    )
    def test_other_numbers_of_axes_are_refused(self, shape: tuple[int, ...], told: str) -> None:
        with pytest.raises(InputError, match=told):
            volume.read(scan(shape).to_bytes())

    @pytest.mark.parametrize("bad", [np.nan, np.inf])
    def test_numbers_that_are_not_finite_are_refused(self, bad: float) -> None:
        values = np.zeros((3, 4, 5), np.float32)
        values[0, :2, 0] = bad
        with pytest.raises(InputError, match="2 voxels that are not finite"):
            volume.read(nibabel.Nifti1Image(values, AFFINE).to_bytes())

    def test_complex_numbers_are_refused(self) -> None:
        image = nibabel.Nifti1Image(np.zeros((2, 3, 4), np.complex64), AFFINE)
        with pytest.raises(InputError, match="type complex64"):
            volume.read(image.to_bytes())

    def test_too_many_voxels_are_refused_before_they_are_decoded(self) -> None:
        header_alone = scan((300, 300, 300)).to_bytes()[:352]
        with pytest.raises(InputError, match=r"27000000 voxels, more than the limit of 1000000"):
            volume.read(header_alone, max_voxels=1_000_000)

    @pytest.mark.parametrize("compressed", [False, True])
    def test_a_file_that_is_cut_short_is_told(self, tmp_path: Path, compressed: bool) -> None:
        whole = scan((20, 20, 20), "float32").to_bytes()
        whole = gzip.compress(whole) if compressed else whole
        path = tmp_path / ("head.nii.gz" if compressed else "head.nii")
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(InputError, match=r"head.nii.* is damaged or cut short"):
            volume.read(path)


class TestStack:
    @settings(deadline=None, max_examples=20)
    @given(values=volumes("uint16"))
    def test_comes_back_as_it_was(self, values: np.ndarray[Any, Any]) -> None:
        if len(values) == 1:
            return  # a page alone is a picture
        signal = Signal(
            torch.from_numpy(values[None].astype(np.float32)), "volume", {"dtype": "uint16"}
        )
        back = volume.read(volume.encode(signal, ".tif"))
        assert torch.equal(back.samples, signal.samples)
        assert back.meta["dtype"] == "uint16"

    def test_the_place_of_voxels_is_kept(self) -> None:
        meta = {"dtype": "float32", "spacing_mm": (3.0, 0.5, 0.25)}
        signal = Signal(torch.rand(1, 4, 5, 6), "volume", meta)
        back = volume.read(volume.encode(signal, ".tif"))
        assert back.meta["spacing_mm"] == pytest.approx((3.0, 0.5, 0.25))
        assert torch.equal(back.samples, signal.samples)

    def test_stacks_of_imagej_are_read(self) -> None:
        stream = io.BytesIO()
        values = np.arange(60, dtype=np.uint16).reshape(3, 4, 5)
        tifffile.imwrite(
            stream, values, imagej=True, resolution=(4, 2), metadata={"spacing": 3, "unit": "mm"}
        )
        read = volume.read(stream.getvalue())
        assert read.samples[0].tolist() == values.tolist()
        assert read.meta["spacing_mm"] == pytest.approx((3.0, 0.5, 0.25))

    def test_colors_are_read_from_0_to_1_and_written(self) -> None:
        values = np.random.default_rng(0).integers(0, 256, (3, 4, 5, 3), dtype=np.uint8)
        stream = io.BytesIO()
        tifffile.imwrite(stream, values, photometric="rgb")
        read = volume.read(stream.getvalue())
        assert read.samples.shape == (3, 3, 4, 5)
        assert read.samples[0, 1, 2, 3] == pytest.approx(values[1, 2, 3, 0] / 255)
        assert torch.equal(volume.read(volume.encode(read, ".tif")).samples, read.samples)

    def test_one_of_several_volumes_is_chosen(self) -> None:
        stream = io.BytesIO()
        values = np.arange(2 * 60, dtype=np.uint16).reshape(2, 3, 4, 5)
        tifffile.imwrite(stream, values, imagej=True, metadata={"axes": "TZYX"})
        assert volume.read(stream.getvalue(), frame=1).samples[0, 0, 0, 0] == 60
        with pytest.raises(InputError, match="holds 2 volumes"):
            volume.read(stream.getvalue())

    def test_one_page_is_no_volume(self) -> None:
        stream = io.BytesIO()
        tifffile.imwrite(stream, np.zeros((4, 5), np.uint8))
        with pytest.raises(InputError, match="has one page"):
            volume.read(stream.getvalue())

    def test_pages_of_several_sizes_are_refused(self) -> None:
        stream = io.BytesIO()
        with tifffile.TiffWriter(stream) as writer:
            writer.write(np.zeros((4, 5), np.uint8))
            writer.write(np.zeros((5, 4), np.uint8))
        with pytest.raises(InputError, match="pages of 2 different sizes"):
            volume.read(stream.getvalue())

    def test_a_file_that_is_cut_short_is_told(self) -> None:
        signal = Signal(torch.rand(1, 16, 16, 16), "volume")
        data = volume.encode(signal, ".tif")
        with pytest.raises(InputError, match="damaged or cut short"):
            volume.read(data[: len(data) // 2])


class TestArrays:
    @settings(deadline=None, max_examples=30)
    @given(values=st.sampled_from(["uint8", "int16", "int32", "float32", "bool"]).flatmap(volumes))
    def test_files_come_back_as_they_were(self, values: np.ndarray[Any, Any]) -> None:
        stream = io.BytesIO()
        np.save(stream, values)
        read = volume.read(stream.getvalue())
        back = np.load(io.BytesIO(volume.encode(read, ".npy")))
        assert back.dtype == values.dtype
        assert np.array_equal(back.astype(np.float32), values.astype(np.float32))

    @pytest.mark.parametrize("shape", [(3, 4, 5, 6), (4, 5, 6, 3)])
    def test_channels_come_first_or_last(self, shape: tuple[int, ...]) -> None:
        values = np.zeros(shape, np.float32)
        assert volume.read(values).samples.shape == (3, 4, 5, 6)
        assert volume.read(torch.from_numpy(values)).samples.shape == (3, 4, 5, 6)

    @pytest.mark.parametrize("shape", [(4, 5), (2, 4, 5, 6), (1, 2, 3, 4, 5)])
    def test_other_shapes_are_refused(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(InputError, match=r"and a volume has \(d, h, w\)"):
            volume.read(np.zeros(shape, np.float32))

    def test_an_empty_array_is_refused(self) -> None:
        with pytest.raises(InputError, match="no voxels"):
            volume.read(np.zeros((0, 4, 5), np.float32))

    def test_objects_are_never_unpickled(self) -> None:
        stream = io.BytesIO()
        np.save(stream, np.array([[[{}]]]), allow_pickle=True)
        with pytest.raises(InputError, match="holds Python objects"):
            volume.read(stream.getvalue())

    def test_a_frame_of_a_single_volume_is_refused(self) -> None:
        with pytest.raises(InputError, match="single volume: leave out --frame 2"):
            volume.read(np.zeros((3, 4, 5)), frame=2)


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".tif", ".npy"])
def test_a_note_travels_along_where_there_is_room(tmp_path: Path, suffix: str) -> None:
    note = json.dumps({"é": "quote ' and = sign", "list": [1, 2]})
    path = tmp_path / f"a{suffix}"
    signal = Signal(torch.rand(1, 3, 4, 5), "volume")
    volume.write(signal, path, note=note)
    assert volume.read_note(path) == (None if suffix == ".npy" else note)
    again = tmp_path / f"b{suffix}"
    volume.write(volume.read(path), again, note="two")
    assert volume.read_note(again) == (None if suffix == ".npy" else "two")
    volume.write(volume.read(path), again)
    assert volume.read_note(again) is None


@pytest.mark.parametrize("suffix", [".nii", ".nii.gz", ".tif", ".npy"])
def test_the_same_volume_gives_the_same_bytes(suffix: str) -> None:
    signal = Signal(torch.rand(1, 3, 4, 5), "volume")
    assert volume.encode(signal, suffix, note="x") == volume.encode(signal, suffix, note="x")


def test_a_missing_file_a_folder_and_an_empty_file_are_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.nii does not exist"):
        volume.read(tmp_path / "gone.nii")
    with pytest.raises(InputError, match="is a folder, not a volume"):
        volume.read(tmp_path)
    (tmp_path / "empty.nii").touch()
    with pytest.raises(InputError, match=r"empty\.nii is empty"):
        volume.read(tmp_path / "empty.nii")


@pytest.mark.parametrize(
    "data",
    [b"hello", b"x" * 1000, gzip.compress(b"y" * 1000)],
    ids=["short", "long", "compressed"],  # compressed bytes hold the time: no name for a test
)
def test_what_is_no_volume_is_told(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "text.nii.gz"
    path.write_bytes(data)
    with pytest.raises(InputError, match="not a volume that impasto can read"):
        volume.read(path)


def test_an_address_is_refused() -> None:
    with pytest.raises(UsageError, match="download it first"):
        volume.read("https://example.org/head.nii")


def test_an_unknown_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"with the suffix \.mgz"):
        volume.write(Signal(torch.rand(1, 3, 4, 5), "volume"), tmp_path / "a.mgz")
    assert not list(tmp_path.iterdir())


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = scan().to_bytes()
    monkeypatch.setitem(__import__("sys").modules, "nibabel", None)
    with pytest.raises(UsageError, match=r'pip install "impasto\[volume\]"'):
        volume.read(data)
