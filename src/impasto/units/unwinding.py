"""Many activations of one signal taken back to the input, each only where its unit looks."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders.encoder import Chain, Encoder
from impasto.signal import Region
from impasto.units.projection import RULES, MethodName, rectified

_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_POOL = {
    nn.MaxPool1d: functional.max_pool1d,
    nn.MaxPool2d: functional.max_pool2d,
    nn.MaxPool3d: functional.max_pool3d,
}


def unwinds(encoder: Encoder) -> bool:
    """Return whether a network is a chain of which `Unwinding` knows the way back."""
    return isinstance(encoder, Chain) and all(map(_is_known, encoder.chain.values()))


def _is_known(module: nn.Module) -> bool:
    if isinstance(module, _CONVOLUTIONS):
        return module.padding_mode == "zeros"
    return type(module) in (*_POOL, *_NORMS, nn.ReLU, nn.Sigmoid, nn.Identity)


class Unwinding:
    """One pass forward through a chain, and from there as many ways back as are wanted.

    What comes back from one position lies in a window that grows from layer to layer. Only this
    window is computed, and the pass forward only once for all, so that a projection costs a third
    of what `project` takes for it over a crop of the signal.

    Args:
        encoder: A network that `unwinds`.
        signal: Shape (channel, *space).
        layers: Names of the layers whose units are projected.
        method: How, as for `project`.
    """

    def __init__(
        self, encoder: Chain, signal: Tensor, layers: Sequence[str], method: MethodName
    ) -> None:
        names = list(encoder.chain)
        self.encoder, self.rule = encoder, RULES[method]
        self.names = names[: 1 + max(names.index(layer) for layer in layers)]
        with torch.no_grad():
            maps = {"": signal[None], **encoder(signal[None], self.names)}
        # What a module reads has the name of the one before it; innermost lie the channels.
        self.before = dict(zip(self.names, ["", *self.names], strict=False))
        self.spaces = {name: tuple(of.shape[2:]) for name, of in maps.items()}
        self.maps = {
            name: maps[name][0].movedim(0, -1) for name in ["", *filter(self._reads, maps)]
        }

    def _reads(self, name: str) -> bool:
        """Return whether the way back asks what was there."""
        following = (own for own, before in self.before.items() if before == name)
        pooled = any(type(self.encoder.chain[own]) in _POOL for own in following)
        return pooled or (name in self.before and self._asks(name))

    def _asks(self, name: str) -> bool:
        module = self.encoder.chain[name]
        rectifies = isinstance(module, nn.ReLU) and self.rule is not rectified
        return rectifies or isinstance(module, nn.Sigmoid)

    def project(
        self, layer: str, units: Tensor, positions: Tensor, activations: Tensor
    ) -> tuple[Tensor, list[Region]]:
        """Project units of one layer, each from one position.

        Args:
            layer: The layer.
            units: Channels, shape (n,).
            positions: In the layer's map, shape (n, axes).
            activations: What the units answered there, shape (n,).
        Returns:
            Windows of the signal with what came back, shape (n, channel, *size), and for each where
            it lies, which may be beyond the ends of the signal. All outside is zero.
        """
        shape = (len(units), self.encoder.table[layer].channels, *[1] * self.encoder.axes)
        gradient = torch.zeros(shape, dtype=self.encoder.precision, device=self.encoder.device)
        start = activations if self.rule else torch.ones(len(units))
        gradient.flatten(1)[torch.arange(len(units)), units] = start.to(gradient)
        origins = positions
        for name in reversed(self.names[: self.names.index(layer) + 1]):
            gradient, origins = self._back(name, gradient, origins)
        leaf = self._window("", origins, gradient.shape[2:], 0.0).requires_grad_()
        with torch.enable_grad():
            seen = self.encoder.front_end(leaf)
        (window,) = torch.autograd.grad(seen, leaf, gradient.to(seen.dtype))
        size = window.shape[2:]
        places = [
            tuple(slice(low, low + length) for low, length in zip(origin, size, strict=True))
            for origin in origins.tolist()
        ]
        return window, places

    def _back(self, name: str, gradient: Tensor, origins: Tensor) -> tuple[Tensor, Tensor]:
        """Go back through one module, from a window of its output to that of its input."""
        module: Any = self.encoder.chain[name]
        if isinstance(module, nn.ReLU):
            if self.rule is rectified:  # which does not ask what passed
                return gradient.clamp_(min=0), origins
            passing = self._window(name, origins, gradient.shape[2:], 0.0) > 0
            return (self.rule(gradient, passing) if self.rule else gradient * passing), origins
        if isinstance(module, nn.Identity):
            return gradient, origins
        if isinstance(module, nn.Sigmoid):
            made = self._window(name, origins, gradient.shape[2:], 0.0)
            return gradient * made * (1 - made), origins
        if isinstance(module, _NORMS):
            return gradient * _gain(module, gradient.ndim), origins
        windows = self.encoder.windows[name]
        ranges = [own.seen((0, n)) for own, n in zip(windows, gradient.shape[2:], strict=True)]
        size = tuple(end - first for first, end in ranges)
        origins = origins * torch.tensor([own.stride for own in windows])
        origins = origins + torch.tensor([first for first, _ in ranges])
        before = self.before[name]
        if type(module) in _POOL:
            pooled = self._window(before, origins, size, -math.inf).requires_grad_()
            with torch.enable_grad():
                made = _POOL[type(module)](
                    pooled, module.kernel_size, module.stride, dilation=module.dilation
                )
            return torch.autograd.grad(made, pooled, gradient)[0], origins
        back = _convolve_back(module, gradient, size)
        for outside in self._outside(before, origins, size):
            back.masked_fill_(outside.unsqueeze(1), 0.0)
        return back, origins

    def _outside(self, name: str, origins: Tensor, size: Sequence[int]) -> Iterator[Tensor]:
        """Tell which positions of windows lie beyond the ends of a map, one axis after another."""
        for places, length in zip(self._places(origins, size), self.spaces[name], strict=True):
            outside = (places < 0) | (places >= length)
            if bool(outside.any()):
                yield outside.to(self.maps[""].device)

    def _window(self, name: str, origins: Tensor, size: Sequence[int], fill: float) -> Tensor:
        """Cut windows out of a map, shape (n, channel, *size); what lies outside is filled."""
        along = zip(self._places(origins, size), self.spaces[name], strict=True)
        found: Tensor = self.maps[name][
            tuple(places.clamp(0, length - 1) for places, length in along)
        ]
        for outside in self._outside(name, origins, size):
            found.masked_fill_(outside.unsqueeze(-1), fill)
        return found.movedim(-1, 1)

    def _places(self, origins: Tensor, size: Sequence[int]) -> list[Tensor]:
        """Return the positions in the windows along each axis, shape (n, *size) with ones."""
        axes = range(len(size))
        shapes = [[-1 if other == axis else 1 for other in axes] for axis in axes]
        return [
            origins[:, axis].view(-1, *[1] * len(size))
            + torch.arange(size[axis]).view(shapes[axis])
            for axis in axes
        ]


def _gain(norm: Any, axes: int) -> Tensor:
    """Return the factor of each channel of a trained normalization, shape (1, c, 1, ...)."""
    gain: Tensor = (norm.running_var + norm.eps).rsqrt()
    return (gain if norm.weight is None else gain * norm.weight).view(1, -1, *[1] * (axes - 2))


def _convolve_back(module: Any, gradient: Tensor, size: Sequence[int]) -> Tensor:
    """Apply the transposed filters of a convolution, without its padding."""
    batch = gradient.new_empty(len(gradient), *size, module.in_channels).movedim(-1, 1)
    none = [0] * len(size)
    back: Tensor = torch.ops.aten.convolution_backward(
        *(gradient, batch, module.weight, None),
        *(module.stride, none, module.dilation, False, none, module.groups),
        [True, False, False],
    )[0]
    return back
