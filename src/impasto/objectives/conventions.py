"""How papers, the course and well-known programs weigh and normalize the same costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from impasto.errors import UsageError, nearest


@dataclass(frozen=True)
class Convention:
    """Layers, weights and normalizations that go together.

    Attributes:
        content_layers: Layers of the content cost and their weights.
        style_layers: Layers of the style cost and their weights λ.
        content_weight: α.
        style_weight: β.
        tv_weight: Weight of the total variation.
        bounds_weight: Weight of the mean square of what lies outside the range that can be stored.
        pooling: How the network pools.
        tv_scale: Factor of the total variation, from the number of samples of the signal.
        content_scale: Factor of Σ(F-P)², from the content features P, shape (1, c, *space).
        style_scale: Factor of Σ(G/M-A/M)² from the style's mean Gram matrix A/M, shape (c, c), and
            the number of positions M of the result.
    """

    content_layers: Mapping[str, float]
    style_layers: Mapping[str, float]
    content_weight: float
    style_weight: float
    tv_weight: float
    content_scale: Callable[[Tensor], float]
    style_scale: Callable[[Tensor, int], float]
    tv_scale: Callable[[int], float]
    bounds_weight: float = 0.0
    pooling: Literal["max", "average"] = "max"


FIRST_OF_EACH_BLOCK = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
TINY = 1e-12  # keeps the relative costs of an empty target finite


def _even(weight: float) -> dict[str, float]:
    return dict.fromkeys(FIRST_OF_EACH_BLOCK, weight)


def _relative(target: Tensor) -> float:
    return 1 / (float(target.float().square().sum()) + TINY)


CONVENTIONS: Mapping[str, Convention] = {
    # Each cost is a squared relative error, so that weights mean the same for every layer, size,
    # picture and network.
    "impasto": Convention(
        content_layers={"relu4_2": 1.0},
        style_layers=dict(zip(FIRST_OF_EACH_BLOCK, (0.5, 0.5, 1.0, 1.0, 0.5), strict=True)),
        content_weight=0.3,
        style_weight=1.0,
        tv_weight=0.4,
        content_scale=_relative,
        style_scale=lambda target, positions: _relative(target),
        tv_scale=lambda samples: 1 / samples,
        bounds_weight=10.0,
    ),
    # Gatys, Ecker, Bethge, arXiv:1508.06576, eq. 1 to 7: ½Σ(F-P)² and Σ w/(4N²M²) Σ(G-A)².
    "paper": Convention(
        content_layers={"relu4_2": 1.0},
        style_layers=_even(0.2),
        content_weight=1.0,
        style_weight=1e3,
        tv_weight=0.0,
        content_scale=lambda target: 0.5,
        style_scale=lambda target, positions: 1 / (4 * target.shape[-1] ** 2),
        tv_scale=lambda samples: 1.0,
        pooling="average",
    ),
    # Ng, "Convolutional Neural Networks", week 4: 1/(4 n_H n_W n_C) Σ(a_C-a_G)² and
    # Σ λ/(2 n_H n_W n_C)² Σ(G_S-G_G)².
    "course": Convention(
        content_layers={"relu4_2": 1.0},
        style_layers=_even(0.2),
        content_weight=10.0,
        style_weight=40.0,
        tv_weight=0.0,
        content_scale=lambda target: 1 / (4 * target[0].numel()),
        style_scale=lambda target, positions: 1 / (4 * target.shape[-1] ** 2),
        tv_scale=lambda samples: 1.0,
    ),
    # jcjohnson/neural-style and neural-style-pt: mean squared errors, Gram matrices divided by
    # the number of all activations.
    "neural-style": Convention(
        content_layers={"relu4_2": 1.0},
        style_layers=_even(1.0),
        content_weight=5.0,
        style_weight=100.0,
        tv_weight=1e-3,
        content_scale=lambda target: 1 / target[0].numel(),
        style_scale=lambda target, positions: 1 / target.shape[-1] ** 4,
        tv_scale=lambda samples: 255.0,  # the levels of a byte
    ),
}


def convention(name: str) -> Convention:
    """Return a convention by name.

    Raises:
        UsageError: If there is none of that name.
    """
    if name not in CONVENTIONS:
        raise UsageError(f"There is no objective {name!r}. {nearest(name, CONVENTIONS)}")
    return CONVENTIONS[name]
