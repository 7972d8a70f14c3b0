"""Whose colors: give a result the colors of its content, or a style those colors beforehand."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.errors import ShapeError

# The luminance of YIQ, the space of the paper, is the luma of ITU-R BT.601.
_LUMA = (0.299, 0.587, 0.114)
# A spread below one level of 8 bits is rounding, not color, and is not stretched any further.
_LEAST_SPREAD = 1 / 255


def luminance(samples: Tensor) -> Tensor:
    """Weigh red, green and blue to the luminance of YIQ.

    Args:
        samples: Shape (3, *space), sRGB from 0 to 1.
    Returns:
        Shape (1, *space), from 0 to 1.
    Raises:
        ShapeError: If there are not three channels.
    """
    _check_channels(samples, 3)
    weights = samples.new_tensor(_LUMA).reshape(3, *[1] * (samples.ndim - 1))
    return (weights * samples).sum(0, keepdim=True)


def with_luminance_of(color: Tensor, lum: Tensor) -> Tensor:
    """Keep the colors of one picture and take the luminance from another.

    In YIQ the luminance counts alike for red, green and blue, so exchanging it is adding the
    difference to all three.

    Args:
        color: Where I and Q come from (the content), shape (3, *space), sRGB from 0 to 1.
        lum: Where Y comes from (the result), shape (1, *space).
    Returns:
        Shape (3, *space). Bright and dark colors may leave 0 to 1, and are not clipped here.
    Raises:
        ShapeError: If there are not three and one channels over the same space.
    Source:
        Gatys, Bethge, Hertzmann, Shechtman, arXiv:1606.05897, "Luminance-only transfer".
    """
    _check_channels(lum, 1)
    if color.shape[1:] != lum.shape[1:]:
        raise ShapeError(
            f"Color and luminance lie over different spaces: {tuple(color.shape[1:])} and "
            f"{tuple(lum.shape[1:])}."
        )
    return color + (lum - luminance(color))


def match_luminance(style_lum: Tensor, content_lum: Tensor) -> Tensor:
    """Shift and scale a luminance to the mean and the spread of another.

    Args:
        style_lum: What to change, shape (1, *space).
        content_lum: What to match, shape (1, *space), over a space of its own.
    Returns:
        Shape of style_lum.
    Raises:
        ShapeError: If there is not one channel.
    Source:
        Gatys, Bethge, Hertzmann, Shechtman, arXiv:1606.05897, "Luminance-only transfer".
    """
    return _match(style_lum, content_lum, channels=1)


def match_colors(style: Tensor, content: Tensor) -> Tensor:
    """Move the colors of a style linearly to the mean and the covariance of the content's.

    Of all matrices A with A cov(style) Aᵀ = cov(content) this takes the one of Image Analogies,
    A = √cov(content) · √cov(style)⁻¹, the second solution in the paper: unlike Cholesky's,
    it treats red, green and blue alike.

    Args:
        style: What to change, shape (3, *space), sRGB from 0 to 1.
        content: What to match, shape (3, *space), over a space of its own.
    Returns:
        Shape of style. Colors may leave 0 to 1, and are not clipped here.
    Raises:
        ShapeError: If there are not three channels.
    Source:
        Gatys, Bethge, Hertzmann, Shechtman, arXiv:1606.05897, "Color histogram matching".
    """
    return _match(style, content, channels=3)


def _match(style: Tensor, content: Tensor, *, channels: int) -> Tensor:
    """Match mean and covariance over all positions, computed in float64."""
    _check_channels(style, channels)
    _check_channels(content, channels)
    values = style.double().flatten(1)
    mean, covariance = _moments(values)
    wanted_mean, wanted_covariance = _moments(content.double().flatten(1))
    transfer = _power(wanted_covariance, 0.5) @ _power(covariance, -0.5, least=_LEAST_SPREAD**2)
    return (transfer @ (values - mean) + wanted_mean).reshape(style.shape).to(style.dtype)


def _moments(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean (c, 1) and the covariance (c, c) of values (c, n)."""
    mean = values.mean(1, keepdim=True)
    centered = values - mean
    return mean, centered @ centered.T / values.shape[1]


def _power(covariance: Tensor, exponent: float, *, least: float = 0) -> Tensor:
    """Raise a symmetric matrix to a power, its eigenvalues being at least what is given."""
    variances, axes = torch.linalg.eigh(covariance)
    power: Tensor = (axes * variances.clamp(min=least).pow(exponent)) @ axes.T
    return power


def _check_channels(samples: Tensor, channels: int) -> None:
    if samples.ndim < 2 or samples.shape[0] != channels:
        raise ShapeError(
            f"Expected shape ({channels}, *space) with at least one space axis, "
            f"not {tuple(samples.shape)}."
        )
