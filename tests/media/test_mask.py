from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from torch import Tensor

from impasto.errors import ShapeError, UsageError
from impasto.media.image import read_image
from impasto.media.mask import mask_colors, paired_regions
from impasto.signal import Signal


def painted(labels: Tensor, palette: list[tuple[float, float, float]]) -> Signal:
    """A mask whose labels, shape (*space), have the colors of a palette."""
    return Signal(torch.tensor(palette)[labels].movedim(-1, 0).contiguous())


RED, GREEN, BLUE, BLACK = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.0, 0.0, 0.0)


def drawing(size: int = 200) -> Image.Image:
    """Three shapes with soft borders over black."""
    picture = Image.new("RGB", (4 * size, 4 * size))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((size * 0.4, size * 0.4, size * 2, size * 2), "red")
    draw.rectangle((size * 2.2, size * 0.4, size * 3.6, size * 3.6), (128, 128, 128))
    draw.polygon([(size * 0.2, size * 3.8), (size, size * 2.2), (size * 2, size * 3.8)], "yellow")
    return picture.resize((size, size), Image.Resampling.BICUBIC)


def jpeg(picture: Image.Image, quality: int) -> bytes:
    stream = io.BytesIO()
    picture.save(stream, "JPEG", quality=quality)
    return stream.getvalue()


