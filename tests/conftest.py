from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Iterator

os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright
from torch import Tensor

torch.set_num_threads(1)
settings.register_profile("impasto", deadline=None, derandomize=True)
settings.load_profile("impasto")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in the last lines which tests were left out, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(report.longrepr[2].removeprefix("Skipped: ") for report in skipped)
    for reason, count in reasons.items():
        terminalreporter.write_line(f"{count} tests were left out. {reason}", yellow=True)


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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; where there is none the test is left out, unless it must not be."""
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next(filter(None, map(shutil.which, names)), None)
    if path is None:
        reason = "There is no browser to test pages in: install the Debian package chromium."
        if os.environ.get("IMPASTO_REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    options = (
        "--no-sandbox",
        "--disable-background-networking",
        "--autoplay-policy=no-user-gesture-required",
    )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        browser.close()
