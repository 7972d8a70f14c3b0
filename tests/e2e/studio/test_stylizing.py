"""Stylizing in the page."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import expect

EXTRAS = {"settings.json", "sheet.jpg", "costs.png", "trace.jsonl", "film.webp"}


def test_upload_watch_and_take_away(visit: Callable[..., Any], desk: Any) -> None:
    visitor = visit()
    visitor.bring(desk / "photo.png", desk / "style.png")
    visitor.quickly(steps=60)
    visitor.run.click()
    expect(visitor.place).to_have_text(re.compile(r"step \d+/60 · \d+ s · J = "))
    visitor.ends()
    files = visitor.page.locator("a[download]")
    expect(visitor.page.locator("a[download='photo_stylized.png']").first).to_be_visible()
    names = {str(own.get_attribute("download")) for own in files.all()}
    assert {"photo_stylized.png", *EXTRAS} <= names
    for name in ("photo_stylized.png", *sorted(EXTRAS)):
        with visitor.page.expect_download() as caught:
            visitor.page.locator(f"a[download='{name}']").first.click()
        caught.value.save_as(desk / "taken" / name)
    taken = desk / "taken"
    with Image.open(taken / "photo_stylized.png") as picture:
        assert picture.size == (64, 48)
        assert "impasto" in str(picture.info)
    with Image.open(taken / "film.webp") as film:
        assert getattr(film, "n_frames", 1) > 1
    assert json.loads((taken / "settings.json").read_text())["settings"]["size"] == 64
    assert len((taken / "trace.jsonl").read_text().splitlines()) == 61
    command = visitor.page.locator(".command textarea").first.input_value()
    assert command == (
        "impasto stylize photo.png --style style.png --size 64 --quality draft --steps 60 "
        "-o photo_stylized.png"
    )
    expect(visitor.page.get_by_text("Before and after")).to_be_visible()
    desk.impasto(*shlex.split(command)[1:]).succeeds()
    assert np.array_equal(
        desk.pixels("photo_stylized.png"), desk.pixels("taken/photo_stylized.png")
    )


def test_stop_keeps_the_picture_so_far(visit: Callable[..., Any], desk: Any) -> None:
    visitor = visit()
    visitor.bring(desk / "photo.png", desk / "style.png")
    visitor.quickly(steps=100_000)
    visitor.run.click()
    expect(visitor.place).to_contain_text("J = ")
    early = str(visitor.result.get_attribute("src"))
    expect(visitor.result).not_to_have_attribute("src", early)
    expect(visitor.page.locator(".curve img").first).to_be_visible()
    visitor.page.get_by_role("button", name="Stop and keep").first.click()
    visitor.ends("■")
    expect(visitor.page.locator("a[download='photo_stylized.png']").first).to_be_visible()


def test_samples_are_picked_by_their_pictures(visit: Callable[..., Any]) -> None:
    visitor = visit()
    shelves = visitor.page.locator(".shelf")
    shelves.nth(0).locator("button").nth(4).click()
    expect(visitor.page.get_by_label("or a photograph").first).to_have_value(
        "neuschwanstein_castle"
    )
    shelves.nth(1).locator("button").nth(2).click()
    expect(visitor.page.get_by_text("harvest").first).to_be_visible()
    visitor.fill("number input for Size: longest side in pixels", 192 if visitor.is_shot else 64)
    visitor.page.get_by_label("draft").first.check()
    visitor.run.click()
    visitor.ends()
    visitor.shoot("studio")


def test_a_bad_file_gets_a_sentence(visit: Callable[..., Any], desk: Any) -> None:
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


def test_a_film_is_told_to_go_elsewhere(visit: Callable[..., Any], desk: Any) -> None:
    frames = [Image.new("RGB", (64, 48), color) for color in ("teal", "red")]
    frames[0].save(desk / "photo.gif", save_all=True, append_images=frames[1:], duration=100)
    visitor = visit()
    visitor.bring(desk / "photo.gif", desk / "style.png")
    visitor.run.click()
    told = visitor.page.get_by_test_id("toast-body")
    expect(told.first).to_contain_text("photo.gif has more than one picture")
    expect(told.first).not_to_contain_text("/photo.gif")


def test_nothing_brought_is_told(visit: Callable[..., Any]) -> None:
    visitor = visit()
    visitor.run.click()
    told = visitor.page.get_by_test_id("toast-body")
    expect(told.first).to_contain_text("There is no photograph")


def test_on_a_phone_in_chinese(visit: Callable[..., Any], desk: Any) -> None:
    phone = {"width": 390, "height": 844, "locale": "zh-CN", "has_touch": True, "is_mobile": True}
    visitor = visit(**phone)
    page = visitor.page
    expect(page.get_by_role("button", name="开始", exact=True)).to_be_visible()
    expect(page.get_by_text("用一幅画的风格重绘一张照片")).to_be_visible()
    visitor.shoot("studio_phone", height=640)
    visitor.bring(desk / "photo.png", desk / "style.png")
    page.get_by_label("尺寸").first.fill("64")
    page.get_by_role("button", name="其他设置").click()
    visitor.fill("--steps", 3)
    visitor.run.click()
    visitor.ends()
    expect(page.get_by_text("前后对比")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
