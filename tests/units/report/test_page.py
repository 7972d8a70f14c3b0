"""The page of a report in headless Chromium, opened from the disk."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Locator, Page, Request, expect

from impasto.units.atlas import Atlas, LayerPatches, Patch
from impasto.units.portraits import portrait_of
from impasto.units.receptive import Field
from impasto.units.report import Cells, Pictures, write_report
from impasto.units.report.data import read_script

PATIENCE = 60_000.0  # milliseconds


@dataclass
class Visit:
    """A report that is open in a browser of its own."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("requestfailed", self._failed)
        self.page.on("request", lambda request: self.requests.append(request.url))

    def _failed(self, request: Request) -> None:
        # A page that is loaded anew gives up what is still coming.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.url}: {request.failure}")

    @property
    def units(self) -> Locator:
        return self.page.get_by_role("option")

    @property
    def detail(self) -> Locator:
        return self.page.get_by_role("complementary")

    @property
    def hash(self) -> str:
        return str(self.page.evaluate("decodeURIComponent(location.hash)"))

    def sheets(self) -> set[str]:
        return {url.rsplit("/", 1)[1] for url in self.requests if "/sheets/" in url}

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def search(self, text: str) -> None:
        self.page.get_by_role("combobox").fill(text)
        self.press("Enter")

    def shows(self, heading: str) -> None:
        expect(self.detail.get_by_role("heading", level=2)).to_have_text(heading)

    def fits(self) -> bool:
        """Whether nothing is so wide that one would have to scroll aside."""
        script = "document.documentElement.scrollWidth <= innerWidth"
        return bool(self.page.evaluate(script))


def sheet_of(report: Path, stem: str, kind: str, number: int = 0) -> str:
    return str(read_script(report / f"data/{stem}.js")["sheets"][kind]["files"][number])


Visiting = Callable[..., Visit]


@pytest.fixture
def visiting(browser: Browser) -> Iterator[Visiting]:
    """Opens reports, and sees at the end that none complained or asked the network."""
    expect.set_options(timeout=PATIENCE)
    visits: list[Visit] = []

    def visit(report: Path, address: str = "", **how: Any) -> Visit:
        how.setdefault("viewport", {"width": 1400, "height": 800})
        visits.append(Visit(browser.new_page(**how)))
        visits[-1].page.goto(f"{(report / 'index.html').as_uri()}{address}")
        visits[-1].units.first.wait_for()
        return visits[-1]

    yield visit
    for own in visits:
        own.page.wait_for_load_state("networkidle")
        assert own.complaints == []
        assert own.requests
        assert all(url.startswith(("file:", "data:")) for url in own.requests)
        own.page.close()


def test_lists_the_layers(report: Path, visiting: Visiting) -> None:
    page = visiting(report).page
    layers = page.get_by_role("navigation", name="Layers").get_by_role("link")
    expect(layers).to_have_text(
        [
            re.compile("relu1_1.*3 px · stride 1 · 5 units · 1 dead"),
            re.compile("a/b:c.*40 px · stride 8 · 3 units · 1 dead"),
            re.compile("fc.*whole picture · 2 units · 1 dead"),
        ]
    )
    expect(page.get_by_role("heading", level=1)).to_have_text("tiny")
    page.get_by_text("5 pictures from photos, 1 passed over").click()
    expect(page.get_by_text("broken.jpg: it ends too early")).to_be_visible()
    expect(page.get_by_text("from unit to unit")).to_be_visible()


def test_a_unit(report: Path, invented: Any, visiting: Visiting) -> None:
    visit = visiting(report, "#a%2Fb%3Ac")
    visit.units.nth(1).click()
    visit.shows("a/b:c:1")
    images = visit.detail.get_by_role("img")
    expect(images.filter(visible=True)).to_have_count(9 + 9 + 1)
    expect(visit.detail.get_by_label("Patch 9 of unit 1")).to_be_visible()
    expect(visit.detail.get_by_label("Projection 9 of unit 1")).to_be_visible()
    expect(visit.detail.get_by_label("Picture made to excite unit 1")).to_be_visible()
    assert visit.hash == "#a/b:c:1"


