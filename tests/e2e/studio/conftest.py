"""A page of `impasto studio` in headless Chromium, and who has it open."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

WAIT = 400_000.0  # milliseconds
SHOTS = os.environ.get("IMPASTO_SCREENSHOTS")  # folder for the pictures of the docs


@dataclass
class Visitor:
    """Somebody with the page open."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def open(self) -> Self:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._asked)
        self.page.goto(self.url)
        expect(self.run).to_be_visible()
        return self

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:", "blob:")):
            self.elsewhere.append(request.url)

    @property
    def run(self) -> Locator:
        return self.page.get_by_role("button", name="Stylize", exact=True)

    @property
    def place(self) -> Locator:
        return self.page.locator(".place").first

    def bring(self, photo: Path, painting: Path) -> None:
        uploads = self.page.locator("input[type=file]")
        uploads.nth(0).set_input_files(photo)
        expect(self.page.locator("img[src*='photo']").first).to_be_visible()
        uploads.nth(1).set_input_files(painting)
        expect(self.page.locator("img[src*='style']").first).to_be_visible()

    def fill(self, label: str, value: int) -> None:
        self.page.get_by_label(label).first.fill(str(value))

    def quickly(self, steps: int = 3) -> None:
        self.fill("number input for Size: longest side in pixels", 64)
        self.page.get_by_role("button", name="Everything else").click()
        self.fill("--steps", steps)

    def ends(self, sign: str = "✓") -> None:
        expect(self.place).to_contain_text(sign)

    @property
    def is_shot(self) -> bool:
        """Whether the page is to be photographed for the docs."""
        return bool(SHOTS)

    def shoot(self, name: str) -> None:
        shoot(self.page, name)


def shoot(page: Page, name: str) -> None:
    """Make a picture for the docs, if any are to be made."""
    if SHOTS:
        page.wait_for_timeout(1500)
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


@pytest.fixture
def shooting() -> Callable[[Page, str], None]:
    """Make pictures for the docs, if any are to be made."""
    return shoot


@pytest.fixture
def studio(desk: Any) -> Callable[..., str]:
    """Start the program, and tell where the page is."""

    (desk / "temporary").mkdir()

    def start(*words: str) -> str:
        env = {"TMPDIR": str(desk / "temporary")}
        process = desk.start("studio", "--port", "0", *words, env=env)
        assert process.stderr is not None
        line = process.stderr.readline().decode()
        found = re.search(r"http://\S+", line)
        assert found, line + process.stderr.read().decode()
        return found[0]

    return start


@pytest.fixture
def new_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open an empty page in a browser of its own."""
    contexts: list[BrowserContext] = []
    expect.set_options(timeout=WAIT)

    def open_one(width: int = 1360, height: int = 1000, **how: Any) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **how))
        contexts[-1].set_default_timeout(WAIT)
        return contexts[-1].new_page()

    yield open_one
    for own in contexts:
        own.close()


@pytest.fixture
def visit(
    studio: Callable[..., str], new_page: Callable[..., Page]
) -> Iterator[Callable[..., Visitor]]:
    """Let somebody open the studio; nobody may be left complaining."""
    visitors: list[Visitor] = []
    urls: list[str] = []

    def come() -> Visitor:
        urls[:] = urls or [studio()]
        visitors.append(Visitor(new_page(), urls[0]))
        return visitors[-1].open()

    yield come
    for visitor in visitors:
        assert visitor.complaints == []
        assert visitor.elsewhere == []
