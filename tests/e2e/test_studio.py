"""`impasto studio` in headless Chromium, and from Python."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from impasto.samples import samples

PATIENCE = 400.0  # seconds
WAIT = PATIENCE * 1000  # milliseconds
SHOTS = os.environ.get("IMPASTO_SCREENSHOTS")  # folder for the pictures of the docs


@dataclass
class Visitor:
    """Somebody with the page open."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)

    def open(self) -> Self:
        self.page.set_default_timeout(WAIT)
        expect.set_options(timeout=WAIT)
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

    def shoot(self, name: str) -> None:
        if SHOTS:
            self.page.wait_for_timeout(1500)
            self.page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


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
def visit(studio: Callable[..., str], browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Let somebody open the page, in a browser of their own; nobody may be left complaining."""
    visitors: list[Visitor] = []
    urls: list[str] = []

    def come(width: int = 1360, height: int = 1000, **how: Any) -> Visitor:
        urls[:] = urls or [studio()]
        context = browser.new_context(viewport={"width": width, "height": height}, **how)
        visitors.append(Visitor(context.new_page(), urls[0]))
        return visitors[-1].open()

    yield come
    for visitor in visitors:
        assert visitor.complaints == []
        assert visitor.elsewhere == []
        visitor.page.context.close()


def test_upload_watch_and_take_away(visit: Callable[..., Visitor], desk: Any) -> None:
    visitor = visit()
    visitor.bring(desk / "photo.png", desk / "style.png")
    visitor.quickly(steps=60)
    visitor.run.click()
    expect(visitor.place).to_have_text(re.compile(r"step \d+/60 · \d+ s · J = "))
    visitor.ends()
    files = visitor.page.locator("a[download]")
    expect(visitor.page.locator("a[download='photo_stylized.png']").first).to_be_visible()
    names = {str(own.get_attribute("download")) for own in files.all()}
    assert {"photo_stylized.png", "settings.json", "costs.png", "film.webp"} <= names
    with visitor.page.expect_download() as caught:
        visitor.page.locator("a[download='photo_stylized.png']").first.click()
    caught.value.save_as(desk / "taken.png")
    with Image.open(desk / "taken.png") as taken:
        assert taken.size == (64, 48)
        assert "impasto" in str(taken.info)
    command = visitor.page.locator(".command textarea").first.input_value()
    assert command == (
        "impasto stylize photo.png --style style.png --size 64 --steps 60 -o photo_stylized.png"
    )
    expect(visitor.page.get_by_text("Before and after")).to_be_visible()


def test_stop_keeps_the_picture_so_far(visit: Callable[..., Visitor], desk: Any) -> None:
    visitor = visit()
    visitor.bring(desk / "photo.png", desk / "style.png")
    visitor.quickly(steps=100_000)
    visitor.run.click()
    expect(visitor.place).to_contain_text("J = ")
    visitor.page.get_by_role("button", name="Stop and keep").first.click()
    visitor.ends("■")
    expect(visitor.page.locator("a[download='photo_stylized.png']").first).to_be_visible()


def test_samples_are_picked_by_their_pictures(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    shelves = visitor.page.locator(".shelf")
    shelves.nth(0).locator("button").nth(4).click()
    expect(visitor.page.get_by_label("or a photograph").first).to_have_value(
        "neuschwanstein_castle"
    )
    shelves.nth(1).locator("button").nth(2).click()
    expect(visitor.page.get_by_text("harvest").first).to_be_visible()
    visitor.fill("number input for Size: longest side in pixels", 192 if SHOTS else 64)
    visitor.page.get_by_label("draft").first.check()
    visitor.run.click()
    visitor.ends()
    visitor.shoot("studio")


def test_a_bad_file_gets_a_sentence(visit: Callable[..., Visitor], desk: Any) -> None:
    (desk / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\nand no more")
    visitor = visit()
    uploads = visitor.page.locator("input[type=file]")
    uploads.nth(0).set_input_files(desk / "photo.png")
    visitor.page.locator(".shelf").nth(1).locator("button").nth(2).click()
    visitor.quickly()
    visitor.run.click()
    told = visitor.page.get_by_test_id("toast-body")
    expect(told.first).to_contain_text("photo.png")
    expect(told.first).not_to_contain_text("Traceback")


def test_nothing_brought_is_told(visit: Callable[..., Visitor]) -> None:
    visitor = visit()
    visitor.run.click()
    told = visitor.page.get_by_test_id("toast-body")
    expect(told.first).to_contain_text("There is no photograph")


def test_two_visitors_wait_in_line_and_see_their_own(
    visit: Callable[..., Visitor], desk: Any
) -> None:
    one, other = visit(), visit()
    for visitor in (one, other):
        visitor.bring(desk / "photo.png", desk / "style.png")
    one.quickly(steps=100_000)
    other.quickly(steps=5)
    one.run.click()
    expect(one.place).to_contain_text("J = ")
    other.run.click()
    expect(other.page.get_by_text(re.compile(r"queue: 1/1")).first).to_be_visible()
    one.page.get_by_role("button", name="Stop and keep").first.click()
    one.ends("■")
    other.ends()
    for visitor, count in ((one, 1), (other, 1)):
        made = visitor.page.locator(".made").first.locator("img")
        expect(made).to_have_count(count)


def test_a_closed_page_ends_its_job_and_its_files_go(
    visit: Callable[..., Visitor], desk: Any
) -> None:
    gone, waiting = visit(), visit()
    for visitor in (gone, waiting):
        visitor.bring(desk / "photo.png", desk / "style.png")
    gone.quickly(steps=100_000)
    gone.run.click()
    expect(gone.place).to_contain_text("J = ")
    waiting.quickly()
    waiting.run.click()
    (root,) = (desk / "temporary").glob("impasto-studio-*")
    assert list(root.rglob("photo.png"))
    gone.page.close()
    waiting.ends()
    deadline = time.monotonic() + PATIENCE
    waiting.page.close()
    bundled = {f"{own.name}.jpg" for own in samples()}  # which the page shows to everybody
    while left := [own for own in root.rglob("*") if own.is_file() and own.name not in bundled]:
        assert time.monotonic() < deadline, left
        time.sleep(0.1)


def test_on_a_phone_in_chinese(studio: Callable[..., str], browser: Browser) -> None:
    phone = browser.new_context(
        viewport={"width": 390, "height": 844}, locale="zh-CN", has_touch=True, is_mobile=True
    )
    page = phone.new_page()
    page.set_default_timeout(WAIT)
    page.goto(studio())
    expect(page.get_by_role("button", name="开始", exact=True)).to_be_visible()
    expect(page.get_by_text("用一幅画的风格重绘一张照片")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    phone.close()


def test_from_python(studio: Callable[..., str], desk: Any) -> None:
    from gradio_client import Client, handle_file

    client = Client(studio(), verbose=False, download_files=str(desk / "taken"))
    made = client.predict(
        photo=handle_file(desk / "photo.png"),
        sample_paintings=["harvest"],
        size=64,
        steps="3",
        levels="1",
        api_name="/stylize",
    )
    files = [Path(own).name for own in made[4]]
    assert "photo_stylized.png" in files
    assert made[5].startswith("impasto stylize photo.png --style harvest --size 64")
    painted = client.predict(
        sample_photo="horses", model="paintings", style="harvest", api_name="/paint"
    )
    with Image.open(painted) as picture:
        assert max(picture.size) == 512
    patches = client.predict(layer="relu1_2", unit=3, api_name="/unit")
    assert patches
    assert all(Path(own["image"]).is_file() for own in patches)
    excited = client.predict(layer="relu1_2", sample="horses", api_name="/excited")
    assert re.match(r"relu1_2:\d+  ", excited[0]["caption"])


def test_the_program_says_where_it_listens_and_ends_cleanly(desk: Any) -> None:
    process = desk.start("studio", "--port", "0")
    assert process.stderr is not None
    assert re.match(
        rb"impasto: The studio is at http://127\.0\.0\.1:\d+/ until Ctrl-C\.",
        process.stderr.readline(),
    )
    process.send_signal(2)
    outcome = desk.end(process)
    assert outcome.code == 130
    assert outcome.lines == ["impasto: Interrupted."]


def test_it_does_not_let_everybody_in(desk: Any) -> None:
    desk.impasto("studio", "--host", "0.0.0.0").refuses(2, "--auth USER:PASSWORD_FILE")
    desk.impasto("studio", "--auth", "me").refuses(2, "USER:PASSWORD_FILE")
    desk.impasto("studio", "--auth", "me:nothing.txt").refuses(3, "nothing.txt")
    desk.impasto("studio", "--auth", "me:style.png", "--no-auth").refuses(2, "choose one")


def test_a_password_is_asked_for(studio: Callable[..., str], browser: Browser, desk: Any) -> None:
    (desk / "password").write_text("open sesame\n")
    page = browser.new_page()
    page.goto(studio("--auth", f"me:{desk / 'password'}"))
    page.set_default_timeout(WAIT)
    expect(page.get_by_label("username")).to_be_visible()
    assert page.get_by_role("button", name="Stylize", exact=True).count() == 0
    page.get_by_label("username").fill("me")
    page.get_by_label("password").fill("open sesame")
    page.get_by_role("button", name="Login").click()
    expect(page.get_by_role("button", name="Stylize", exact=True)).to_be_visible()
    page.close()


def test_uploads_have_a_limit(studio: Callable[..., str], desk: Any) -> None:
    from gradio_client import Client, handle_file

    client = Client(studio("--max-pixels", "1000"), verbose=False)
    began = time.monotonic()
    with pytest.raises(Exception, match="pixels"):
        client.predict(
            photo=handle_file(desk / "photo.png"),
            sample_paintings=["harvest"],
            api_name="/stylize",
        )
    assert time.monotonic() - began < PATIENCE