def test_patches_are_framed_in_their_pictures(
    report: Path, invented: Any, visiting: Visiting
) -> None:
    visit = visiting(report, "#a%2Fb%3Ac:0")
    finds = visit.page.locator("#finds > li")
    expect(finds).to_have_count(9)
    for rank, patch in enumerate(invented.atlas.layers["a/b:c"].units[0]):
        photo = finds.nth(rank).locator(".photo").bounding_box()
        frame = finds.nth(rank).locator(".frame").bounding_box()
        assert photo
        assert frame
        height, width = invented.samples[patch.picture].shape[1:]
        (top, bottom), (left, right) = patch.box
        scale = photo["width"] / width
        assert photo["height"] == pytest.approx(height * scale, abs=1)
        assert frame["x"] - photo["x"] == pytest.approx(left * scale, abs=1)
        assert frame["y"] - photo["y"] == pytest.approx(top * scale, abs=1)
        assert frame["width"] == pytest.approx(max((right - left) * scale, 10), abs=1)
        assert frame["height"] == pytest.approx(max((bottom - top) * scale, 10), abs=1)
        dashed = "clipped" in (finds.nth(rank).locator(".frame").get_attribute("class") or "")
        assert dashed == patch.clipped
        expect(finds.nth(rank)).to_contain_text(f"{patch.activation:.4g}")


def test_dead_units_are_marked(report: Path, visiting: Visiting) -> None:
    visit = visiting(report)
    option = visit.page.get_by_role("option", name="Unit 4, dead")
    expect(option).to_contain_text("4")
    option.click()
    expect(visit.detail).to_contain_text("Dead: no picture excites it.")


def test_what_thumbnails_show_can_be_chosen(report: Path, visiting: Visiting) -> None:
    visit = visiting(report)
    expect(visit.units.first.locator(".sprite")).to_have_css(
        "background-image", re.compile(sheet_of(report, "relu1_1", "patches"))
    )
    visit.page.get_by_role("button", name="Projections").click()
    for unit in range(5):
        expect(visit.units.nth(unit).locator(".sprite")).to_have_css(
            "background-image", re.compile(sheet_of(report, "relu1_1", "projections"))
        )
    visit.press("]")
    expect(visit.units.first.locator(".sprite")).to_have_css(
        "background-image", re.compile(sheet_of(report, "a-b-c", "projections"))
    )


@pytest.mark.parametrize(
    ("text", "heading"),
    [("3", "relu1_1:3"), ("a/b:c:1", "a/b:c:1"), ("fc: 0", "fc:0"), (" relu1_1:0 ", "relu1_1:0")],
)
def test_search(text: str, heading: str, report: Path, visiting: Visiting) -> None:
    visit = visiting(report)
    visit.search(text)
    visit.shows(heading)


def test_search_of_a_layer(report: Path, visiting: Visiting) -> None:
    visit = visiting(report)
    visit.search("fc")
    expect(visit.page.locator("#layer")).to_have_text("fc")
    expect(visit.detail).to_be_hidden()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("5", "relu1_1 has units 0 to 4."),
        ("fc:2", "fc has units 0 to 1."),
        ("conv:2", "There is no layer conv."),
        ("<b>", "There is no layer <b>."),
    ],
)
def test_search_in_vain(text: str, answer: str, report: Path, visiting: Visiting) -> None:
    visit = visiting(report)
    visit.search(text)
    expect(visit.page.get_by_role("status")).to_have_text(answer)
    expect(visit.detail).to_be_hidden()


def test_keys(report: Path, visiting: Visiting) -> None:
    visit = visiting(report)
    visit.press("ArrowRight", "ArrowRight")
    expect(visit.units.nth(1)).to_be_focused()
    visit.press("Enter")
    visit.shows("relu1_1:1")
    visit.press("ArrowRight")
    visit.shows("relu1_1:2")
    assert visit.hash == "#relu1_1:2"
    visit.press("End")
    visit.shows("relu1_1:4")
    visit.press("ArrowRight", "ArrowLeft")
    visit.shows("relu1_1:3")
    visit.press("Escape")
    expect(visit.detail).to_be_hidden()
    expect(visit.units.nth(3)).to_be_focused()
    visit.press("]")
    expect(visit.page.locator("#layer")).to_have_text("a/b:c")
    visit.press("[", "[")
    expect(visit.page.locator("#layer")).to_have_text("relu1_1")
    visit.press("/")
    expect(visit.page.get_by_role("combobox")).to_be_focused()
    visit.press("Escape", "ArrowRight")
    expect(visit.units.nth(0)).to_be_focused()


