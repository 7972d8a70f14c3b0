"""Watching the calls of a network's submodules while it runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

OUTPUT = "output"  # name of what the whole network makes, where none of its submodules made it

AGAIN = "@"  # between the path of a submodule and the number of its call, from the second on


def path_of(call: str) -> str:
    """Return the path of the submodule that a call runs: "block.relu" of "block.relu@2"."""
    return call.partition(AGAIN)[0]


class Enough(Exception):
    """All the features that were asked for have been computed."""


@contextmanager
def listening(
    module: nn.Module, paths: Iterable[str], hear: Callable[[str, Any], None]
) -> Iterator[None]:
    """Tell every output of some submodules under the name of the call: "path", "path@2", ..."""
    count: Counter[str] = Counter()

    def hook(path: str) -> Callable[[nn.Module, Any, Any], None]:
        def tell(_module: nn.Module, _inputs: Any, output: Any) -> None:
            count[path] += 1
            hear(path if count[path] == 1 else f"{path}{AGAIN}{count[path]}", output)

        return tell

    parts = [(path, module.get_submodule(path)) for path in paths]
    handles = [part.register_forward_hook(hook(path)) for path, part in parts]
    try:
        yield
    except Enough:
        pass
    finally:
        for handle in handles:
            handle.remove()


@dataclass
class Survey:
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
        if not output.is_floating_point():
            return
        earlier = [made for made, own in self.outputs.items() if own is output]
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
