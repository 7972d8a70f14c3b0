"""What a run through a network leaves behind, so that it can be taken back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor

from impasto.encoders.encoder import Part

Add = Callable[[str, Tensor, Tensor], None]


class Tape:
    """Records a run part by part, each with a graph of its own.

    Automatic differentiation of the whole would compute what each layer is looked at for at the
    end, when its features have left the caches, and keep the gradients of all layers. Here they
    are looked at where they appear, there and back, and a gradient is added to where it lies.
    """

    def __init__(self) -> None:
        self._parts: list[tuple[Tensor, Mapping[str, Tensor]]] = []

    def record(self, parts: Sequence[Part], source: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Run and yield the features of every layer without their graph.

        Args:
            parts: Each returns features by layer, and reads the last of those before it.
            source: What the first part reads.
        """
        self._parts.clear()
        for part in parts:
            leaf = source.detach().requires_grad_()
            with torch.enable_grad():
                features = part(leaf)
            self._parts.append((leaf, features))
            for layer, own in features.items():
                source = own.detach()
                yield layer, source

    def rewind(self, add: Add) -> Tensor:
        """Return the gradient with respect to the source, and forget the run.

        Args:
            add: Is called with every layer, its features and what is known of the gradient with
                respect to these, and adds the rest to it.
        """
        behind: Tensor | None = None
        while self._parts:
            leaf, features = self._parts.pop()
            *before, last = features
            gradients = {layer: torch.zeros_like(features[layer]) for layer in before}
            gradients[last] = torch.zeros_like(features[last]) if behind is None else behind
            for layer, own in features.items():
                add(layer, own.detach(), gradients[layer])
            (behind,) = torch.autograd.grad(list(features.values()), leaf, list(gradients.values()))
        assert behind is not None
        return behind
