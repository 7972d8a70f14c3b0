"""What an encoder is: a frozen network that turns a batch of signals into named features."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

import torch
from torch import Tensor, nn
from torch.nn import functional

from impasto.encoders.pooling import max_pool
from impasto.encoders.window import windows
from impasto.encoders.winograd import convolve
from impasto.errors import ShapeError, UsageError, nearest

Part = Callable[[Tensor], dict[str, Tensor]]

UNKNOWN = "unknown"  # in place of the hash of weights that come from no file


@dataclass(frozen=True)
class Layer:
    """A place in a network where features can be read.

    Attributes:
        name: As the literature has it, such as "relu4_2".
        channels: Number of units.
        stride: Input samples between neighboring positions, along every axis; 0 if there are as
            many positions whatever the size of the input, as behind a global pooling.
    """

    name: str
    channels: int
    stride: int


@dataclass(frozen=True)
class CostLayers:
    """Layers that make sense for the costs of a network, with their weights.

    Attributes:
        content: For the content cost.
        style: For the style cost, λ.
    """

    content: Mapping[str, float]
    style: Mapping[str, float]


class Encoder(nn.Module, ABC):
    """A frozen network with a front end of its own and layers that have names.

    Attributes:
        name: Name of the network.
        axes: Number of space axes of its input, one to three.
        table: Its layers by name, from shallow to deep.
        source: Where its weights come from, in words.
        weights_hash: SHA-256 of the file of weights, or UNKNOWN where there is no file.
        medium: What it was made to see, such as "audio"; None where its axes say all.
        rate_hz: Samples a second of the signals that it expects; None where any will do.
        loudness: Root mean square of the sounds that it expects; None where any will do.
        cost_layers: Layers for the costs, where the conventions made for VGG name none of its own.
    """

    name: str
    axes: int
    table: Mapping[str, Layer]
    source: str
    weights_hash: str
    medium: str | None = None
    rate_hz: float | None = None
    loudness: float | None = None
    cost_layers: CostLayers | None = None

    @abstractmethod
    def forward(self, batch: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Compute the features of some layers, and nothing deeper than the deepest of them.

        Args:
            batch: Signals in the units of their medium, shape (b, channel, *space), float32.
            layers: Names of layers.
        Returns:
            For each name the features, shape (b, c, *space), in the precision of the weights.
            Features without positions, such as class scores, have one along each axis.
        Raises:
            UsageError: If there is no layer of that name; the nearest names are offered.
        """

    def parts(self, layers: Iterable[str]) -> list[Part]:
        """Return the work of `forward` as neighboring parts.

        The first reads the batch, each of the others the last features of the one before it.
        """
        wanted = self.check(layers)
        return [lambda batch: self(batch, wanted)] if wanted else []

    @abstractmethod
    def minimum_length(self, layers: Iterable[str]) -> int:
        """Return how many samples the shortest axis needs for these layers to see full windows."""

    def unrectified(self, layer: str) -> str:
        """Return the layer of which this one is nothing but the rectification, or its own name.

        What is positive in one of them is the same in both, and comes from the same input.
        """
        return layer

    def check(self, layers: Iterable[str]) -> list[str]:
        """Return the names sorted from shallow to deep, each once.

        Raises:
            UsageError: If there is no layer of that name; the nearest names are offered.
        """
        wanted = set(layers)
        for name in wanted:
            if name not in self.table:
                hint = nearest(name, self.table)
                raise UsageError(f"{self.name} has no layer {name!r}. {hint}")
        return [name for name in self.table if name in wanted]

    @property
    def device(self) -> torch.device:
        """Where its weights are; the processor if it has none."""
        return next((weight.device for weight in self.parameters()), torch.device("cpu"))

    @property
    def precision(self) -> torch.dtype:
        """That of its weights; float32 if it has none."""
        return next((weight.dtype for weight in self.parameters()), torch.float32)

    def freeze(self) -> None:
        """Switch to evaluation and stop computing gradients of the weights."""
        self.eval().requires_grad_(False)


_MAX_POOLING = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
_SLIDING = (
    *(nn.Conv1d, nn.Conv2d, nn.Conv3d),
    *(nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d),
    *_MAX_POOLING,
)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)  # once trained, a factor and a summand
_LOCAL = (*_SLIDING, *_NORMS, nn.ReLU, nn.Sigmoid, nn.Identity)


