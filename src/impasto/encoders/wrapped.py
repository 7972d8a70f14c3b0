"""Any module as an encoder: every call of a submodule is a layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from impasto.encoders.encoder import UNKNOWN, Encoder, Layer
from impasto.encoders.example import find_example
from impasto.errors import ShapeError, UsageError, nearest

OUTPUT = "output"  # name of what the whole network makes, where none of its submodules made it


class Wrapped(Encoder):
    """Any module as an encoder: features are the outputs of its submodules.

    A submodule that is used again makes a layer each time: `block.relu`, then `block.relu:2`. What
    is changed in place later on is kept as it was. Outputs of shape (b, units), such as class
    scores, are features with one position along each axis.

    Attributes:
        channels: Channels of its input.
        space: Size of the example, which the network is known to take.

    Args:
        module: The network. It is frozen and put into evaluation mode.
        layers: Names of layers and the calls that make them: the path of a submodule
            ("features.3"), with ":2" for its second call. None to name each call by itself, but
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
            if (path := call.partition(":")[0]) not in self._paths:
                raise UsageError(f"{name} has no submodule {path!r}. {nearest(path, self._paths)}")
        survey = self._survey(example)
        self.calls = survey.own() if layers is None else dict(layers)
        self._changed, self._changes_input = survey.changed, survey.changes_input
        self.table = self._table(example, survey)
        for layer, call in self.calls.items():
            if layer not in self.table:
                raise UsageError(f"{name}: the output of {call!r} is not one tensor of features.")

    def forward(self, batch: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """See Encoder.forward.

        Raises:
            ShapeError: If the batch has other channels or axes than the network takes.
        """
        wanted = self.check(layers)
        if batch.ndim != self.axes + 2 or batch.shape[1] != self.channels:
            raise ShapeError(
                f"{self.name} takes (batch, {self.channels}) and {self.axes} space axes, "
                f"not shape {tuple(batch.shape)}."
            )
        calls = {self.calls[layer] for layer in wanted}
        outputs: dict[str, Tensor] = {}

        def keep(call: str, output: Any) -> None:
            if call in calls:
                outputs[call] = output.clone() if call in self._changed else output
                if len(outputs) == len(calls):
                    raise _Enough

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
        """See Encoder.minimum_length: here the stride, since the graph is not known."""
        return max((self.table[name].stride for name in self.check(layers)), default=1) or 1

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
        paths = {call.partition(":")[0] for call in calls}
        with _listening(self.module, paths, hear):
            self.module(x)

    def _survey(self, example: Tensor) -> _Survey:
        """Run the module once and watch every submodule."""
        survey = _Survey(ndims=(2, example.ndim))
        with torch.inference_mode(False), torch.no_grad():  # so that changes in place are counted
            x = self._see(example)
            before = x._version
            self._run(x, self._paths, survey.hear)
        survey.changes_input = x._version != before
        return survey

    def _table(self, example: Tensor, survey: _Survey) -> dict[str, Layer]:
        """Derive channels and strides: how much the input must grow for another position."""
        length = example.shape[-1]
        grown: dict[str, int] = {}
        with torch.no_grad():
            try:
                wide = self._see(torch.cat([example, example], -1))
                self._run(wide, self._paths, lambda call, out: _note_length(grown, call, out))
            except Exception:  # whatever a network says that takes one size only
                pass
        table = {}
        for call, output in survey.outputs.items():
            own = output.shape[-1] if output.ndim > 2 else 1
            more = grown.get(call, 2 * own) - own if output.ndim > 2 else 0
            stride = round(length / more) if more > 0 else 0
            names = (layer for layer, made in self.calls.items() if made == call)
            table.update({layer: Layer(layer, output.shape[1], stride) for layer in names})
        return table


@dataclass
class _Survey:
    """What a run with an example tells of all calls of submodules.

    Attributes:
        ndims: How many dimensions features have.
        outputs: For each call that made features what it made, in order.
        versions: How often these had been changed in place by then.
        repeats: Calls that handed on what another had made.
        changes_input: Whether the network changes its input in place.
    """

    ndims: tuple[int, int]
    outputs: dict[str, Tensor] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    repeats: set[str] = field(default_factory=set)
    changes_input: bool = False

    def hear(self, call: str, output: Any) -> None:
        """Take note of an output."""
        if not isinstance(output, Tensor) or output.ndim not in self.ndims:
            return
        earlier = [call for call, own in self.outputs.items() if own is output]
        if earlier and self.versions[earlier[-1]] == output._version:
            self.repeats.add(call)
        self.outputs[call], self.versions[call] = output, output._version

    def own(self) -> dict[str, str]:
        """Name each call that made something new by itself."""
        names = {call: call for call in self.outputs if call not in self.repeats}
        if "" in names:
            names.setdefault(OUTPUT, names.pop(""))
        return names

    @property
    def changed(self) -> set[str]:
        """Calls whose output was changed in place after they had made it."""
        return {call for call, v in self.versions.items() if self.outputs[call]._version != v}


class _Enough(Exception):
    """All the features that were asked for have been computed."""


@contextmanager
def _listening(
    module: nn.Module, paths: Iterable[str], hear: Callable[[str, Any], None]
) -> Iterator[None]:
    """Tell every output of some submodules under the name of the call: "path", "path:2", ..."""
    count: Counter[str] = Counter()

    def hook(path: str) -> Callable[[nn.Module, Any, Any], None]:
        def tell(_module: nn.Module, _inputs: Any, output: Any) -> None:
            count[path] += 1
            hear(path if count[path] == 1 else f"{path}:{count[path]}", output)

        return tell

    parts = [(path, module.get_submodule(path)) for path in paths]
    handles = [part.register_forward_hook(hook(path)) for path, part in parts]
    try:
        yield
    except _Enough:
        pass
    finally:
        for handle in handles:
            handle.remove()


def _note_length(lengths: dict[str, int], call: str, output: Any) -> None:
    if isinstance(output, Tensor):
        lengths[call] = output.shape[-1]
