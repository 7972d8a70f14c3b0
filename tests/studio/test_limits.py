from __future__ import annotations

import pytest

from impasto.errors import UsageError
from impasto.studio.limits import Limits


def test_sizes_have_limits_whatever_the_page_shows() -> None:
    limits = Limits(size=512, voxels=96)
    assert limits.checked(512.0) == 512
    assert limits.checked(96, most=limits.voxels) == 96
    for size, most in ((513, None), (97, 96), (0, None), (float("nan"), None)):
        with pytest.raises(UsageError, match=f"from 1 to {most or 512} here"):
            limits.checked(size, most=most)
