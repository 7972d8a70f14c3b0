"""What goes in: names, hashes, weights, masks."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.errors import InputError, UsageError
from impasto.samples import find
from impasto.stylization.inputs import identity, read_inputs, resolve, style_pairs


class TestResolve:
    def test_a_sample_is_found_by_its_name(self) -> None:
        assert resolve("starry_night") == find("starry_night")

    def test_a_file_comes_before_a_sample(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("starry_night").touch()
        assert resolve("starry_night") == "starry_night"

    @pytest.mark.parametrize(
        ("name", "told"),
        [
            ("stary_night", r"no sample of that name. Did you mean starry_night"),
            ("stary_night.jpg", r"There is no file 'stary_night.jpg'\.$"),
            ("folder/stary_night", r"There is no file 'folder/stary_night'\.$"),
            ("", r"There is no file ''\.$"),
            ("x" * 5000, "There is no file 'xxx"),
            ("a\0b", "There is no file"),
        ],
    )
    def test_an_unknown_name_is_named(self, name: str, told: str) -> None:
        with pytest.raises(InputError, match=told):
            resolve(name)

    def test_other_words_can_be_meant(self) -> None:
        with pytest.raises(InputError, match="Did you mean noise"):
            resolve("nosie", others=["noise"])

    def test_an_address_is_no_file(self) -> None:
        with pytest.raises(UsageError, match="download it first"):
            read_inputs("https://example.org/a.jpg", "harvest", max_pixels=10**9)

    def test_data_in_memory_stay_what_they_are(self) -> None:
        array = np.zeros((2, 2), np.uint8)
        assert resolve(array) is array


class TestIdentity:
    def test_of_a_file_it_is_its_path_and_its_hash(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"abc")
        digest = hashlib.sha256(b"abc").hexdigest()
        assert identity(path) == identity(str(path)) == {"path": str(path), "sha256": digest}

    def test_of_a_sample_it_is_its_name(self) -> None:
        told = identity("starry_night")
        assert told["path"] == "starry_night"
        assert told["sha256"] == identity(find("starry_night"))["sha256"]

    def test_of_data_in_memory_it_is_their_hash(self) -> None:
        array = np.zeros((4, 4, 3), np.uint8)
        told = identity(array)
        assert told["path"] is None
        assert identity(Image.fromarray(array)) == told
        assert identity(array + 1) != told

    def test_a_folder_cannot_be_read(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match="cannot be read"):
            identity(tmp_path)


class TestStylePairs:
    def test_one_style_alone(self) -> None:
        assert style_pairs("a") == [("a", 1.0)]
        assert style_pairs(("a", 0.5)) == [("a", 0.5)]

    def test_several(self) -> None:
        assert style_pairs(["a", ("b", 0), "c"]) == [("a", 1.0), ("b", 0), ("c", 1.0)]

    @pytest.mark.parametrize("style", [[], [("a", 0)], [("a", 0), ("b", 0.0)]])
    def test_none_is_refused(self, style: Any) -> None:
        with pytest.raises(UsageError, match="There is no style"):
            style_pairs(style)

    @pytest.mark.parametrize("weight", [-1, float("nan"), float("inf"), "1"])
    def test_a_wrong_weight_is_refused(self, weight: Any) -> None:
        with pytest.raises(UsageError, match="weight of a style"):
            style_pairs([("a", weight)])


class TestMasks:
    def read(self, content: Any, style: Any, masks: Any) -> Any:
        return read_inputs(content, style, masks=masks, max_pixels=10**9)

    def test_a_smaller_mask_of_the_same_proportions_will_do(
        self, photo: Any, painting: Any
    ) -> None:
        masks = [(np.zeros((12, 16), np.uint8), np.zeros((60, 60), np.uint8))]
        on_content, on_style = self.read(photo, painting, masks).styles[0].regions
        assert torch.equal(on_content, torch.ones(1, 12, 16))
        assert torch.equal(on_style, torch.ones(1, 60, 60))

    @pytest.mark.parametrize(
        ("content", "style", "told"),
        [
            ((20, 64), (60, 60), "content mask has 64×20 pixels and the content 64×48"),
            ((48, 64), (60, 50), "style mask has 50×60 pixels and the style 60×60"),
        ],
    )
    def test_another_shape_is_refused(
        self, photo: Any, painting: Any, content: Any, style: Any, told: str
    ) -> None:
        masks = [(np.zeros(content, np.uint8), np.zeros(style, np.uint8))]
        with pytest.raises(UsageError, match=told):
            self.read(photo, painting, masks)

    def test_the_origin_names_them(self, photo: Any, painting: Any, tmp_path: Path) -> None:
        mask = tmp_path / "mask.png"
        Image.new("L", (64, 48)).save(mask)
        inputs = self.read(photo, photo, [(mask, mask)])
        assert inputs.origin["masks"] == [[identity(mask)] * 2]
        assert inputs.origin["content"]["path"] is None
        assert inputs.origin["init"] is None
