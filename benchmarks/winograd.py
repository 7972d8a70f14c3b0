"""VGG19 there and back in float32: Winograd's convolutions against torch's."""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import torch
from evaluation import fastest
from report import Options, Row

from impasto.encoders import load_encoder, winograd
from impasto.encoders.encoder import Chain

LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu4_2", "relu5_1")
SHAPES = ((2, 128, 128), (1, 192, 192), (1, 256, 256), (1, 384, 512))


def rows(options: Options) -> Iterator[Row]:
    """Measure squares as trainings have them, and pictures."""
    encoder = load_encoder("vgg19")  # on the processor, whatever else there is
    for batch, height, width in SHAPES[: 1 if options.quick else None]:
        x = torch.rand(batch, 3, height, width)
        with mock.patch.object(winograd, "LEAST_NUMBERS", 2**62):
            plain = fastest(lambda x=x: there_and_back(encoder, x), times=5)  # type: ignore[misc]
        own = fastest(lambda x=x: there_and_back(encoder, x), times=5)  # type: ignore[misc]
        yield Row(
            f"VGG19 there and back, {batch} × {width}×{height}, float32 "
            f"({own * 1e3:.0f} ms; by torch's convolutions {plain * 1e3:.0f} ms)",
            f"{own / plain:.2f} × the time",
            "< 1 ×",
            own < plain,
        )


def there_and_back(encoder: Chain, x: torch.Tensor) -> torch.Tensor:
    """Return the gradient of the mean square of some layers."""
    leaf = x.clone().requires_grad_()
    features = encoder(leaf, LAYERS)
    total = torch.stack([own.square().mean() for own in features.values()]).sum()
    return torch.autograd.grad(total, leaf)[0]
