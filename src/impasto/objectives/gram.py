"""The Gram matrix: which channels are active together, wherever that may be."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from impasto.errors import ShapeError
from impasto.objectives.objective import wide


def gram(features: Tensor) -> Tensor:
    """Correlate channels over all positions: the style matrix of Gatys et al.

    Args:
        features: Activations, shape (b, c, *space), one to three space axes.
    Returns:
        Symmetric positive semi-definite matrices, shape (b, c, c), in activation squared, summed
        over positions as in the paper, not averaged. float32, or float64 for such features.
    Raises:
        ShapeError: If there is no space axis.
    Source:
        Gatys, Ecker, Bethge, arXiv:1508.06576, eq. 3.
    """
    return _correlate(_rows(features))


def guided_gram(features: Tensor, guides: Tensor) -> Tensor:
    """Correlate channels within regions: one Gram matrix for each guidance channel.

    Args:
        features: Activations, shape (b, c, *space).
        guides: How much each position belongs to each region, shape (r, *space), at least 0.
    Returns:
        Shape (b, r, c, c): features times guide, correlated as in `gram`, summed over positions.
    Raises:
        ShapeError: If the guides have another space than the features.
    Source:
        Gatys, Ecker, Bethge, Hertzmann, Shechtman, arXiv:1611.07865, eq. 6 and 7.
    """
    if guides.shape[1:] != features.shape[2:]:
        raise ShapeError(
            f"Guides over {tuple(guides.shape[1:])} do not fit features over "
            f"{tuple(features.shape[2:])}."
        )
    rows = _rows(features).to(wide(features))
    weights = guides.to(rows.dtype).flatten(1).unsqueeze(-1)
    return torch.stack([_correlate(rows * weight) for weight in weights], dim=1)


def _correlate(rows: Tensor) -> Tensor:
    product: Tensor = _SelfProduct.apply(rows)  # type: ignore[no-untyped-call]
    return product


class _SelfProduct(torch.autograd.Function):
    """FᵀF, whose gradient takes one product where automatic differentiation takes two."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        ctx.save_for_backward(rows)
        return torch.stack([_product(own.T, own) for own in rows])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (rows,) = ctx.saved_tensors
        twice = (gradient + gradient.transpose(1, 2)).to(rows.dtype)
        product: Tensor = rows @ twice
        return product


def _product(left: Tensor, right: Tensor) -> Tensor:
    """Multiply matrices of features, the result at least in float32.

    Processors that multiply bfloat16 sum up in float32, but round the sums to 8 bits. Two such
    products, the second of what the first has lost, give 16 bits in half the time of float32.
    """
    if left.dtype != torch.bfloat16:
        return left.to(wide(left)) @ right.to(wide(right))
    product = left @ right
    lost = torch.addmm(product, left, right, beta=-1)
    return product.float() + lost.float()


def _rows(features: Tensor) -> Tensor:
    """One row a position, (b, position, c).

    Where channels lie innermost in memory, as the networks here have them, this moves nothing.
    """
    if features.ndim < 3:
        raise ShapeError(
            f"Features have shape (b, c, *space) with a space axis, not {tuple(features.shape)}."
        )
    return features.movedim(1, -1).flatten(1, -2)