def test_arrows_go_down_a_row(inventing: Any, visiting: Visiting, tmp_path: Path) -> None:
    made = inventing(tmp_path, {"conv": (30, Field(5))})
    visit = visiting(made.write(tmp_path / "r"))
    visit.units.first.focus()
    visit.press("ArrowDown")
    above, focused = visit.units.first.bounding_box(), visit.page.locator(":focus").bounding_box()
    assert above
    assert focused
    assert focused["x"] == above["x"]
    assert above["y"] + 100 < focused["y"] < above["y"] + 200
    visit.press("ArrowUp")
    expect(visit.units.first).to_be_focused()


def test_addresses(report: Path, visiting: Visiting) -> None:
    visit = visiting(report, "#fc:1")
    visit.shows("fc:1")
    expect(visit.page).to_have_title("fc:1 – tiny")
    visit.detail.get_by_role("button", name="Previous unit").click()
    visit.shows("fc:0")
    visit.page.reload()
    visit.shows("fc:0")
    visit.detail.get_by_role("button", name="Close").click()
    expect(visit.detail).to_be_hidden()
    visit.page.go_back()
    visit.shows("fc:0")


@pytest.mark.parametrize("address", ["#nothing", "#fc:2", "#%E0%A4%A", "#:", "#fc:1:1"])
def test_addresses_that_lead_nowhere(address: str, report: Path, visiting: Visiting) -> None:
    visit = visiting(report, address)
    expect(visit.page.locator("#layer")).to_have_text("relu1_1")
    expect(visit.page.get_by_role("status")).to_have_text("There is no such unit or layer.")


def test_a_telephone(report: Path, visiting: Visiting) -> None:
    how = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "device_scale_factor": 3}
    visit = visiting(report, **how)
    assert visit.fits()
    boxes = [visit.units.nth(n).bounding_box() for n in range(4)]
    assert len({box["y"] for box in boxes[:3] if box}) == 1  # three side by side
    visit.units.nth(2).tap()
    visit.shows("relu1_1:2")
    expect(visit.page.locator("#unit-name")).to_be_focused()
    box = visit.detail.bounding_box()
    assert box
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 360, 740)
    assert visit.fits()
    visit.page.go_back()
    expect(visit.detail).to_be_hidden()
    visit.units.nth(1).tap()
    visit.shows("relu1_1:1")


@pytest.mark.parametrize(("scheme", "bright"), [("light", True), ("dark", False)])
def test_light_and_dark(scheme: str, bright: bool, report: Path, visiting: Visiting) -> None:
    page = visiting(report, color_scheme=scheme).page
    colors = page.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    paper, ink = (sum(map(int, re.findall(r"\d+", color)[:3])) for color in colors)
    assert (paper > ink) == bright


def test_hostile_names_are_only_names(inventing: Any, visiting: Visiting, tmp_path: Path) -> None:
    layer = "</script><img src=x onerror=alert(1)>'\"\n:0"
    made = inventing(tmp_path, {layer: (2, Field(5)), "aux": (1, Field(5))})
    visit = visiting(made.write(tmp_path / "r"))
    expect(visit.page.locator("#layer")).to_have_text(re.compile("^</script><img src=x"))
    visit.units.first.click()
    expect(visit.detail).to_contain_text("<script>alert(1)</script>")
    visit.page.reload()
    expect(visit.detail).to_contain_text("<script>alert(1)</script>")
    assert visit.page.locator("#side img, #layer img, #side script").count() == 0


def test_five_thousand_units(inventing: Any, visiting: Visiting, tmp_path: Path) -> None:
    made = inventing(tmp_path, {"wide": (5000, Field(40, 8))}, cell=24)
    for unit in range(0, 5000, 20):  # so that no two sheets are alike
        made.cells["wide"].patches[unit] = unit % 251
    report = made.write(tmp_path / "r")
    files = read_script(report / "data/wide.js")["sheets"]["patches"]["files"]
    assert len(set(files)) == 13
    visit = visiting(report)
    expect(visit.units).to_have_count(5000)
    visit.page.wait_for_load_state("networkidle")
    assert visit.sheets() == {files[0]}
    visit.search("4990")
    visit.shows("wide:4990")
    expect(visit.units.nth(4990)).to_be_in_viewport()
    visit.page.wait_for_load_state("networkidle")
    assert visit.sheets() == {files[0], files[12], sheet_of(report, "wide", "projections", 12)}


