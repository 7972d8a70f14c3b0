"""Values of both signs as colors."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

BRIGHT = 0.995  # of the values are within the contrast that is shown


def contrasted(values: NDArray[Any]) -> NDArray[np.float32]:
    """Turn values into colors from 0 to 1: zero is gray, and the contrast is alike on both sides.

    Args:
        values: Of any shape; what is brighter than most is cut off.
    """
    size = np.abs(values)
    strongest = np.quantile(size, BRIGHT) or size.max() or 1.0
    colors: NDArray[np.float32] = ((values / strongest + 1) / 2).clip(0, 1).astype(np.float32)
    return colors
