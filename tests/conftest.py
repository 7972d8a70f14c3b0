from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from hypothesis import settings
from torch import Tensor

torch.set_num_threads(1)
settings.register_profile("impasto", deadline=None, derandomize=True)
settings.load_profile("impasto")


@pytest.fixture(autouse=True)
def _same_random_numbers() -> None:
    torch.manual_seed(0)


@pytest.fixture(params=[(6,), (4, 5), (3, 4, 2)], ids=["1 axis", "2 axes", "3 axes"])
def space(request: pytest.FixtureRequest) -> tuple[int, ...]:
    """A small space with one, two or three axes."""
    shape: tuple[int, ...] = request.param
    return shape


@pytest.fixture
def features(space: tuple[int, ...]) -> Tensor:
    """A batch of two with three channels, float64, for gradcheck."""
    return torch.randn(2, 3, *space, dtype=torch.float64)