@pytest.fixture(scope="module")
def listening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report over four seconds of noise."""
    folder = tmp_path_factory.mktemp("listening")
    portrait = portrait_of("audio", rate_hz=8000)
    pictures = Pictures(folder / "pictures", portrait=portrait)
    sound = torch.randn(1, 32_000, generator=torch.Generator().manual_seed(0)) / 10
    pictures.put_picture("rain.wav", sound)
    boxes = [(8000, 8064), (0, 64), (4000, 14_000)]
    patches = [Patch(n, "rain.wav", 3.0 - n, (n,), (box,), n == 1) for n, box in enumerate(boxes)]
    cells = Cells.create(folder / "cells", "conv1", units=1, k=3, portrait=portrait)
    for patch in patches:
        cells.put_patch(0, patch.rank, sound[:, slice(*patch.box[0])])
        cells.put_projection(0, patch.rank, sound[:, slice(*patch.box[0])])
    layers = {"conv1": LayerPatches((Field(64, 4),), [patches])}
    atlas = Atlas("net", "sounds", 1, [], layers, medium="audio", rate_hz=8000.0)
    write_report(folder / "report", atlas, {"conv1": cells}, pictures)
    return folder / "report"


def until(page: Page, condition: str) -> None:
    """Wait for something that the page may not be asked to watch, as it evaluates no text."""
    for _ in range(500):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    pytest.fail(f"never: {condition}")


def test_sounds_are_heard(listening: Path, visiting: Visiting) -> None:
    """Short stretches with what is around them, long ones alone, and one after another."""
    visit = visiting(listening, "#conv1:0")
    page = visit.page
    expect(page.locator("#dataset")).to_have_text("1 sound from sounds")
    expect(page.locator("#facts")).to_have_text("64 samples (8 ms) · stride 4 · 1 unit")
    players = page.locator("#finds audio")
    expect(players).to_have_count(3)
    ranges = [str(players.nth(n).get_attribute("src")).split("#t=")[1] for n in range(3)]
    assert ranges == ["0.704,1.304", "0.000,0.600", "0.500,1.750"]
    expect(page.locator("#finds > li").first).to_contain_text("rain.wav · 1.000 to 1.008 s")
    time = "document.querySelectorAll('#finds audio')[{}].currentTime"
    for number, least in ((0, 0.704), (2, 0.5)):
        page.locator(".cells li").nth(number).click()
        expect(players.nth(number)).to_have_js_property("paused", value=False)
        until(page, f"{time.format(number)} > {least + 0.05}")
    expect(players.first).to_have_js_property("paused", value=True)
    expect(players.nth(2)).to_have_js_property("paused", value=True)
    assert 1.7 < page.evaluate(time.format(2)) < 3


def test_a_stretch_is_framed_over_the_whole_height(listening: Path, visiting: Visiting) -> None:
    visit = visiting(listening, "#conv1:0")
    find = visit.page.locator("#finds > li").nth(2)
    photo, frame = find.locator(".photo").bounding_box(), find.locator(".frame").bounding_box()
    assert photo
    assert frame
    assert frame["height"] == pytest.approx(photo["height"], abs=1)
    assert frame["x"] - photo["x"] == pytest.approx(photo["width"] / 8, abs=1)
    assert frame["width"] == pytest.approx(photo["width"] * 10 / 32, abs=1)


def test_three_axes_have_three_frames(visiting: Visiting, tmp_path: Path) -> None:
    portrait = portrait_of("volume")
    pictures = Pictures(tmp_path / "pictures", portrait=portrait)
    pictures.put_picture("head.nii", torch.rand(1, 10, 20, 30))
    patch = Patch(0, "head.nii", 1.0, (0, 0, 0), ((1, 6), (3, 15), (6, 26)), False)
    cells = Cells.create(tmp_path / "cells", "conv1", units=1, k=1, portrait=portrait)
    layers = {"conv1": LayerPatches((Field(5), Field(12), Field(20)), [[patch]])}
    atlas = Atlas("net", "heads", 1, [], layers, medium="volume")
    write_report(tmp_path / "report", atlas, {"conv1": cells}, pictures)
    page = visiting(tmp_path / "report", "#conv1:0").page
    expect(page.locator("#facts")).to_contain_text("20 × 12 × 5 voxels")
    expect(page.locator("#finds .frame")).to_have_count(3)
    expect(page.locator("#finds audio")).to_have_count(0)


def test_a_part_that_is_missing(report: Path, tmp_path: Path, browser: Browser) -> None:
    shutil.copytree(report, tmp_path / "r")
    (tmp_path / "r/data/fc.js").unlink()
    page = browser.new_page()
    page.goto(f"{(tmp_path / 'r/index.html').as_uri()}#fc")
    expect(page.locator("#facts")).to_have_text(re.compile(r"fc\.js is missing"))
    page.close()