class Chain(Encoder):
    """A network that is one chain of named modules, such as VGG.

    Attributes:
        local: Whether every position sees but a window of the input that `windows` tells, so that
            the signal may be cut into tiles.
        windowed: Whether `windows` tells what every position sees, if no more than that.

    Args:
        name: Name of the network.
        front_end: Maps the units of the medium to those that the network was trained on.
        chain: Names and modules, in order: convolutions, ReLU, normalization, pooling.
        source: Where the weights come from, in words.
        weights_hash: SHA-256 of the file of weights.
    """

    def __init__(
        self,
        name: str,
        front_end: nn.Module,
        chain: Sequence[tuple[str, nn.Module]],
        *,
        source: str = "",
        weights_hash: str = "",
    ) -> None:
        super().__init__()
        self.name, self.source, self.weights_hash = name, source, weights_hash
        self.front_end = front_end
        self.chain = nn.ModuleDict(dict(chain))
        self.axes = _count_axes(chain)
        self.windows = {name: windows(module, self.axes) for name, module in chain}
        self.table = {layer.name: layer for layer in chain_layers(chain)}
        self.local = all(isinstance(module, _LOCAL) for _, module in chain)
        self.windowed = all(
            isinstance(module, _LOCAL) or hasattr(module, "kernel_size") for _, module in chain
        )
        self.freeze()

    def forward(self, batch: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """See Encoder.forward."""
        wanted = self.check(layers)
        return self.stretch(self.see(batch), self._reached(wanted), wanted)[1]

    def parts(self, layers: Iterable[str]) -> list[Part]:
        """See Encoder.parts: one for each layer."""
        wanted = self.check(layers)
        stretches = self.stretches(self._reached(wanted), wanted)
        return [lambda batch: stretches[0](self.see(batch)), *stretches[1:]] if wanted else []

    def see(self, batch: Tensor) -> Tensor:
        """Bring signals into the units, the precision and the layout of the first module.

        Raises:
            ShapeError: If they have another number of space axes than the network.
        """
        if batch.ndim != self.axes + 2:
            raise ShapeError(
                f"{self.name} takes (batch, channel) and {self.axes} space axes, "
                f"not shape {tuple(batch.shape)}."
            )
        precision = self.precision
        return channels_last(self.front_end(batch).to(precision))

    def stretch(
        self, x: Tensor, names: Sequence[str], wanted: Collection[str]
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Run through neighboring modules.

        Args:
            x: What the first of them reads; it is left as it is.
            names: The modules, in the order of the chain.
            wanted: Those whose features are returned.
        Returns:
            The output of the last, and the features by name.
        """
        features: dict[str, Tensor] = {}
        own = False  # whether nobody else needs x, so that it may change
        waiting = False  # whether a ReLU waits for max pooling to leave fewer numbers
        for name, following in zip_longest(names, names[1:], fillvalue=""):
            module = self.chain[name]
            if isinstance(module, nn.ReLU):
                pooled = following and isinstance(self.chain[following], _MAX_POOLING)
                waiting = bool(pooled) and name not in wanted
                x = x if waiting else functional.relu(x, inplace=own)
                own = False
            else:
                x = _through(module, x)
                x = functional.relu(x, inplace=True) if waiting else x
                own = isinstance(module, _SLIDING) and not waiting and name not in wanted
                waiting = False
            if name in wanted:
                features[name] = x
        return x, features

    def stretches(self, names: Sequence[str], wanted: Collection[str]) -> list[Part]:
        """Cut neighboring modules behind every one that is wanted, of which the last must be one.

        Args:
            names: The modules, in the order of the chain.
            wanted: Those whose features are returned, each by a part of its own.
        """
        cuts = [0, *(number for number, name in enumerate(names, start=1) if name in wanted)]
        return [self._stretch(names[low:high]) for low, high in pairwise(cuts)]

    def _stretch(self, names: Sequence[str]) -> Part:
        return lambda x: self.stretch(x, names, names[-1:])[1]

    def _reached(self, wanted: Sequence[str]) -> list[str]:
        """Return the modules up to the last of the layers."""
        names = list(self.chain)
        return names[: names.index(wanted[-1]) + 1] if wanted else []

    def unrectified(self, layer: str) -> str:
        """See Encoder.unrectified."""
        names = list(self.chain)
        number = names.index(layer)
        return names[number - 1] if number and isinstance(self.chain[layer], nn.ReLU) else layer

    def minimum_length(self, layers: Iterable[str]) -> int:
        """See Encoder.minimum_length."""
        needed = [1] * self.axes
        for name in reversed(self._reached(self.check(layers))):
            for axis, window in enumerate(self.windows[name]):
                first, end = window.seen((0, needed[axis]))
                needed[axis] = max(1, end - first - window.paddings)
        return max(needed)


def _through(module: nn.Module, x: Tensor) -> Tensor:
    """Compute what a module does, in a faster way where there is one."""
    if isinstance(module, nn.MaxPool2d):
        return max_pool(module, x)
    seen: Tensor = convolve(module, x) if isinstance(module, nn.Conv2d) else module(x)
    return seen


def channels_last(batch: Tensor) -> Tensor:
    """Lay a batch out with channels innermost where torch knows how: two and three axes."""
    if batch.ndim == 4:
        return batch.contiguous(memory_format=torch.channels_last)
    if batch.ndim == 5:
        return batch.contiguous(memory_format=torch.channels_last_3d)
    return batch


def _count_axes(chain: Sequence[tuple[str, nn.Module]]) -> int:
    """Return over how many axes the first convolution or pooling slides."""
    first = next(module for _, module in chain if hasattr(module, "kernel_size"))
    return next(n for n in (1, 2, 3) if type(first).__name__.endswith(f"{n}d"))


def chain_layers(chain: Sequence[tuple[str, nn.Module]]) -> Iterable[Layer]:
    """Derive channels and stride of each layer of a chain of named modules."""
    channels, stride, axes = 0, 1, _count_axes(chain)
    for name, module in chain:
        channels = getattr(module, "out_channels", channels)
        stride *= windows(module, axes)[0].stride
        yield Layer(name, channels, stride)
