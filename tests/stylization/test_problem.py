"""The sizes at which pictures are seen, and alpha."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from impasto import Encoder
from impasto.errors import InputError
from impasto.media import read


class TestStyleSizes:
    @pytest.fixture
    def seen(self, vgg: Encoder) -> Any:
        """Sizes of what the network saw."""
        sizes: list[tuple[int, ...]] = []

        def note(_network: nn.Module, words: tuple[Tensor, Any]) -> None:
            sizes.append(tuple(words[0].shape[2:]))

        handle = vgg.register_forward_pre_hook(note)
        yield sizes
        handle.remove()

    @pytest.mark.parametrize(
        ("changes", "wanted"),
        [
            ({"size": 40}, (40, 40)),
            ({"size": 40, "style_scale": 0.5}, (20, 20)),
            ({"size": 40, "style_scale": 1.25}, (50, 50)),
            ({"size": 40, "style_scale": 100.0}, (60, 60)),  # never blown up
            ({"size": 64}, (60, 60)),
            ({"size": 40, "style_scale": 0.01}, (16, 16)),  # what the network needs
        ],
    )
    def test_the_style_is_as_long_as_the_content(
        self,
        seen: list[tuple[int, ...]],
        steps_of: Any,
        photo: Any,
        painting: Any,
        changes: dict[str, Any],
        wanted: tuple[int, int],
    ) -> None:
        steps_of(photo, painting, steps=1, **changes)
        assert seen[1] == wanted

    def test_an_oblong_style_keeps_its_proportions(
        self, seen: list[tuple[int, ...]], steps_of: Any, photo: Any
    ) -> None:
        steps_of(photo, np.zeros((40, 120, 3), np.uint8), steps=1, size=60)
        assert seen[1] == (20, 60)
        steps_of(photo, np.zeros((40, 120, 3), np.uint8), steps=1, size=32)
        assert seen[-1] == (16, 48)  # 11 x 32 would be too small for the network

    def test_each_level_has_its_own(
        self, seen: list[tuple[int, ...]], steps_of: Any, photo: Any, painting: Any
    ) -> None:
        steps_of(photo, painting, steps=1, size=50, levels=2)
        assert (25, 25) in seen
        assert (50, 50) in seen


class TestSizes:
    @pytest.mark.parametrize(
        ("size", "wanted"), [(32, (24, 32)), (64, (48, 64)), ("original", (48, 64)), (80, (60, 80))]
    )
    def test_the_longest_side_is_as_asked(
        self, make: Any, photo: Any, painting: Any, size: Any, wanted: tuple[int, int]
    ) -> None:
        assert make(photo, painting, size=size, steps=1).signal.space == wanted

    def test_shallow_layers_need_less(self, make: Any, photo: Any, painting: Any) -> None:
        layers = {"content_layers": {"relu2_1": 1.0}, "style_layers": {"relu1_1": 1.0}}
        assert make(photo, painting, size=3, steps=1, **layers).signal.space == (2, 3)
        with pytest.raises(InputError, match=r"would have a short side of 1 .* at least 2"):
            make(photo, painting, size=1, **layers)

    def test_a_style_below_the_minimum_is_named(self, make: Any, photo: Any) -> None:
        with pytest.raises(InputError, match="A style has a short side of 15"):
            make(photo, np.zeros((15, 60, 3), np.uint8))


class TestAlpha:
    def test_the_result_is_as_transparent_as_the_content(
        self, make: Any, cutout: Any, painting: Any, tmp_path: Path
    ) -> None:
        result = make(cutout, painting, size=64)
        assert torch.equal(result.signal.meta["alpha"], read(cutout).meta["alpha"])
        assert result.image.mode == "RGBA"
        result.save(tmp_path / "out.png")
        with Image.open(tmp_path / "out.png") as image:
            assert np.array_equal(np.asarray(image)[..., 3], cutout[..., 3])

    def test_it_is_resized_with_the_result(self, make: Any, cutout: Any, painting: Any) -> None:
        result = make(cutout, painting, colors="luminance")
        alpha = result.signal.meta["alpha"]
        assert alpha.shape == (1, 24, 32)
        wanted = read(cutout).meta["alpha"]
        assert float(alpha.mean()) == pytest.approx(float(wanted.mean()), abs=0.01)

    def test_an_opaque_content_gives_an_opaque_result(
        self, make: Any, photo: Any, cutout: Any
    ) -> None:
        assert make(photo, cutout[:40, :40], steps=1).image.mode == "RGB"
