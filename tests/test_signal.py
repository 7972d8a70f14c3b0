from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck
from torch.nn import functional

from impasto.errors import ShapeError
from impasto.signal import Signal, cut, fit, resample


class TestSignal:
    def test_space(self, space: tuple[int, ...]) -> None:
        assert Signal(torch.zeros(3, *space)).space == space

    @pytest.mark.parametrize("shape", [(), (3,), (0, 4), (3, 0), (3, 4, 0), (1, 3, 4, 5, 6)])
    def test_other_shapes_are_errors(self, shape: tuple[int, ...]) -> None:
        with pytest.raises(ShapeError, match="one to three space axes"):
            Signal(torch.zeros(shape))

    def test_other_samples_keep_the_rest(self) -> None:
        signal = Signal(torch.zeros(3, 4), "audio", {"rate_hz": 44100})
        other = signal.with_samples(torch.ones(1, 2))
        assert other.samples.tolist() == [[1, 1]]
        assert (other.medium, other.meta) == ("audio", {"rate_hz": 44100})
        assert signal.space == (4,)

    def test_resized(self, space: tuple[int, ...]) -> None:
        signal = Signal(torch.rand(3, *space), "scan", {"spacing_mm": 2})
        larger = signal.resized(tuple(length + 3 for length in space))
        assert larger.space == tuple(length + 3 for length in space)
        assert torch.equal(larger.samples, resample(signal.samples[None], larger.space)[0])
        assert (larger.medium, larger.meta) == ("scan", {"spacing_mm": 2})


class TestCut:
    def test_known_value(self) -> None:
        batch = torch.arange(24.0).view(2, 1, 3, 4)
        assert cut(batch, (slice(1, 3), slice(0, 1))).tolist() == [[[[4], [8]]], [[[16], [20]]]]

    def test_is_a_view_of_space_axes_alone(self, space: tuple[int, ...]) -> None:
        batch = torch.zeros(2, 3, *space)
        part = cut(batch, tuple(slice(1, length) for length in space))
        assert part.shape == (2, 3, *(length - 1 for length in space))
        part.add_(1)
        assert batch.sum() == part.numel()
        assert cut(batch[0, 0], tuple(slice(0, 1) for _ in space)).item() == 0


class TestFit:
    @pytest.mark.parametrize(
        ("space", "longest", "expected"),
        [
            ((400, 300), 200, (200, 150)),
            ((300, 400), 200, (150, 200)),
            ((400, 300), 800, (800, 600)),
            ((1000,), 512, (512,)),
            ((64, 32, 16), 32, (32, 16, 8)),
            ((1000, 3), 10, (10, 1)),
            ((5, 5), 0, (1, 1)),
        ],
    )
    def test_known_values(
        self, space: tuple[int, ...], longest: int, expected: tuple[int, ...]
    ) -> None:
        assert fit(space, longest) == expected

    @given(
        st.lists(st.integers(1, 10**5), min_size=1, max_size=3).map(tuple), st.integers(1, 10**5)
    )
    def test_longest_is_exact(self, space: tuple[int, ...], longest: int) -> None:
        fitted = fit(space, longest)
        assert max(fitted) == longest
        assert fit(space, max(space)) == space


def sizes(space: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The same, larger, smaller and odd."""
    return [
        space,
        tuple(2 * length for length in space),
        tuple(max(1, length // 2) for length in space),
        tuple(length + (-1) ** axis for axis, length in enumerate(space)),
    ]


class TestResample:
    def test_shape(self, space: tuple[int, ...]) -> None:
        for wanted in sizes(space):
            assert resample(torch.rand(2, 3, *space), wanted).shape == (2, 3, *wanted)

    def test_same_space_changes_nothing(self, space: tuple[int, ...]) -> None:
        batch = torch.rand(2, 3, *space)
        assert torch.equal(resample(batch, space), batch)

    def test_constant_stays_constant(self, space: tuple[int, ...]) -> None:
        for wanted in sizes(space):
            resampled = resample(torch.full((1, 2, *space), 0.7), wanted)
            torch.testing.assert_close(resampled, torch.full((1, 2, *wanted), 0.7))

    def test_is_what_torch_does_to_a_picture(self) -> None:
        picture = torch.rand(2, 3, 9, 12)
        for wanted in [(5, 4), (18, 30), (4, 20)]:
            expected = functional.interpolate(picture, wanted, mode="bicubic", antialias=True)
            torch.testing.assert_close(resample(picture, wanted), expected)

    def test_every_axis_is_treated_alike(self, space: tuple[int, ...]) -> None:
        """What varies along one axis only is resampled as if that axis were alone."""
        for axis, length in enumerate(space):
            line = torch.rand(1, 1, length)
            shape = [1] * len(space)
            shape[axis] = length
            batch = line.view(1, 1, *shape).expand(1, 1, *space)
            for wanted in sizes(space):
                rows = resample(batch, wanted).movedim(axis + 2, -1).flatten(0, -2)
                expected = resample(line, (wanted[axis],))[0].expand_as(rows)
                torch.testing.assert_close(rows, expected)

    def test_halving_a_fast_wave_leaves_nothing(self) -> None:
        wave = torch.tensor([1.0, -1.0]).repeat(32).view(1, 1, 64)
        assert resample(wave, (16,))[..., 2:-2].abs().max() < 0.02

    def test_ramp_stays_a_ramp(self) -> None:
        ramp = torch.arange(32.0).view(1, 1, 32)
        # the centers of doubled samples lie a quarter left and right of the old ones
        expected = torch.arange(64) / 2 - 0.25
        torch.testing.assert_close(resample(ramp, (64,))[0, 0, 6:-6], expected[6:-6])

    def test_gradient(self, features: Tensor) -> None:
        space = tuple(features.shape[2:])
        for wanted in sizes(space)[1:]:
            assert gradcheck(lambda x, to=wanted: resample(x, to), features.requires_grad_())
