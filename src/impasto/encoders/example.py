"""An input that a network takes, found out from its convolutions and by trying."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from impasto.errors import UsageError

_CONVOLUTIONS = {nn.Conv1d: 1, nn.Conv2d: 2, nn.Conv3d: 3}

# Small ones first; a network that ends in a linear layer may take only that of its training.
LENGTHS = {
    1: (1024, 4096, 16000, 256, 64),
    2: (64, 224, 32, 28, 96, 128, 227, 256, 299, 384, 512),
    3: (32, 64, 16, 28, 112),
}


def find_example(module: nn.Module, name: str) -> Tensor:
    """Find an input that a network takes.

    Its axes and channels are those of the first convolution; its size is the first that works.

    Args:
        module: The network in evaluation mode, front end included.
        name: Name of the network, for messages.
    Returns:
        Zeros, shape (1, channel, *space).
    Raises:
        UsageError: If there is no convolution, or no size works.
    """
    first = next((part for part in module.modules() if isinstance(part, (*_CONVOLUTIONS,))), None)
    if first is None:
        raise UsageError(
            f"{name} has no convolution that tells what it takes: wrap it with an example, as in "
            "impasto.Wrapped(network, example=torch.zeros(1, 3, 64, 64))."
        )
    assert isinstance(first, nn.Conv1d | nn.Conv2d | nn.Conv3d)
    axes = next(count for kind, count in _CONVOLUTIONS.items() if isinstance(first, kind))
    for length in LENGTHS[axes]:
        shape = (1, first.in_channels, *[length] * axes)
        example = torch.zeros(shape, dtype=first.weight.dtype, device=first.weight.device)
        try:
            with torch.no_grad():
                module(example)
        except Exception as error:  # whatever a network says that takes another size
            reason = error
        else:
            return example
    raise UsageError(
        f"{name} takes no input of {', '.join(map(str, LENGTHS[axes]))} samples along each axis: "
        "wrap it with an example that it takes, impasto.Wrapped(network, example=...)."
    ) from reason
