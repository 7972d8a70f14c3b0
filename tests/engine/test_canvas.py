from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from impasto.engine.canvas import Canvas, Mixed, Samples, Spectrum, make_canvas

spaces = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)
dtypes = st.sampled_from([torch.float32, torch.float64])


def noise(space: tuple[int, ...], dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(2, 3, *space, dtype=dtype)


class TestSpectrum:
    @given(spaces, dtypes)
    def test_decode_undoes_encode(self, space: tuple[int, ...], dtype: torch.dtype) -> None:
        canvas, signal = Spectrum(space), noise(space, dtype)
        back = canvas.decode(canvas.encode(signal))
        assert back.dtype == dtype
        torch.testing.assert_close(back, signal, rtol=1e-5, atol=1e-5)
        torch.testing.assert_close(
            canvas.encode(canvas.decode(signal)), signal, rtol=1e-5, atol=1e-5
        )

    @given(spaces, st.floats(0, 2))
    def test_pullback_is_the_adjoint_of_decode(self, space: tuple[int, ...], power: float) -> None:
        canvas = Spectrum(space, power=power)
        parameters, gradient = noise(space, torch.float64), noise(space, torch.float64)
        one = (canvas.decode(parameters) * gradient).sum()
        other = (parameters * canvas.pullback(gradient)).sum()
        torch.testing.assert_close(one, other)

    @given(spaces)
    def test_pullback_is_what_autograd_finds(self, space: tuple[int, ...]) -> None:
        canvas, gradient = Spectrum(space), noise(space, torch.float64)
        parameters = noise(space, torch.float64).requires_grad_()
        (found,) = torch.autograd.grad(canvas.decode(parameters), parameters, gradient)
        torch.testing.assert_close(canvas.pullback(gradient), found)

    @given(spaces, dtypes)
    def test_is_linear(self, space: tuple[int, ...], dtype: torch.dtype) -> None:
        canvas, a, b = Spectrum(space), noise(space, dtype), noise(space, dtype)
        torch.testing.assert_close(
            canvas.decode(2 * a - 3 * b),
            2 * canvas.decode(a) - 3 * canvas.decode(b),
            rtol=1e-4,
            atol=1e-4,
        )

    def test_weighs_frequency_f_by_f_to_minus_half(self, space: tuple[int, ...]) -> None:
        """A wave of four times the frequency is decoded half as strong, up to an eighth."""
        for axis in range(len(space)):
            shape = [1, 1, *space]
            shape[axis + 2] = 32
            canvas = Spectrum(tuple(shape[2:]))
            turn = torch.arange(32) * 2 * torch.pi / 32
            turn = turn.view(-1, *[1] * (len(space) - axis - 1))
            slow, fast, faster = (torch.cos(f * turn).expand(shape) for f in (1, 4, 8))
            gains = [(canvas.decode(wave) / wave).flatten()[0] for wave in (slow, fast, faster)]
            torch.testing.assert_close(gains[0], 2 * gains[1])
            torch.testing.assert_close(gains[2], gains[1])
            torch.testing.assert_close(canvas.decode(fast), gains[1] * fast, rtol=0, atol=1e-5)

    @pytest.mark.parametrize("axes", [1, 2, 3])
    def test_knows_no_direction(self, axes: int) -> None:
        """Nor which axis is the last, along which a spectrum is half as long."""
        space = (9,) * axes
        signal = noise(space)
        decoded = Spectrum(space).decode(signal)
        back = tuple(range(2, axes + 2))
        torch.testing.assert_close(Spectrum(space).decode(signal.flip(back)), decoded.flip(back))
        turned = (0, 1, *back[::-1])
        torch.testing.assert_close(
            Spectrum(space).decode(signal.permute(turned)), decoded.permute(turned)
        )

    def test_keeps_channels_and_batch_apart(self, space: tuple[int, ...]) -> None:
        canvas, signal = Spectrum(space), noise(space)
        torch.testing.assert_close(canvas.decode(signal)[1:, 2:], canvas.decode(signal[1:, 2:]))

    def test_power_zero_changes_nothing(self, space: tuple[int, ...]) -> None:
        signal = noise(space)
        torch.testing.assert_close(Spectrum(space, power=0).decode(signal), signal)


def test_samples_are_themselves() -> None:
    canvas, signal = Samples(), noise((3, 4))
    for same in (canvas.encode, canvas.decode, canvas.pullback):
        assert torch.equal(same(signal), signal)


class TestMixed:
    mixing = torch.tensor([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, 0.5, 1.0]])

    def canvas(self, space: tuple[int, ...]) -> Canvas:
        return Mixed(Spectrum(space), self.mixing)

    def test_known_value(self) -> None:
        parameters = torch.tensor([[[1.0, 0.0], [0.0, 2.0], [4.0, 0.0]]])
        decoded = Mixed(Samples(), self.mixing).decode(parameters)
        assert decoded.tolist() == [[[2.0, 2.0], [-3.0, 6.0], [4.0, 1.0]]]

    def test_decode_undoes_encode(self, space: tuple[int, ...]) -> None:
        canvas, signal = self.canvas(space), noise(space)
        torch.testing.assert_close(
            canvas.decode(canvas.encode(signal)), signal, rtol=1e-4, atol=1e-5
        )
        torch.testing.assert_close(
            canvas.encode(canvas.decode(signal)), signal, rtol=1e-4, atol=1e-5
        )

    def test_pullback_is_what_autograd_finds(self, space: tuple[int, ...]) -> None:
        canvas, gradient = self.canvas(space), noise(space, torch.float64)
        parameters = noise(space, torch.float64).requires_grad_()
        (found,) = torch.autograd.grad(canvas.decode(parameters), parameters, gradient)
        torch.testing.assert_close(canvas.pullback(gradient), found)

    def test_one_as_a_matrix_changes_nothing(self, space: tuple[int, ...]) -> None:
        signal = noise(space)
        assert torch.equal(Mixed(Samples(), torch.eye(3)).decode(signal), signal)


def test_canvas_by_name() -> None:
    assert isinstance(make_canvas("samples", (3, 4)), Samples)
    canvas = make_canvas("spectrum", (3, 4))
    assert isinstance(canvas, Spectrum)
    assert (canvas.space, canvas.power) == ((3, 4), pytest.approx(0.5))
