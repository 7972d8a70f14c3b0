"""The Gram matrix: which channels are active together, wherever that may be."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from impasto.errors import ShapeError
from impasto.objectives.objective import wide


def gram(features: Tensor, *, near: Tensor | None = None) -> Tensor:
    """Correlate channels over all positions: the style matrix of Gatys et al.

    Args:
        features: Activations, shape (b, c, *space), one to three space axes.
        near: A matrix (c, c) near the result, or one for each, (b, c, c), which saves half of the
            work in bfloat16: only what lies between the two is rounded.
    Returns:
        Symmetric positive semi-definite matrices, shape (b, c, c), in activation squared, summed
        over positions as in the paper, not averaged. float32, or float64 for such features.
    Raises:
        ShapeError: If there is no space axis.
    Source:
        Gatys, Ecker, Bethge, arXiv:1508.06576, eq. 3.
    """
    return _correlate(_rows(features), near)


def pull_gram(features: Tensor, cotangent: Tensor, gradient: Tensor) -> None:
    """Add the gradient with respect to features that a Gram matrix gives them.

    Args:
        features: Shape (b, c, *space).
        cotangent: Gradient with respect to their Gram matrices, shape (b, c, c).
        gradient: Shape (b, c, *space); it is changed.
    Source:
        Gatys, Ecker, Bethge, arXiv:1508.06576, eq. 6.
    """
    for own, change, sums in zip(
        _rows(features), _twice(cotangent, features), gradient.movedim(1, -1), strict=True
    ):
        try:
            rows = sums.view(-1, sums.shape[-1])
        except RuntimeError:  # a part of a larger gradient does not lie in one row
            sums += (own @ change).view_as(sums)
        else:
            rows.addmm_(own, change)


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


def _correlate(rows: Tensor, near: Tensor | None = None) -> Tensor:
    product: Tensor = _SelfProduct.apply(rows, near)  # type: ignore[no-untyped-call]
    return product


class _SelfProduct(torch.autograd.Function):
    """FᵀF, whose gradient takes one product where automatic differentiation takes two."""

    @staticmethod
    def forward(ctx: Any, rows: Tensor, near: Tensor | None) -> Tensor:
        ctx.save_for_backward(rows)
        guesses = [near] * len(rows) if near is None or near.ndim == 2 else list(near)
        return torch.stack([_product(*pair) for pair in zip(rows, guesses, strict=True)])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (rows,) = ctx.saved_tensors
        return rows @ _twice(gradient, rows), None


def _product(rows: Tensor, near: Tensor | None) -> Tensor:
    """Multiply features with themselves, the result at least in float32.

    Processors that multiply bfloat16 sum up in float32, but round the sums to 8 bits. Where a
    matrix near the result is taken off before that, the rounding is one of the difference. The
    first of two such products will do; both take half the time of float32.
    """
    if rows.dtype != torch.bfloat16:
        wider = rows.to(wide(rows))
        return wider.T @ wider
    guess = rows.T @ rows if near is None else near.to(rows.dtype)
    return guess.float() + torch.addmm(guess, rows.T, rows, beta=-1).float()


def _twice(cotangent: Tensor, features: Tensor) -> Tensor:
    """Add both sides of a matrix that multiplies a symmetric one."""
    return (cotangent + cotangent.mT).to(features.dtype)


def _rows(features: Tensor) -> Tensor:
    """One row a position, (b, position, c).

    Where channels lie innermost in memory, as the networks here have them, this moves nothing.
    """
    if features.ndim < 3:
        raise ShapeError(
            f"Features have shape (b, c, *space) with a space axis, not {tuple(features.shape)}."
        )
    return features.movedim(1, -1).flatten(1, -2)
