from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.errors import ShapeError
from impasto.media.color import luminance, match_colors, match_luminance, with_luminance_of

SPACES = [(50,), (8, 9), (4, 5, 6)]


def colors(seed: int, space: tuple[int, ...], spread: float = 0.1) -> Tensor:
    """Correlated colors around a mean that depends on the seed."""
    generator = torch.Generator().manual_seed(seed)
    mix = torch.randn(3, 3, generator=generator) * spread
    values = torch.tensordot(mix, torch.randn(3, *space, generator=generator), dims=1)
    return values + torch.rand(3, generator=generator).reshape(3, *[1] * len(space))


def moments(samples: Tensor) -> tuple[Tensor, Tensor]:
    values = samples.double().flatten(1)
    return values.mean(1), torch.cov(values, correction=0)


class TestLuminance:
    def test_known_values(self) -> None:
        primaries = torch.eye(3).reshape(3, 3)  # red, green and blue, one after the other
        torch.testing.assert_close(luminance(primaries), torch.tensor([[0.299, 0.587, 0.114]]))

    @pytest.mark.parametrize("space", SPACES)
    def test_gray_is_its_own_luminance(self, space: tuple[int, ...]) -> None:
        gray = torch.rand(1, *space)
        torch.testing.assert_close(luminance(gray.expand(3, *space)), gray)

    @pytest.mark.parametrize("shape", [(3,), (1, 4), (4, 4, 4)])
    def test_three_channels_are_needed(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ShapeError, match="3, "):
            luminance(torch.zeros(shape))


class TestWithLuminanceOf:
    def test_known_values(self) -> None:
        red = torch.tensor([[1.0], [0], [0]])
        brighter = with_luminance_of(red, torch.tensor([[0.499]]))
        torch.testing.assert_close(brighter, torch.tensor([[1.2], [0.2], [0.2]]))

    @pytest.mark.parametrize("space", SPACES)
    def test_luminance_is_taken_and_chroma_kept(self, space: tuple[int, ...]) -> None:
        color, lum = torch.rand(3, *space), torch.rand(1, *space)
        result = with_luminance_of(color, lum)
        torch.testing.assert_close(luminance(result), lum)
        in_phase = torch.tensor([0.5959, -0.2746, -0.3213])  # I of YIQ
        quadrature = torch.tensor([0.2115, -0.5227, 0.3112])  # Q
        for weights in (in_phase, quadrature):
            one, other = (torch.tensordot(weights, x, dims=1) for x in (result, color))
            torch.testing.assert_close(one, other, atol=1e-5, rtol=0)

    def test_the_own_luminance_changes_nothing(self) -> None:
        color = torch.rand(3, 5, 6)
        torch.testing.assert_close(with_luminance_of(color, luminance(color)), color)

    def test_spaces_have_to_agree(self) -> None:
        with pytest.raises(ShapeError, match="different spaces"):
            with_luminance_of(torch.zeros(3, 4, 5), torch.zeros(1, 5, 4))
        with pytest.raises(ShapeError, match="1, "):
            with_luminance_of(torch.zeros(3, 4, 5), torch.zeros(3, 4, 5))


