from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders.window import Range, Window, windows


@st.composite
def convolutions(draw: st.DrawFn) -> nn.Conv1d:
    """A convolution of any shape whose weights are all positive."""
    convolution = nn.Conv1d(
        1,
        1,
        draw(st.integers(1, 5), label="kernel"),
        stride=draw(st.integers(1, 4), label="stride"),
        padding=draw(st.integers(0, 4), label="padding"),
        dilation=draw(st.integers(1, 3), label="dilation"),
        bias=False,
        dtype=torch.float64,
    )
    nn.init.ones_(convolution.weight)
    return convolution


@st.composite
def averages(draw: st.DrawFn) -> nn.AvgPool1d:
    """An average pooling of any shape."""
    kernel = draw(st.integers(1, 5), label="kernel")
    stride = draw(st.none() | st.integers(1, 6), label="stride")
    padding = draw(st.integers(0, kernel // 2), label="padding")
    return nn.AvgPool1d(kernel, stride, padding, ceil_mode=draw(st.booleans(), label="ceil"))


@st.composite
def maxima(draw: st.DrawFn) -> nn.MaxPool1d:
    """A max pooling of any shape."""
    kernel = draw(st.integers(1, 5), label="kernel")
    stride = draw(st.none() | st.integers(1, 6), label="stride")
    padding = draw(st.integers(0, kernel // 2), label="padding")
    dilation = draw(st.integers(1, 3), label="dilation")
    ceil = draw(st.booleans(), label="ceil")
    return nn.MaxPool1d(kernel, stride, padding, dilation, ceil_mode=ceil)


def line(length: int) -> Tensor:
    """A positive signal with one axis."""
    return torch.rand(1, 1, length, dtype=torch.float64) + 1


def real_length(module: nn.Module, length: int) -> int:
    """How many positions a module makes of a length; where torch refuses, none."""
    try:
        return int(module(line(length)).shape[2])
    except RuntimeError:
        return 0


def support(outputs: Tensor, inputs: Tensor) -> Range:
    """From the first to behind the last position of the inputs that the outputs depend on."""
    (gradient,) = torch.autograd.grad(outputs.sum(), inputs)
    touched = gradient.flatten().nonzero().flatten().tolist()
    return touched[0], touched[-1] + 1


class TestLength:
    @given(convolutions() | averages() | maxima(), st.integers(1, 20))
    def test_is_that_of_torch(self, module: nn.Module, length: int) -> None:
        (window,) = windows(module, 1)
        assert window.length(length) == real_length(module, length)

    @pytest.mark.parametrize(
        ("window", "length", "expected"),
        [
            (Window(), 7, 7),
            (Window(3, padding=1), 7, 7),
            (Window(3), 7, 5),
            (Window(2, 2), 7, 3),
            (Window(2, 2, ceil=True), 7, 4),
            (Window(2, 2, ceil=True), 8, 4),
            # the fourth window would begin at 8, behind the last position and its padding
            (Window(2, 3, 1, ceil=True), 7, 3),
            (Window(5), 4, 0),
            (Window(5), 1, 0),
            (Window(4, padding=1, behind=2), 7, 7),
            (Window(4, padding=0, behind=1), 3, 1),
        ],
    )
    def test_known_values(self, window: Window, length: int, expected: int) -> None:
        assert window.length(length) == expected


class TestSeen:
    @given(convolutions() | averages(), st.data())
    def test_is_the_support_of_a_gradient(
        self, module: nn.Conv1d | nn.AvgPool1d, data: st.DataObject
    ) -> None:
        """Against the module without padding, on an input to which the padding was given."""
        (window,) = windows(module, 1)
        module.ceil_mode = False
        inputs = line(data.draw(st.integers(window.size, window.size + 9), label="length"))
        outputs = module(inputs)
        padded = functional.pad(inputs, (window.padding, window.padding)).requires_grad_()
        module.padding = (0,)
        same = module(padded)
        torch.testing.assert_close(same, outputs)

        end = data.draw(st.integers(1, outputs.shape[2]), label="end")
        first = data.draw(st.integers(0, end - 1), label="first")
        low, high = support(same[..., first:end], padded)
        assert window.seen((first, end)) == (low - window.padding, high - window.padding)

    @given(maxima(), st.data())
    def test_nothing_else_moves_a_maximum(self, module: nn.MaxPool1d, data: st.DataObject) -> None:
        (window,) = windows(module, 1)
        inputs = line(data.draw(st.integers(window.size, window.size + 9), label="length"))
        outputs = module(inputs)
        position = data.draw(st.integers(0, outputs.shape[2] - 1), label="position")
        first, end = window.seen((position, position + 1))
        for touched in range(inputs.shape[2]):
            other = inputs.clone()
            other[..., touched] += 10
            moved = bool(module(other)[0, 0, position] != outputs[0, 0, position])
            within = first <= touched < end and (touched - first) % module.dilation == 0
            assert moved == within

    @pytest.mark.parametrize(
        ("window", "outputs", "expected"),
        [
            (Window(), (2, 5), (2, 5)),
            (Window(3, padding=1), (0, 1), (-1, 2)),
            (Window(3, padding=1), (2, 5), (1, 6)),
            (Window(2, 2), (1, 3), (2, 6)),
            (Window(3, 2, 1), (1, 3), (1, 6)),
            (Window(5, 1, 2), (0, 4), (-2, 6)),
            (Window(4, padding=1, behind=2), (0, 1), (-1, 3)),
        ],
    )
    def test_known_values(self, window: Window, outputs: Range, expected: Range) -> None:
        assert window.seen(outputs) == expected


class TestWindows:
    @pytest.mark.parametrize("axes", [1, 2, 3])
    @pytest.mark.parametrize("module", [nn.ReLU(), nn.Identity(), nn.BatchNorm2d(3)])
    def test_without_a_kernel_one_position_is_seen(self, module: nn.Module, axes: int) -> None:
        assert windows(module, axes) == (Window(1, 1, 0, ceil=False),) * axes

    @pytest.mark.parametrize(
        ("module", "expected"),
        [
            (nn.Conv2d(1, 1, 3, padding=1), [Window(3, 1, 1)] * 2),
            (
                nn.Conv2d(1, 1, (3, 4), stride=(1, 2), padding=(2, 0), dilation=(3, 1)),
                [Window(7, 1, 2), Window(4, 2, 0)],
            ),
            (nn.Conv3d(1, 1, (1, 2, 3)), [Window(1), Window(2), Window(3)]),
            (nn.MaxPool3d(2), [Window(2, 2)] * 3),
            (nn.MaxPool2d(3, (1, 2), dilation=2), [Window(5, 1), Window(5, 2)]),
            (nn.AvgPool2d((2, 3), padding=(0, 1)), [Window(2, 2), Window(3, 3, 1)]),
            (nn.AvgPool1d(2, ceil_mode=True), [Window(2, 2, ceil=True)]),
        ],
        ids=str,
    )
    def test_every_axis_has_its_own(self, module: nn.Module, expected: list[Window]) -> None:
        assert windows(module, len(expected)) == tuple(expected)

    def test_lengths_of_every_axis_are_those_of_torch(self) -> None:
        module = nn.Conv3d(1, 1, (1, 2, 3), stride=(3, 1, 2), padding=(0, 1, 2))
        space = (8, 5, 6)
        made = [w.length(n) for w, n in zip(windows(module, 3), space, strict=True)]
        assert made == list(module(torch.zeros(1, 1, *space)).shape[2:])
