"""The other parts of the page: masks, trained networks, the microscope, sounds and volumes."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page, expect

RATE = 16_000  # samples a second
SHARE = re.compile("share", re.IGNORECASE)


def part(page: Page, name: str) -> Locator:
    """Go to a part of the page."""
    tab = page.get_by_role("tab", name=name)
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")
    return page.get_by_role("tabpanel")


def pick(panel: Locator, label: str, name: str) -> None:
    """Pick a name from a list."""
    panel.get_by_label(label).first.click()
    panel.page.get_by_role("option", name=name).click()


def bring(panel: Locator, label: str, path: Path) -> None:
    """Bring a file; an element that has it shows its name or takes no other."""
    element = panel.locator(".block", has_text=label).locator("input[type=file]")
    element.last.set_input_files(path)
    expect(element).to_have_count(0)


def changed(picture: Locator, before: str) -> str:
    """Wait for another picture, and return its address."""
    expect(picture).not_to_have_attribute("src", before)
    return str(picture.get_attribute("src"))


def stroke(page: Page, canvas: Locator) -> None:
    """Draw a line in the upper half of a canvas, where no tools lie over it."""
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box
    height = box["y"] + 0.3 * box["height"]
    page.mouse.move(box["x"] + 0.48 * box["width"], height)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.52 * box["width"], height, steps=8)
    page.mouse.up()
    page.wait_for_timeout(500)


def test_regions_are_painted_with_the_mouse(visit: Callable[..., Any], desk: Any) -> None:
    """The photograph lies there to be painted over; bare places belong to the first painting."""
    visitor = visit()
    page = visitor.page
    Image.new("RGB", (640, 480), "teal").save(desk / "photo.png")  # larger than the brush
    visitor.bring(desk / "photo.png", desk / "style.png")
    page.locator(".shelf").nth(1).locator("button").nth(2).click()
    visitor.quickly()
    page.get_by_role("button", name="Regions").click()
    canvas = page.locator("canvas").first
    page.get_by_role("button", name="Color", exact=True).click()
    page.locator(".swatch .color").nth(1).click()
    for _ in range(2):  # the first press closes the colors
        stroke(page, canvas)
    visitor.run.click()
    visitor.ends()
    command = page.locator(".command textarea").first.input_value()
    assert "--mask region_1.png whole_1.png --mask region_2.png whole_2.png" in command


def test_the_picture_follows_the_sliders(visit: Callable[..., Any]) -> None:
    visitor = visit()
    panel = part(visitor.page, "At once")
    pick(panel, "or a photograph that comes with impasto", "horses")
    picture = panel.locator("img").first
    expect(picture).to_be_visible()
    first = str(picture.get_attribute("src"))
    panel.get_by_label("number input for Strength").fill("0.5")
    second = changed(picture, first)
    pick(panel, "Second painting", "harvest")
    changed(picture, second)
    assert panel.get_by_label(SHARE).count() == panel.get_by_label("Share of").count()
    visitor.shoot("studio_at_once")
    panel.get_by_label("number input for Size").fill("64")
    panel.get_by_role("button", name="Refine with the optimizer").click()
    expect(panel.locator(".place").first).to_contain_text("✓")
    command = panel.locator(".command textarea").first
    expect(command).to_have_value(re.compile(r"--model \w+ .*--refine 20"))


def test_units_show_what_they_look_for(visit: Callable[..., Any], desk: Any) -> None:
    visitor = visit()
    panel = part(visitor.page, "Microscope")
    panel.get_by_role("button", name="Find what its units look for").click()
    patches, units = panel.locator(".grid-wrap").first, panel.locator(".grid-wrap").last
    expect(patches.locator("img")).to_have_count(9)
    before = str(patches.locator("img").first.get_attribute("src"))
    panel.get_by_label("Unit").fill("7")
    panel.get_by_label("Unit").press("Enter")
    changed(patches.locator("img").first, before)
    pick(panel, "or a photograph that comes with impasto", "horses")
    panel.get_by_role("button", name="Which units does it excite?").click()
    expect(units.locator("img")).to_have_count(9)
    expect(units.get_by_text(re.compile(r"relu4_1:\d+ ")).first).to_be_visible()
    before = str(units.locator("img").first.get_attribute("src"))
    bring(panel, "A picture", desk / "photo.png")
    panel.get_by_role("button", name="Which units does it excite?").click()
    changed(units.locator("img").first, before)
    visitor.shoot("studio_microscope")


def test_a_sound_is_heard(visit: Callable[..., Any], tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    seconds = np.arange(RATE) / RATE
    melody = 0.5 * np.sin(2 * np.pi * 110 * 2 ** np.floor(4 * seconds) * seconds)
    beats = np.exp(-20 * (seconds % 0.2)) * np.random.default_rng(0).normal(scale=0.2, size=RATE)
    soundfile.write(tmp_path / "content.wav", melody * (1 - 4 * seconds % 1), RATE)
    soundfile.write(tmp_path / "style.wav", beats, RATE)
    visitor = visit()
    panel = part(visitor.page, "Sounds")
    bring(panel, "Sound whose style", tmp_path / "style.wav")
    bring(panel, "Drop Audio", tmp_path / "content.wav")
    panel.get_by_label("number input for Steps").fill("5")
    panel.get_by_role("button", name="Stylize").click()
    expect(panel.locator(".place").first).to_contain_text("✓")
    expect(panel.locator("a[download='content_stylized.wav']").first).to_be_visible()
    expect(panel.locator(".command textarea")).to_have_value(
        re.compile("^impasto stylize content.wav")
    )
    expect(panel.get_by_label(SHARE)).to_have_count(0)
    visitor.shoot("studio_sounds")


def head(side: int) -> NDArray[np.float64]:
    """Return a volume like the scan of a head: a bright shell, and in it some darker balls."""
    z, y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j, -1 : 1 : side * 1j]
    scan = 0.4 * ((z / 0.9) ** 2 + (y / 0.95) ** 2 + (x / 0.75) ** 2 < 1)
    scan += 0.6 * (abs(np.hypot(np.hypot(z / 0.9, y / 0.95), x / 0.75) - 0.95) < 0.07)
    for center in (-0.3, 0.3):
        scan -= 0.3 * ((z + 0.2) ** 2 + (y + 0.2) ** 2 + (x - center) ** 2 < 0.04)
    return scan


def test_a_volume_is_looked_through(visit: Callable[..., Any], desk: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "scan.npy", head(32))
    visitor = visit()
    panel = part(visitor.page, "Volumes")
    bring(panel, "Volume (", tmp_path / "scan.npy")
    bring(panel, "Volume or picture", desk / "style.png")
    panel.get_by_label("number input for Size").fill("32")
    panel.get_by_label("number input for Steps").fill("5")
    panel.get_by_role("button", name="Stylize").click()
    expect(panel.locator(".place").first).to_contain_text("✓")
    after = panel.locator(".block", has_text="After").locator("img")
    expect(after).to_be_visible()
    before = str(after.get_attribute("src"))
    panel.get_by_label("number input for Slice").fill("0.4")
    changed(after, before)
    expect(panel.locator("a[download='scan_stylized.npy']").first).to_be_visible()
    visitor.shoot("studio_volumes")
