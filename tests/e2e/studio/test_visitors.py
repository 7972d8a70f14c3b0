"""Several visitors at once, and what is left of one who has gone."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from impasto.samples import samples

PATIENCE = 400.0  # seconds


def test_two_visitors_wait_in_line_and_see_their_own(visit: Callable[..., Any], desk: Any) -> None:
    one, other = visit(), visit()
    desk.picture("other_photo.png", 64, 48, seed=7)
    one.bring(desk / "photo.png", desk / "style.png")
    other.bring(desk / "other_photo.png", desk / "style.png")
    one.quickly(steps=100_000)
    other.quickly(steps=5)
    one.run.click()
    expect(one.place).to_contain_text("J = ")
    other.run.click()
    expect(other.page.get_by_text(re.compile(r"queue: 1/1")).first).to_be_visible()
    one.page.get_by_role("button", name="Stop and keep").first.click()
    one.ends("■")
    other.ends()
    for visitor, own in ((one, "photo"), (other, "other_photo")):
        expect(visitor.page.locator(".made").first.locator("img")).to_have_count(1)
        expect(visitor.page.locator(f"a[download='{own}_stylized.png']").first).to_be_visible()
        named = re.findall(r"\w*photo_stylized", visitor.page.content())
        assert set(named) == {f"{own}_stylized"}


def test_a_closed_page_ends_its_job_and_its_files_go(visit: Callable[..., Any], desk: Any) -> None:
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
