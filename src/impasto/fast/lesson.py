"""What a network is to learn: the costs of `stylize`, for a batch in which each has its style."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.encoders.encoder import Encoder
from impasto.engine.evaluator import LocalEvaluator
from impasto.errors import UsageError
from impasto.fast.recent import Recent
from impasto.fast.stock import Drawn
from impasto.fast.styles import READ_LAYERS, at_size, read_style, statistics
from impasto.objectives.content import Content
from impasto.objectives.conventions import Convention
from impasto.objectives.objective import Costs, Objective
from impasto.objectives.regularizers import Bounds, TotalVariation
from impasto.objectives.style import Style, mean_gram
from impasto.objectives.temporal import Temporal
from impasto.signal import Space

_PLAIN_WEIGHT = 20.0  # brings a picture left as it is to the costs of a painting, about
_MOST_SCALES = 64  # of a style
KEPT = 256  # styles whose Gram matrices are kept


class _Seen(NamedTuple):
    """Features of a photograph at a layer, and the factor of the cost of leaving them, ()."""

    features: Tensor
    scale: Tensor


@dataclass(frozen=True, eq=False)
class Target:
    """A style as the costs see it.

    Attributes:
        grams: For each layer of the style cost the mean Gram matrix, shape (c, c).
        statistics: As a predictor reads it, shape (1, n); empty for a table.
        scales: Factors of the costs, shape (), by layer and number of positions.
    """

    grams: Mapping[str, Tensor]
    statistics: Tensor
    scales: Recent[Tensor] = field(default_factory=lambda: Recent(_MOST_SCALES))


class Teacher:
    """Says what paintings cost, and how they should change.

    Args:
        encoder: Network that sees.
        convention: Layers, weights and normalizations.
        size: Longest side in which styles are seen.
        reads: Whether the network that learns looks at styles.
        contents: How many photographs are remembered.
    Raises:
        UsageError: If nothing costs anything.
    """

    def __init__(
        self,
        encoder: Encoder,
        convention: Convention,
        *,
        size: int,
        reads: bool = False,
        contents: int = 1,
    ) -> None:
        self.encoder, self.convention, self.size, self.reads = encoder, convention, size, reads
        self.content_layers = encoder.check(
            name for name, own in convention.content_layers.items() if own > 0
        )
        self.style_layers = encoder.check(
            name for name, own in convention.style_layers.items() if own > 0
        )
        if not self.style_layers or not convention.style_weight > 0:
            raise UsageError("There is nothing to learn: the style costs nothing.")
        self._contents = Recent[Mapping[str, _Seen]](contents)
        self._targets = Recent[Target](KEPT)
        self._positions: dict[Space, dict[str, int]] = {}

    def target(self, drawn: Drawn) -> Target:
        """Look at a style, or remember it."""
        return self._targets.get(drawn.key, lambda: self._look_at(drawn))

    @torch.no_grad()
    def _look_at(self, drawn: Drawn) -> Target:
        seen = at_size(drawn.picture(_where_views_are_made(self.encoder.device)), self.size)
        layers = {*self.style_layers, *(READ_LAYERS if self.reads else ())}
        features = self.encoder(seen.to(self.encoder.device), layers)
        grams = {own: mean_gram(features[own]).float() for own in self.style_layers}
        return Target(grams, statistics(features) if self.reads else torch.zeros(1, 0))

    def read(self, picture: Tensor) -> Tensor:
        """Return the statistics of a style, shape (1, n); its picture has shape (3, h, w)."""
        return read_style(self.encoder, picture, size=self.size)

    def correct(
        self,
        paintings: Tensor,
        contents: Tensor,
        targets: Sequence[Target | None],
        *,
        keys: Sequence[int],
    ) -> tuple[Costs, Tensor]:
        """Say what paintings cost.

        Args:
            paintings: Shape (b, 3, h, w).
            contents: The photographs that they are of.
            targets: Their styles; None where a photograph is to be left as it is.
            keys: What tells each photograph from others, so that its features are remembered.
        Returns:
            The costs, and the gradient of the mean of log(1 + J) over the batch with respect to the
            paintings. For J is unbounded where a painting has too much of a style, and 1 for a
            layer where it has nothing of it: by the mean of J itself a network that shall take any
            style learns to paint nothing.
        """
        gradient = torch.zeros_like(paintings)
        costs = Costs((), torch.zeros(0, len(targets)))
        painted = [number for number, own in enumerate(targets) if own is not None]
        plain = [number for number, own in enumerate(targets) if own is None]
        if painted:
            styles = [own for own in targets if own is not None]
            seen = [self._content(keys[own], contents[own : own + 1]) for own in painted]
            objective = self._objective(tuple(contents.shape[2:]), seen, styles)
            costs, gradient[painted] = self._slope(objective, paintings[painted])
        if plain:
            held = Temporal(
                contents[plain],
                torch.ones(contents.shape[2:], device=contents.device),
                scale=_PLAIN_WEIGHT / math.prod(contents.shape[1:]),
            )
            objective = Objective([(1.0, held)])
            own_costs, gradient[plain] = self._slope(objective, paintings[plain])
            costs = costs if painted else own_costs
        return costs, gradient / len(targets)

    def _slope(self, objective: Objective, paintings: Tensor) -> tuple[Costs, Tensor]:
        """Return the costs of paintings, and the gradient of log(1 + J) of each."""
        evaluator = LocalEvaluator(self.encoder, objective)
        costs, gradient = evaluator.value_and_gradient(paintings.detach())
        totals = costs.values.sum(0).to(gradient)
        return costs, gradient / (1 + totals)[:, None, None, None]

    def _content(self, key: int, content: Tensor) -> Mapping[str, _Seen]:
        """Look at a photograph, or remember it; shape (1, 3, h, w)."""
        return self._contents.get(key, lambda: self._look_at_content(content))

    @torch.no_grad()
    def _look_at_content(self, content: Tensor) -> Mapping[str, _Seen]:
        features = self.encoder(content, self.content_layers)
        wide = {layer: own.float() for layer, own in features.items()}
        scale = self.convention.content_scale
        return {layer: _Seen(own, own.new_tensor(scale(own))) for layer, own in wide.items()}

    def _style_scale(self, target: Target, layer: str, positions: int) -> Tensor:
        """Return the factor of a cost, kept where it is needed: to ask a card is to wait for it."""
        gram = target.grams[layer]
        return target.scales.get(
            (layer, positions),
            lambda: gram.new_tensor(self.convention.style_scale(gram, positions)),
        )

    @torch.no_grad()
    def _objective(
        self, space: Space, contents: Sequence[Mapping[str, _Seen]], targets: Sequence[Target]
    ) -> Objective:
        convention = self.convention
        positions = self._positions_at(space)
        objective = Objective()
        for layer in self.content_layers if convention.content_weight > 0 else ():
            seen = [own[layer] for own in contents]
            scale = torch.stack([own.scale for own in seen])
            term = Content(layer, torch.cat([own.features for own in seen]), scale=scale)
            objective += convention.content_weight * convention.content_layers[layer] * term
        for layer in self.style_layers:
            grams = torch.stack([own.grams[layer] for own in targets])
            scales = [self._style_scale(own, layer, positions[layer]) for own in targets]
            scale = torch.stack(scales)
            style = Style(layer, grams, positions=positions[layer], scale=scale)
            objective += convention.style_weight * convention.style_layers[layer] * style
        samples = 3 * math.prod(space)
        if convention.tv_weight > 0:
            variation = TotalVariation(scale=convention.tv_scale(samples))
            objective += convention.tv_weight * variation
        if convention.bounds_weight > 0:
            objective += convention.bounds_weight * Bounds(scale=1 / samples)
        return objective

    @torch.no_grad()
    def _positions_at(self, space: Space) -> dict[str, int]:
        """Return how many positions each layer of the style cost has for signals over a space."""
        if space not in self._positions:
            nothing = torch.zeros(1, 3, *space, device=self.encoder.device)
            features = self.encoder(nothing, self.style_layers)
            counts = {layer: math.prod(own.shape[2:]) for layer, own in features.items()}
            self._positions[space] = counts
        return self._positions[space]


def _where_views_are_made(device: torch.device) -> torch.device:
    """Return where pictures of styles are cut and resampled, which not every device can."""
    return device if device.type == "cuda" else torch.device("cpu")
