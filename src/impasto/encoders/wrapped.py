"""Any module as an encoder: every call of a submodule is a layer."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from impasto.encoders.calls import Enough, Survey, listening, path_of
from impasto.encoders.encoder import UNKNOWN, Encoder, Layer
from impasto.encoders.example import find_example
from impasto.errors import ShapeError, UsageError, nearest


class Wrapped(Encoder):
    """Any module as an encoder: features are the outputs of its submodules.

    A submodule that is used again makes a layer each time: `block.relu`, then `block.relu@2`. What
    is changed in place later on is kept as it was. Outputs of shape (b, units), such as class
    scores, are features with one position along each axis.

    Attributes:
        channels: Channels of its input.
        space: Size of the example, which the network is known to take.

    Args:
        module: The network. It is frozen and put into evaluation mode.
        layers: Names of layers and the calls that make them: the path of a submodule
            ("features.3"), with "@2" for its second call. None to name each call by itself, but
            those that only hand on what another submodule has made.
        example: An input for the module, shape (1, channel, *space), in the units of the medium;
            None to find one that its convolutions take. The network is run with it to learn the
            channels and strides of the layers.
        front_end: Maps the units of the medium to those of the module; None changes nothing.
        name: Name of the network.
        source: Where its weights come from, in words.
        weights_hash: SHA-256 of the file of weights, or UNKNOWN where there is no file.
    Raises:
        UsageError: If a path is not a submodule, or its output is not one tensor of features; or
            if no example is found.
    """

    def __init__(
        self,
        module: nn.Module,
        layers: Mapping[str, str] | None = None,
        *,
        example: Tensor | None = None,
        front_end: nn.Module | None = None,
        name: str = "network",
        source: str = "the caller",
        weights_hash: str = UNKNOWN,
    ) -> None:
        super().__init__()
        self.name, self.source, self.weights_hash = name, source, weights_hash
        self.module, self.front_end = module, front_end or nn.Identity()
        self.freeze()
        if example is None:
            example = find_example(nn.Sequential(self.front_end, module), name)
        self.axes, self.channels = example.ndim - 2, example.shape[1]
        self.space = tuple(example.shape[2:])
        self._paths = {path for path, _ in module.named_modules()}
        for call in (layers or {}).values():
            if (path := path_of(call)) not in self._paths:
                raise UsageError(f"{name} has no submodule {path!r}. {nearest(path, self._paths)}")
        survey, grown = self._survey(example), self._grow(example)
        self.calls = survey.own() if layers is None else dict(layers)
        self._changed, self._changes_input = survey.changed, survey.changes_input
        self._fixed = survey.outputs.keys() - grown.keys()
        self._minima: dict[tuple[str, ...], int] = {}
        self.table = {layer.name: layer for layer in self._layers(survey.outputs, grown)}
        for layer, call in self.calls.items():
            if layer not in self.table:
                raise UsageError(f"{name}: the output of {call!r} is not one tensor of features.")

    def forward(self, batch: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """See Encoder.forward.

        Raises:
            ShapeError: If the batch has channels, axes or a size that the network does not take.
        """
        wanted = self.check(layers)
        self._check_shape(tuple(batch.shape), wanted)
        calls = {self.calls[layer] for layer in wanted}
        outputs: dict[str, Tensor] = {}

        def keep(call: str, output: Any) -> None:
            if call in calls:
                outputs[call] = output.clone() if call in self._changed else output
                if len(outputs) == len(calls):
                    raise Enough

        if wanted:
            x = self._see(batch)
            try:
                self._run(x.clone() if self._changes_input else x, calls, keep)
            except RuntimeError as error:
                if x.shape[2:] == self.space:  # which it is known to take
                    raise
                raise ShapeError(
                    f"{self.name} takes no input of {' x '.join(map(str, x.shape[2:]))} samples: "
                    f"{str(error).partition(chr(10))[0]}"
                ) from error
        return {layer: self._as_map(outputs[self.calls[layer]]) for layer in wanted}

    def minimum_length(self, layers: Iterable[str]) -> int:
        """See Encoder.minimum_length: found out by trying, up to the size of the example."""
        wanted = tuple(self.check(layers))
        if wanted not in self._minima:
            lengths, works = range(1, min(self.space)), partial(self._works, wanted)
            self._minima[wanted] = 1 + bisect_left(lengths, True, key=works)
        return self._minima[wanted]

    def _works(self, layers: Iterable[str], length: int) -> bool:
        """Tell whether the network takes a signal with as many samples along each axis."""
        signal = torch.zeros(1, self.channels, *[length] * self.axes, device=self.device)
        try:
            with torch.no_grad():
                self(signal, layers)
        except Exception:  # whatever a network says that takes another size
            return False
        return True

    def _check_shape(self, shape: tuple[int, ...], layers: Iterable[str]) -> None:
        if len(shape) != self.axes + 2 or shape[1] != self.channels:
            raise ShapeError(
                f"{self.name} takes (batch, {self.channels}) and {self.axes} space axes, "
                f"not shape {shape}."
            )
        fixed = [layer for layer in layers if self.calls[layer] in self._fixed]
        if fixed and shape[2:] != self.space:
            raise ShapeError(
                f"{self.name} computes {fixed[0]} for signals of size {self.space} only, "
                f"not {shape[2:]}."
            )

    def _see(self, batch: Tensor) -> Tensor:
        """Bring signals into the units and the precision of the module."""
        weight = next(self.module.parameters(), batch)
        seen: Tensor = self.front_end(batch).to(weight.dtype)
        return seen

    def _as_map(self, output: Tensor) -> Tensor:
        """Give features without positions one along each axis."""
        return output.reshape(*output.shape, *[1] * self.axes) if output.ndim == 2 else output

    def _run(self, x: Tensor, calls: Iterable[str], hear: Callable[[str, Any], None]) -> None:
        """Run the module and tell the outputs of some submodules, until there are enough."""
        paths = {path_of(call) for call in calls}
        with listening(self.module, paths, hear):
            self.module(x)

    def _survey(self, example: Tensor) -> Survey:
        """Run the module once and watch every submodule."""
        survey = Survey(ndims=(2, example.ndim))
        with torch.inference_mode(False), torch.no_grad():  # so that changes in place are counted
            x = self._see(example)
            before = x._version
            self._run(x, self._paths, survey.hear)
        survey.changes_input = x._version != before
        return survey

    def _grow(self, example: Tensor) -> dict[str, int]:
        """Return how long the last axis of each output is for twice as many samples along it.

        Where a network takes but one size, the outputs behind the place that says so are missing.
        """
        lengths: dict[str, int] = {}

        def note(call: str, output: Any) -> None:
            if isinstance(output, Tensor):
                lengths[call] = output.shape[-1]

        with torch.no_grad(), suppress(Exception):  # whatever a network says about its size
            self._run(self._see(torch.cat([example, example], -1)), self._paths, note)
        return lengths

    def _layers(self, outputs: Mapping[str, Tensor], grown: Mapping[str, int]) -> Iterator[Layer]:
        """Derive channels, and the stride: how much the input must grow for another position."""
        for call, output in outputs.items():
            length = output.shape[-1] if output.ndim > 2 else 1
            more = grown.get(call, 2 * length) - length if output.ndim > 2 else 0
            stride = round(self.space[-1] / more) if more > 0 else 0
            for layer, made in self.calls.items():
                if made == call:
                    yield Layer(layer, output.shape[1], stride)
