from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from impasto.errors import InputError, UsageError
from impasto.settings import StylizeSettings
from impasto.signal import Signal
from impasto.stylization.domains import domain_for
from impasto.stylization.domains.volume import VolumeDomain, cubic, on_grid, robust_window
from impasto.stylization.inputs import Inputs, Style

AFFINE = np.array([[-2.0, 0, 0, 90], [0, 1.0, 0, -126], [0, 0, 4.0, -72], [0, 0, 0, 1]])


def scan(*space: int, **meta: Any) -> Signal:
    generator = torch.Generator().manual_seed(sum(space))
    samples = 1000 * torch.rand(1, *space, generator=generator) - 200
    return Signal(samples, "volume", meta)


def picture(red: float = 1.0) -> Signal:
    samples = torch.zeros(3, 8, 9)
    samples[0] = red
    return Signal(samples)


def domain(content: Signal, style: Signal, **settings: Any) -> VolumeDomain:
    origin = {"content": {"path": "head.nii"}, "styles": [{"path": "style.jpg"}]}
    inputs = Inputs(content, [Style(style)], None, origin)
    made = domain_for(inputs, StylizeSettings(**settings))
    assert isinstance(made, VolumeDomain)
    return made


def test_a_window_goes_from_0_to_1() -> None:
    samples = torch.tensor([-100.0, 0.0, 50.0, 100.0, 300.0]).view(1, 1, 1, 5)
    shown = domain(Signal(samples, "volume"), picture(), window=(0, 100))
    assert shown.inputs.content.samples.flatten().tolist() == [0, 0, 0.5, 1, 1]


def test_what_is_not_changed_comes_back_with_what_the_window_cut_off() -> None:
    content = scan(5, 6, 7)
    shown = domain(content, picture(), window=(0, 100))
    back = shown.present(shown.inputs.content.samples)
    torch.testing.assert_close(back.samples, content.samples, atol=1e-3, rtol=0)


def test_a_window_of_none_holds_nearly_all_voxels() -> None:
    samples = torch.cat([torch.arange(1000.0), torch.tensor([1e6])]).view(1, 1, 7, 143)
    low, high = robust_window(Signal(samples, "volume"), "head.nii")
    assert (low, high) == pytest.approx((5, 995))


def test_a_few_bright_voxels_in_the_dark_make_a_window() -> None:
    samples = torch.zeros(1, 10, 10, 10)
    samples[0, 0, 0, 0] = 7
    assert robust_window(Signal(samples, "volume"), "head.nii") == (0, 7)


def test_a_volume_of_one_value_is_refused() -> None:
    with pytest.raises(InputError, match=r"head\.nii has the value 5 everywhere"):
        domain(Signal(torch.full((1, 4, 4, 4), 5.0), "volume"), picture())


def test_long_voxels_become_cubes_and_come_back() -> None:
    content = scan(4, 6, 6, spacing_mm=(3.0, 1.0, 1.0), affine=AFFINE)
    shown = domain(content, picture(), window=(-200, 800))
    assert shown.inputs.content.space == (12, 6, 6)
    assert shown.inputs.content.meta["spacing_mm"] == (1.0, 1.0, 1.0)
    back = shown.present(shown.inputs.content.samples)
    assert back.space == (4, 6, 6)
    assert back.meta["affine"] is AFFINE


def test_cubes_stay_as_they_are() -> None:
    content = scan(4, 5, 6, spacing_mm=(2.0, 2.0, 2.0))
    assert cubic(content) is content


def test_other_voxels_cover_the_same_part_of_the_world() -> None:
    content = scan(4, 6, 8, spacing_mm=(4.0, 1.0, 2.0), affine=AFFINE)
    finer = on_grid(content, torch.zeros(1, 8, 3, 2))
    assert finer.meta["spacing_mm"] == (2.0, 2.0, 8.0)
    for face in (-0.5, None):  # outer faces, in voxels of x, y, z
        old = np.array([-0.5] * 3 if face else [7.5, 5.5, 3.5])
        new = np.array([-0.5] * 3 if face else [1.5, 2.5, 7.5])
        there = AFFINE @ [*old, 1], finer.meta["affine"] @ [*new, 1]
        assert np.allclose(*there)


def test_a_smaller_result_has_units_and_place() -> None:
    content = scan(8, 8, 8, spacing_mm=(1.0, 1.0, 1.0), affine=np.eye(4))
    back = domain(content, picture(), window=(0, 100)).present(torch.full((1, 4, 4, 4), 0.5))
    assert back.samples.unique().tolist() == [50]
    assert back.meta["spacing_mm"] == (2.0, 2.0, 2.0)
    assert back.meta["affine"].diagonal().tolist() == [2, 2, 2, 1]


def test_the_picture_of_a_gray_volume_is_gray() -> None:
    (style,) = domain(scan(4, 4, 4), picture()).inputs.styles
    assert style.signal.samples.shape == (1, 8, 9)
    assert style.signal.samples[0, 0, 0] == pytest.approx(0.299)


def test_a_gray_volume_as_the_style_of_a_colored_one_has_its_channels() -> None:
    content = Signal(torch.rand(3, 4, 4, 4), "volume")
    (style,) = domain(content, scan(5, 5, 5)).inputs.styles
    assert style.signal.samples.shape == (3, 5, 5, 5)
    assert style.signal.samples.min() == 0
    assert style.signal.samples.max() == 1


def test_colors_need_no_window() -> None:
    content = Signal(torch.rand(3, 4, 4, 4) / 2, "volume")
    assert domain(content, picture()).window == (0, 1)


def test_a_sound_is_no_style_for_a_volume() -> None:
    with pytest.raises(UsageError, match=r"style\.jpg is a sound, which is no style for a volume"):
        domain(scan(4, 4, 4), Signal(torch.rand(1, 99), "audio"))