class TestMatchColors:
    @pytest.mark.parametrize("space", SPACES)
    def test_mean_and_covariance_become_those_of_the_content(self, space: tuple[int, ...]) -> None:
        style, content = colors(1, space), colors(2, (11, 12))
        matched = match_colors(style, content)
        assert matched.shape == style.shape
        assert matched.dtype == style.dtype
        for found, wanted in zip(moments(matched), moments(content), strict=True):
            torch.testing.assert_close(found, wanted, atol=1e-6, rtol=1e-4)

    @given(seed=st.integers(0, 10_000))
    def test_the_law_holds_for_any_colors(self, seed: int) -> None:
        style, content = colors(seed, (40,), spread=0.3), colors(seed + 1, (40,), spread=0.3)
        if torch.linalg.eigvalsh(moments(style)[1])[0] < (1 / 255) ** 2:
            return  # flatter than rounding, and not stretched
        for found, wanted in zip(
            moments(match_colors(style, content)), moments(content), strict=True
        ):
            torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-3)

    def test_known_values(self) -> None:
        style = torch.tensor([[0.0, 1], [0, 0], [0, 0]]) + torch.zeros(3, 2)
        content = torch.tensor([[0.25, 0.75], [0.5, 0.5], [0.1, 0.1]])
        expected = torch.tensor([[0.25, 0.75], [0.5, 0.5], [0.1, 0.1]])
        torch.testing.assert_close(match_colors(style, content), expected)

    def test_a_style_that_matches_stays(self) -> None:
        style = colors(3, (20, 20))
        torch.testing.assert_close(match_colors(style, style), style, atol=1e-5, rtol=0)

    def test_the_transfer_is_the_symmetric_one_and_not_choleskys(self) -> None:
        values = torch.tensor([[1.0, -1, 0, 0, 0, 0], [0, 0, 1, -1, 0, 0], [0, 0, 0, 0, 1, -1]])
        style, content = values / 4, colors(4, (30,))
        wanted = moments(content)[1]
        variances, axes = torch.linalg.eigh(wanted)
        root = (axes * variances.sqrt()) @ axes.T
        expected = root @ (style.double() * (48**0.5)) + moments(content)[0][:, None]
        matched = match_colors(style, content).double()
        torch.testing.assert_close(matched, expected, atol=1e-5, rtol=0)

    def test_a_gray_style_gets_the_brightness_and_no_noise(self) -> None:
        noise = torch.randn(3, 400, generator=torch.Generator().manual_seed(0)) * 1e-4
        style = torch.rand(1, 400, generator=torch.Generator().manual_seed(1)).expand(3, -1) + noise
        content = colors(5, (30, 30))
        matched = match_colors(style, content)
        assert matched.isfinite().all()
        torch.testing.assert_close(moments(matched)[0], moments(content)[0], atol=1e-5, rtol=0)
        residue = matched - matched.mean(1, keepdim=True)
        assert torch.linalg.svdvals(residue)[1] < 0.2 * torch.linalg.svdvals(residue)[0]

    def test_a_flat_style_becomes_the_mean(self) -> None:
        content = colors(6, (10, 10))
        matched = match_colors(torch.full((3, 4, 4), 0.3), content)
        expected = content.mean((1, 2), keepdim=True).expand(3, 4, 4)
        torch.testing.assert_close(matched, expected)

    def test_a_flat_content_leaves_nothing_but_its_color(self) -> None:
        matched = match_colors(colors(7, (10, 10)), torch.full((3, 4, 4), 0.3))
        torch.testing.assert_close(matched, torch.full((3, 10, 10), 0.3))

    def test_three_channels_are_needed(self) -> None:
        for style, content in (
            (torch.zeros(1, 4), torch.zeros(3, 4)),
            (torch.zeros(3, 4), torch.zeros(4, 4)),
        ):
            with pytest.raises(ShapeError):
                match_colors(style, content)


class TestMatchLuminance:
    def test_known_values(self) -> None:
        style, content = torch.tensor([[0.0, 1]]), torch.tensor([[0.4, 0.6, 0.4, 0.6]])
        torch.testing.assert_close(match_luminance(style, content), torch.tensor([[0.4, 0.6]]))

    @pytest.mark.parametrize("space", SPACES)
    def test_mean_and_spread_become_those_of_the_content(self, space: tuple[int, ...]) -> None:
        style, content = torch.rand(1, *space), torch.rand(1, 70) * 0.3
        matched = match_luminance(style, content)
        torch.testing.assert_close(matched.mean(), content.mean())
        torch.testing.assert_close(matched.std(correction=0), content.std(correction=0))

    def test_a_flat_style_becomes_the_mean(self) -> None:
        matched = match_luminance(torch.full((1, 5), 0.3), torch.tensor([[0.0, 1]]))
        torch.testing.assert_close(matched, torch.full((1, 5), 0.5))

    def test_one_channel_is_needed(self) -> None:
        with pytest.raises(ShapeError):
            match_luminance(torch.zeros(3, 5), torch.zeros(1, 5))
