"""The cost curve, the sheet and the film."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from impasto.media import read
from impasto.stylization.drawing import Film, draw_costs, plot_costs, save_sheet, sheet


def record(number: int, level: int = 0, **terms: float) -> dict[str, Any]:
    place = {"elapsed_seconds": 1.0 * number, "level": level, "step": number, "width": 8 << level}
    return {**place, "height": 8, "total": sum(terms.values()), **terms}


TRACE = [
    record(0, content=0.0, **{"style:a": 4.0, "style:b": 4.0}),
    record(1, content=1.0, **{"style:a": 1.0, "style:b": 3.0}),
    record(0, 1, content=1.0, **{"style:a": 2.0, "style:b": 1.0}),
]


class TestCosts:
    def test_lines_are_j_and_each_kind_of_term(self) -> None:
        axes = draw_costs(TRACE).axes[0]
        lines = {line.get_label(): line.get_ydata() for line in axes.lines}
        assert list(lines["J"]) == [8, 5, 4]
        assert list(lines["J style"]) == [8, 4, 3]
        assert list(lines["J content"])[1:] == [1, 1]
        assert np.isnan(lines["J content"][0])  # there is no zero on a logarithmic axis

    def test_each_level_is_marked_with_its_size(self) -> None:
        marks = [text.get_text().strip() for text in draw_costs(TRACE).axes[0].texts]
        assert marks == ["8×8", "16×8"]

    def test_a_cost_of_zero_can_be_drawn(self, tmp_path: Path) -> None:
        plot_costs([record(0, content=0.0), record(1, content=0.0)], tmp_path / "costs.png")
        assert (tmp_path / "costs.png").exists()

    @pytest.mark.parametrize(
        ("name", "magic"),
        [("a.PNG", b"\x89PNG"), ("a.svg", b"<?xml"), ("a.pdf", b"%PDF")],
    )
    def test_the_suffix_decides(self, tmp_path: Path, name: str, magic: bytes) -> None:
        plot_costs(TRACE, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(magic)


class TestSheet:
    def test_pictures_stand_side_by_side(self) -> None:
        red = read(np.broadcast_to(np.array([255, 0, 0], np.uint8), (10, 20, 3)).copy())
        blue = read(np.broadcast_to(np.array([0, 0, 255], np.uint8), (40, 40, 3)).copy())
        whole = np.asarray(sheet([red, blue], height=20, gap=4))
        assert whole.shape == (20, 40 + 4 + 20, 3)
        assert np.all(whole[:, :40] == (255, 0, 0))
        assert np.all(whole[:, 40:44] == 255)
        assert np.all(whole[:, 44:] == (0, 0, 255))

    def test_rows_are_equally_wide(self) -> None:
        square, wide = (read(np.zeros((10, width, 3), np.uint8)) for width in (10, 30))
        whole = np.asarray(sheet([square, wide], [square, square], height=20, gap=4))
        assert whole.shape == (20 + 4 + 40, 84, 3)
        assert np.all(whole[24:, :40] == 0)
        assert np.all(whole[24:, 44:] == 0)
        assert np.all(whole[20:24] == 255)

    def test_titles_stand_above_their_pictures(self) -> None:
        black = read(np.zeros((10, 20, 3), np.uint8))
        whole = np.array(sheet({"a": black, "b": black}, height=200))
        plain = np.asarray(sheet([black, black], height=200))
        head = whole.shape[0] - 200
        assert np.array_equal(whole[head:], plain)
        for left in (0, 408):
            title = whole[:head, left : left + 20]
            assert (title < 128).any()
            whole[:head, left : left + 20] = 255
        assert np.all(whole[:head] == 255)

    def test_what_is_transparent_stands_on_white(self) -> None:
        black = np.zeros((48, 48, 4), np.uint8)
        black[..., 3] = 51
        assert np.all(np.asarray(sheet([read(black)], height=48)) == 204)

    @pytest.mark.parametrize(
        ("name", "kind"), [("a.JPG", "JPEG"), ("a.png", "PNG"), ("a.webp", "WEBP")]
    )
    def test_the_suffix_decides(self, photo: Any, tmp_path: Path, name: str, kind: str) -> None:
        save_sheet([read(photo)], tmp_path / name)
        with Image.open(tmp_path / name) as image:
            assert image.format == kind

    def test_a_failure_leaves_the_older_file(
        self, photo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "a.png").write_text("older")

        def fail(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(Image.Image, "save", fail)
        with pytest.raises(KeyboardInterrupt):
            save_sheet([read(photo)], tmp_path / "a.png")
        assert (tmp_path / "a.png").read_text() == "older"


class TestFilm:
    @pytest.mark.parametrize("name", ["film.gif", "film.WEBP"])
    def test_it_ends_with_the_result_and_stays_there(
        self, steps_of: Any, photo: Any, painting: Any, tmp_path: Path, name: str
    ) -> None:
        steps = steps_of(photo, painting, init="noise", steps=3, size=48, levels=2)
        film = Film()
        for step in steps:
            film.add(step)
        film.save(tmp_path / name, steps[-1].signal)
        result = np.asarray(steps[-1].finish().image)

        def likeness(image: Image.Image) -> float:
            frame = np.asarray(image.convert("RGB"))
            return float(np.corrcoef(frame.ravel(), result.ravel())[0, 1])

        with Image.open(tmp_path / name) as image:
            assert image.size == (48, 36)
            assert image.n_frames > 4
            begun = likeness(image)
            image.seek(image.n_frames - 1)
            assert likeness(image) > max(begun, 0.9)  # few colors, or blocks
            assert image.info["duration"] >= 2000

    def test_there_are_not_too_many_frames_and_more_of_them_early(
        self, steps_of: Any, photo: Any, painting: Any
    ) -> None:
        layers = {"content_layers": {"relu1_1": 1.0}, "style_layers": {"relu1_1": 1.0}}
        changes = {"optimizer": "adam", "steps": 100, "size": 16, **layers}
        film, taken = Film(frames=10, longest=8), []
        for step in steps_of(photo, painting, **changes):
            before = len(film.frames)
            film.add(step)
            taken += [step.index] * (len(film.frames) - before)
        assert len(taken) == 11
        assert taken == sorted(taken)
        assert taken[5] == pytest.approx(25, abs=5)
        assert film.frames[0].size == (8, 6)
