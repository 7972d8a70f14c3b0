"""What is minimized: a weighted sum of named terms."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from impasto.errors import UsageError
from impasto.signal import Region

Features = Mapping[str, Tensor]


def wide(features: Tensor) -> torch.dtype:
    """Return the precision in which costs of such features are computed: at least float32."""
    return torch.promote_types(features.dtype, torch.float32)


class Term(ABC):
    """One cost, read from one layer, or from the signal itself.

    A term is computed in two steps so that a signal need not be in memory whole: `statistic` adds
    up over positions (that of a whole is the sum of those of its tiles), and `cost` is a function
    of that sum alone. The statistic of a term of the signal itself adds up over channels too.

    Attributes:
        kind: What is measured, such as "content".
        layer: Layer of the encoder whose features are read; None for the signal itself.
    """

    kind: str
    layer: str | None = None

    @property
    def name(self) -> str:
        """Kind and layer, such as "content:relu4_2"."""
        return f"{self.kind}:{self.layer}" if self.layer else self.kind

    @abstractmethod
    def statistic(self, features: Tensor) -> Tensor:
        """Sum over positions what the cost needs to know.

        Args:
            features: Shape (b, c, *space).
        Returns:
            Shape (b, ...), float32 or wider.
        """

    @abstractmethod
    def cost(self, statistic: Tensor) -> Tensor:
        """Turn the statistic of the whole into costs, shape (b,)."""

    def pull(self, features: Tensor, cotangent: Tensor, gradient: Tensor) -> None:
        """Add to the gradient of J with respect to features what it owes to the statistic.

        Args:
            features: Shape (b, c, *space).
            cotangent: Gradient of J with respect to the statistic.
            gradient: Shape (b, c, *space); it is changed.
        """
        leaf = features.detach().requires_grad_()
        with torch.enable_grad():
            statistic = self.statistic(leaf)
        gradient += torch.autograd.grad(statistic, leaf, cotangent)[0]

    def crop(self, where: Region) -> Term:  # noqa: ARG002 - most terms know no place
        """Return the term for a part of the positions, to add up the statistics of all parts.

        Args:
            where: Which positions of the layer, along each space axis.
        """
        return self

    def of_channel(self, number: int) -> Term:  # noqa: ARG002 - most terms know no channel
        """Return a term of the signal itself for one channel, to add up the statistics of all."""
        return self

    def __mul__(self, weight: float) -> Objective:
        return Objective([(weight, self)])

    __rmul__ = __mul__

    def __add__(self, other: Term | Objective) -> Objective:
        return 1.0 * self + other


class Objective:
    """A weighted sum of terms: `content + 1e3 * style`.

    Args:
        weighted: Pairs of weight and term.
    """

    def __init__(self, weighted: Iterable[tuple[float, Term]] = ()) -> None:
        self.weighted = tuple(weighted)

    @property
    def terms(self) -> tuple[Term, ...]:
        """The terms without their weights."""
        return tuple(term for _, term in self.weighted)

    @property
    def layers(self) -> frozenset[str]:
        """Layers of the encoder that the terms read."""
        return frozenset(term.layer for term in self.terms if term.layer)

    def __mul__(self, weight: float) -> Objective:
        return Objective((weight * own, term) for own, term in self.weighted)

    __rmul__ = __mul__

    def __add__(self, other: Term | Objective) -> Objective:
        added = other if isinstance(other, Objective) else 1.0 * other
        return Objective(self.weighted + added.weighted)

    def statistics(self, features: Features, signal: Tensor) -> list[Tensor]:
        """Compute the statistic of every term.

        Args:
            features: For each of `layers` a tensor (b, c, *space).
            signal: The batch of signals itself, shape (b, channel, *space).
        """
        return [
            term.statistic(features[term.layer] if term.layer else signal) for term in self.terms
        ]

    def reading(self, layer: str | None) -> list[tuple[int, Term]]:
        """Return the terms that read a layer, or the signal itself, and their numbers."""
        return [(n, term) for n, term in enumerate(self.terms) if term.layer == layer]

    def costs(self, statistics: Iterable[Tensor]) -> Costs:
        """Turn the statistics of the whole into the weighted costs of every term."""
        pairs = zip(self.weighted, statistics, strict=True)
        values = [weight * term.cost(statistic) for (weight, term), statistic in pairs]
        if not values:
            raise UsageError("There is nothing to minimize: every weight is zero.")
        return Costs(tuple(term.name for term in self.terms), torch.stack(values))

    def differentiate(self, statistics: Iterable[Tensor]) -> tuple[Costs, list[Tensor]]:
        """Return the costs, and the gradient of J with respect to the statistic of every term."""
        leaves = [statistic.detach().requires_grad_() for statistic in statistics]
        with torch.enable_grad():
            costs = self.costs(leaves)
            gradients = torch.autograd.grad(costs.values.sum(), leaves)
        return costs.detached(), list(gradients)


@dataclass(frozen=True, eq=False)
class Costs:
    """J and its parts at one point.

    Attributes:
        names: Names of the terms.
        values: Their weighted costs, shape (term, b). J is their sum.
    """

    names: tuple[str, ...]
    values: Tensor

    def detached(self) -> Costs:
        """Return the same costs without the graph that computed them."""
        return Costs(self.names, self.values.detach())

    @cached_property
    def total(self) -> float:
        """J, summed over the batch."""
        return float(self.values.sum(dtype=torch.float64))

    @cached_property
    def terms(self) -> dict[str, float]:
        """The weighted cost of each term by its name."""
        sums: dict[str, float] = {}
        for name, value in zip(self.names, self.values.sum(1).tolist(), strict=True):
            sums[name] = sums.get(name, 0.0) + value
        return sums

    @cached_property
    def kinds(self) -> dict[str, float]:
        """The weighted costs summed over layers, such as `{"content": ..., "style": ...}`."""
        sums: dict[str, float] = {}
        for name, value in self.terms.items():
            kind = name.partition(":")[0]
            sums[kind] = sums.get(kind, 0.0) + value
        return sums
