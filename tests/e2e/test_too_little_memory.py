"""Exit code 5: the memory would not suffice, which is told at once."""

from __future__ import annotations

import re
from typing import Any


def test_the_largest_size_that_fits_is_named(desk: Any) -> None:
    outcome = desk.stylize("--size", "60000", "--steps", "1000000", "--checkpoint", "state")
    outcome.refuses(5, "60000", "GB", "--size")
    (largest,) = re.findall(r"The largest size that fits is --size (\d+)\.", outcome.stderr)
    assert 500 < int(largest) < 60000
    assert sorted(path.name for path in desk.folder.iterdir()) == ["photo.png", "style.png"]
