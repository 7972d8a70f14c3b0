"""A page of `impasto studio` in headless Chromium, and who has it open."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

WAIT = 400_000.0  # milliseconds
# Folder for the pictures of the docs: IMPASTO_SCREENSHOTS=docs/images pytest tests/e2e/studio
SHOTS = os.environ.get("IMPASTO_SCREENSHOTS")


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
        return self.page.get_by_role("button", name=re.compile("^(Stylize|开始)$"))

    @property
    def place(self) -> Locator:
        return self.page.locator(".place").first

    @property
    def result(self) -> Locator:
        return self.page.locator(".result img").first

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

    def shoot(self, name: str, *, height: int | None = None) -> None:
        """Make a picture for the docs, if any are to be made, down to a height in pixels."""
        if SHOTS:
            self.page.wait_for_timeout(1500)
            with Image.open(BytesIO(self.page.screenshot(full_page=True))) as shot:
                cut = shot.convert("RGB").crop((0, 0, shot.width, height or shot.height))
            cut.thumbnail((1100, cut.height), Image.Resampling.LANCZOS)
            cut.save(Path(SHOTS) / f"{name}.webp", quality=80, method=6)


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

    def come(**how: Any) -> Visitor:
        urls[:] = urls or [studio()]
        visitors.append(Visitor(new_page(**how), urls[0]))
        return visitors[-1].open()

    yield come
    for visitor in visitors:
        assert visitor.complaints == []
        assert visitor.elsewhere == []