class TestMaskColors:
    def test_known_values(self) -> None:
        mask = painted(torch.tensor([[0, 0, 0, 1, 1], [0, 0, 0, 1, 1]]), [RED, BLUE])
        torch.testing.assert_close(mask_colors(mask.samples), torch.tensor([RED, BLUE]))

    @pytest.mark.parametrize("space", [(60,), (12, 15), (6, 8, 10)])
    def test_any_number_of_axes(self, space: tuple[int, ...]) -> None:
        labels = (torch.arange(space[0]) >= space[0] // 3).long()
        mask = painted(labels.reshape(-1, *[1] * (len(space) - 1)).expand(space), [RED, BLUE])
        torch.testing.assert_close(mask_colors(mask.samples), torch.tensor([BLUE, RED]))

    def test_gray_levels_25_steps_apart_are_different(self) -> None:
        widths = torch.tensor([300, 5, 40, 5, 5, 100, 5, 5, 5, 5, 5])
        levels = (torch.arange(11) * 25 / 255).repeat_interleave(widths).expand(3, 10, -1)
        assert len(mask_colors(levels)) == 11

    def test_noise_of_a_few_levels_is_the_same_color(self) -> None:
        noise = torch.randint(-4, 5, (3, 50, 50), generator=torch.Generator().manual_seed(0)) / 255
        (color,) = mask_colors((0.5 + noise).float())
        torch.testing.assert_close(color, torch.full((3,), 0.5), atol=2 / 255, rtol=0)

    def test_a_soft_border_is_no_color(self) -> None:
        samples = torch.zeros(3, 20, 20)
        samples[:, :, 10] = 0.5  # five percent of the area
        samples[:, :, 11:] = 1
        assert mask_colors(samples).tolist() == [[0, 0, 0], [1, 1, 1]]

    def test_labels_that_look_alike_are_told_apart(self) -> None:
        samples = torch.zeros(3, 9, 9)
        samples[:, :, 3:6] = 1 / 255
        samples[:, :, 8:] = 2 / 255
        levels = (mask_colors(samples) * 255).round().int().tolist()
        assert levels == [[0, 0, 0], [1, 1, 1], [2, 2, 2]]

    def test_a_speck_is_no_color(self) -> None:
        samples = torch.zeros(3, 50, 50)
        samples[:, 10:13, 10:13] = 1  # 9 of 2500 positions
        assert mask_colors(samples).tolist() == [[0, 0, 0]]
        samples[:, 10:14, 10:14] = 1  # 16 of 2500 positions
        assert len(mask_colors(samples)) == 2

    def test_a_picture_without_flat_areas_has_none(self) -> None:
        noise = torch.rand(3, 30, 30, generator=torch.Generator().manual_seed(0))
        assert mask_colors(noise).shape == (0, 3)

    @pytest.mark.parametrize("size", [100, 400])
    @pytest.mark.parametrize("quality", [95, 75, 50, 30])
    def test_jpeg_adds_no_colors(self, size: int, quality: int) -> None:
        samples = read_image(jpeg(drawing(size), quality)).samples
        expected = torch.tensor([BLACK, (0.5, 0.5, 0.5), RED, (1.0, 1.0, 0.0)])
        torch.testing.assert_close(mask_colors(samples), expected, atol=6 / 255, rtol=0)

    def test_three_channels_are_needed(self) -> None:
        with pytest.raises(ShapeError, match="3, "):
            mask_colors(torch.zeros(1, 4, 4))


class TestPairedRegions:
    def test_known_values(self) -> None:
        content = painted(torch.tensor([[0, 0, 0, 1, 1]] * 2), [RED, BLUE])
        style = painted(torch.tensor([[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 1, 1]]), [BLUE, RED])
        of_content, of_style = paired_regions(content, style)
        assert of_content.dtype == of_style.dtype == torch.float32
        assert of_content.tolist() == [[[1, 1, 1, 0, 0]] * 2, [[0, 0, 0, 1, 1]] * 2]
        assert of_style.tolist() == [[[0, 0, 1, 1]] * 3, [[1, 1, 0, 0]] * 3]

    @given(seed=st.integers(0, 1000))
    @settings(max_examples=30, deadline=None)
    def test_each_position_belongs_to_one_region_of_its_color(self, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        palette = [RED, GREEN, BLUE, BLACK]
        blocks = torch.randint(4, (5, 6), generator=generator)
        blocks[0, :4] = torch.arange(4)
        labels = blocks.repeat_interleave(3, 0).repeat_interleave(4, 1)
        mask = painted(labels, palette)
        regions, same = paired_regions(mask, mask)
        assert regions.equal(same)
        assert regions.sum(0).equal(torch.ones(15, 24))
        for region in regions:
            assert len(labels[region.bool()].unique()) == 1

    @pytest.mark.parametrize("space", [(60,), (12, 15), (6, 8, 10)])
    def test_any_number_of_axes_and_two_different_ones(self, space: tuple[int, ...]) -> None:
        labels = (torch.arange(space[0]) >= space[0] // 3).long()
        mask = painted(labels.reshape(-1, *[1] * (len(space) - 1)).expand(space), [RED, BLUE])
        other = painted(torch.tensor([0, 0, 0, 1, 1]), [RED, BLUE])
        regions, of_other = paired_regions(mask, other)
        assert regions.shape == (2, *space)
        assert of_other.tolist() == [[0, 0, 0, 1, 1], [1, 1, 1, 0, 0]]

    def test_a_color_of_one_mask_only_takes_no_part(self) -> None:
        content = painted(torch.tensor([0, 0, 0, 1, 1, 1, 2, 2]), [RED, GREEN, BLUE])
        style = painted(torch.tensor([0, 0, 0, 1, 1]), [RED, BLUE])
        of_content, of_style = paired_regions(content, style)
        assert of_content.tolist() == [[1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 1, 1]]
        assert of_style.tolist() == [[1, 1, 1, 0, 0], [0, 0, 0, 1, 1]]

    def test_colors_a_few_levels_apart_are_the_same(self) -> None:
        content = Signal(torch.full((3, 4, 4), 250 / 255))
        style = Signal(torch.full((3, 4, 4), 1.0))
        of_content, of_style = paired_regions(content, style)
        assert of_content.equal(torch.ones(1, 4, 4))
        assert of_style.equal(torch.ones(1, 4, 4))

    def test_no_color_in_common(self) -> None:
        content, style = Signal(torch.zeros(3, 4, 4)), Signal(torch.ones(3, 4, 4))
        with pytest.raises(UsageError, match=r"no color in common.*#000000.*#ffffff"):
            paired_regions(content, style)

    def test_a_photograph_is_no_mask(self) -> None:
        noise = Signal(torch.rand(3, 30, 30, generator=torch.Generator().manual_seed(0)))
        with pytest.raises(UsageError, match="no flat areas"):
            paired_regions(noise, Signal(torch.zeros(3, 4, 4)))

    def test_too_many_colors(self) -> None:
        steps = torch.linspace(0, 1, 6)
        palette = torch.cartesian_prod(steps, steps, steps)[:33]
        mask = Signal(palette.T.repeat_interleave(10, 1)[:, None].expand(3, 4, 330))
        with pytest.raises(UsageError, match="33 colors in common, more than 32"):
            paired_regions(mask, mask)
        fewer = mask.with_samples(mask.samples[..., :320])
        assert len(paired_regions(fewer, fewer)[0]) == 32


class TestReadMasks:
    @pytest.mark.parametrize("quality", [95, 60])
    def test_a_jpeg_and_a_clean_mask_pair_up(self, quality: int) -> None:
        clean = drawing()
        of_content, of_style = paired_regions(
            read_image(jpeg(clean, quality)), read_image(clean.rotate(180))
        )
        assert of_content.shape == of_style.shape == (4, 200, 200)
        assert of_content.sum(0).equal(torch.ones(200, 200))
        turned = of_style.flip(1, 2)
        assert (of_content == turned).float().mean() > 0.99

    def test_arrays_are_masks_too(self) -> None:
        labels = np.zeros((10, 10), np.uint8)
        labels[:, 5:] = 255
        of_content, _ = paired_regions(read_image(labels), read_image(labels[:, ::-1]))
        assert of_content.sum((1, 2)).tolist() == [50, 50]


class TestLabels:
    """Masks of one channel."""

    @staticmethod
    def labeled(labels: list[float], axes: int) -> Signal:
        return Signal(torch.tensor(labels).view(1, -1, *[1] * (axes - 1)), "volume")

    @pytest.mark.parametrize("axes", [1, 2, 3])
    def test_equal_labels_pair_up_the_largest_of_the_content_first(self, axes: int) -> None:
        content, style = self.labeled([7, 2, 7, 0, 7, 0], axes), self.labeled([0, 7, 9, 9], axes)
        on_content, on_style = paired_regions(content, style)
        assert on_content.flatten(1).tolist() == [[1, 0, 1, 0, 1, 0], [0, 0, 0, 1, 0, 1]]
        assert on_style.flatten(1).tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]
        assert on_content.shape[1:] == content.space

    def test_what_has_no_pairs_is_told(self) -> None:
        with pytest.raises(UsageError, match="no label in common"):
            paired_regions(self.labeled([1, 2], 3), self.labeled([3, 4], 3))
        many = self.labeled([float(n) for n in range(40)], 3)
        with pytest.raises(UsageError, match=r"40 labels in common, more than 32"):
            paired_regions(many, many)
        with pytest.raises(UsageError, match="One of the masks has colors"):
            paired_regions(many, painted(torch.zeros(4, 4, 4).long(), [RED]))
