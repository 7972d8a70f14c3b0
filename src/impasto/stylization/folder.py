"""Many contents on a cluster, one a worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from impasto.encoders.encoder import Encoder
from impasto.engine.farm import each
from impasto.engine.workers import check_on_processor
from impasto.errors import ImpastoError
from impasto.settings import StylizeSettings
from impasto.stylization.inputs import Inputs
from impasto.stylization.recipe import transfer_steps
from impasto.stylization.result import Stylization


@dataclass(frozen=True)
class _Way:
    """How all of them are stylized."""

    settings: StylizeSettings
    encoder: Encoder


def stylize_each(
    contents: Iterable[Inputs], settings: StylizeSettings, encoder: Encoder, *, ray: str
) -> Iterator[tuple[int, Stylization | ImpastoError]]:
    """Stylize contents on the machines of a Ray cluster.

    Args:
        contents: Each with its styles; they are read here, when a worker will soon be free.
        settings: How to do it.
        encoder: The network.
        ray: Address of the cluster, as for `stylize`.
    Yields:
        The number of a content, and its result or what was wrong with it, as they are done.
    Raises:
        UsageError: If the network is on a graphics card.
        ImpastoError: If the cluster cannot be reached.
    """
    check_on_processor(encoder)
    return each(ray, _stylize, _Way(settings, encoder), contents)


def _stylize(way: _Way, inputs: Inputs) -> Stylization:
    return deque(transfer_steps(inputs, way.settings, way.encoder), maxlen=1).pop().finish()
