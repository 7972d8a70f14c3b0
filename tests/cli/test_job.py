"""Names of styles and results, and what may be written where."""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from impasto.cli.batch import batch_error, name_results
from impasto.cli.job import check_apart, parse_style
from impasto.errors import UsageError

SMALL = ["--size", "32", "--steps", "1", "--levels", "1"]


class TestParseStyle:
    @pytest.mark.parametrize(
        ("text", "wanted"),
        [
            ("a.jpg", ("a.jpg", 1.0)),
            ("a.jpg:0.7", ("a.jpg", 0.7)),
            ("a.jpg:2", ("a.jpg", 2.0)),
            ("a.jpg:0", ("a.jpg", 0.0)),
            ("a.jpg:1e-3", ("a.jpg", 0.001)),
            ("starry_night:3", ("starry_night", 3.0)),
            (r"C:\art\a.jpg", (r"C:\art\a.jpg", 1.0)),
            (r"C:\art\a.jpg:0.5", (r"C:\art\a.jpg", 0.5)),
            ("12:30.jpg", ("12:30.jpg", 1.0)),
            ("https://a.org/b.jpg", ("https://a.org/b.jpg", 1.0)),
            ("a:b:0.5", ("a:b", 0.5)),
            ("a.jpg:", ("a.jpg:", 1.0)),
            ("", ("", 1.0)),
        ],
    )
    def test_a_weight_follows_the_last_colon(self, text: str, wanted: tuple[str, float]) -> None:
        assert parse_style(text) == wanted

    def test_a_file_of_the_whole_name_comes_first(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        Path("a:2").touch()
        assert parse_style("a:2") == ("a:2", 1.0)
        assert parse_style("a:2:3") == ("a:2", 3.0)
        assert parse_style(f"{'x' * 5000}:2")[1] == 2.0

    @pytest.mark.parametrize("weight", ["-1", "nan", "inf", "-inf", "1e999"])
    def test_a_wrong_weight_is_named(self, weight: str) -> None:
        with pytest.raises(UsageError, match=r"weight of --style a\.jpg must be a finite number"):
            parse_style(f"a.jpg:{weight}")


@pytest.mark.parametrize(
    ("pictures", "wanted"),
    [
        (["a.jpg", "b.png"], ["a.png", "b.png"]),
        (["x/a.jpg", "red_panda"], ["a.png", "red_panda.png"]),
        (["a.jpg", "a.png"], ["a_jpg.png", "a_png.png"]),
        (["x/a.jpg", "y/a.jpg", "z/a.jpg"], ["a_jpg.png", "a_jpg_2.png", "a_jpg_3.png"]),
        (["a.jpg", "a.png", "a_jpg.gif"], ["a_jpg.png", "a_png.png", "a_jpg_2.png"]),
        (["my photo.v2.jpg", "-"], ["my photo.v2.png", "stdin.png"]),
        ([], []),
    ],
)
def test_results_of_a_batch_have_names_of_their_own(pictures: list[str], wanted: list[str]) -> None:
    assert name_results(pictures, [".png"] * len(pictures)) == wanted


class TestWritingOver:
    def test_what_is_apart_is_fine(self) -> None:
        check_apart(["a.png", "b.png"], [Path("c.png"), Path("x/a.png")])

    @pytest.mark.parametrize("output", ["a.png", "./a.png", "x/../a.png"])
    def test_an_input_is_not_written_over(self, output: str) -> None:
        with pytest.raises(UsageError, match=r"would be written over a\.png"):
            check_apart(["a.png"], [Path("b.png"), Path(output)])

    def test_nor_behind_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "a.png").touch()
        (tmp_path / "b.png").symlink_to("a.png")
        with pytest.raises(UsageError, match=r"b\.png would be written over"):
            check_apart([str(tmp_path / "a.png")], [tmp_path / "b.png"])

    def test_one_output_is_not_written_over_another(self) -> None:
        with pytest.raises(UsageError, match=r"x\.png would be written over x\.png"):
            check_apart([], [Path("x.png"), Path("x.png")])

    @pytest.mark.usefixtures("pictures")
    @pytest.mark.parametrize(
        "words",
        [
            "-o style.png",
            "-o out.png --plot out.png",
            "-o out.png --init out.png",
            "-o out.png --weights out.png",
            "-o mask.png --mask mask.png style.png",
            "--checkpoint photo.png",
            "--trace photo_style.png",
        ],
    )
    def test_it_is_refused_before_the_work(self, call: Any, words: str) -> None:
        outcome = call("stylize", "photo.png", "-s", "style.png", *words.split())
        assert outcome.code == 2
        assert "would be written over" in outcome.err


@pytest.mark.parametrize(
    ("codes", "wanted"), [([3], 3), ([5], 5), ([1, 3], 3), ([1, 5], 1), ([5, 5], 5)]
)
def test_a_batch_ends_with_the_code_of_its_failures(codes: list[int], wanted: int) -> None:
    failures = [{"content": f"{n}.png", "error": "Bad.", "code": c} for n, c in enumerate(codes)]
    error = batch_error(failures)
    assert error.exit_code == wanted
    assert str(error).splitlines()[1] == "  0.png: Bad."


@pytest.mark.usefixtures("pictures")
class TestPlaces:
    def test_a_folder_takes_a_result_named_after_both(self, call: Any, tmp_path: Path) -> None:
        (tmp_path / "out").mkdir()
        words = ["stylize", "photo.png", "-s", "style.png", *SMALL, "-o", "out"]
        outcome = call(*words)
        assert outcome.code == 0, outcome.err
        assert outcome.err.startswith("out/photo_style.png: J ")
        assert (tmp_path / "out" / "photo_style.png").exists()

    def test_stdout_takes_no_picture_if_it_is_a_terminal(
        self, call: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
        outcome = call("stylize", "photo.png", "-s", "style.png", "-o", "-")
        assert outcome.code == 2
        assert "terminal" in outcome.err

    @pytest.mark.parametrize(
        ("words", "code", "told"),
        [
            ("-s style.png:0", 2, "There is no style"),
            ("-s style.png -o a.jpg --bits 16", 2, ".jpg files do not"),
            ("-s style.png -o a.png --bits 12", 2, "8 or 16 bits"),
            ("-s style.png --plot missing/a.png", 2, "missing does not exist"),
            ("-s style.png --plot a.gif", 2, "--plot a.gif must end in one of .pdf, .png, .svg"),
            ("-s style.png --sheet a.tif", 2, "--sheet a.tif must end in"),
            ("-s style.png --snapshots style.png", 2, "--snapshots style.png is not a folder"),
            ("-s style.png --snapshots missing/a", 2, "missing does not exist"),
            ("-s style.png --checkpoint .", 2, "is a folder"),
            ("-s style.png --encoder vgg16", 4, "impasto encoders --download vgg16"),
            ("-s style.png --encoder vgg", 2, "Did you mean vgg19"),
            ("-s style.png --init nois", 3, "Did you mean noise"),
            ("-s http://a.org/b.jpg", 2, "download it first"),
            ("-s style.png --weights style.png", 4, "style.png is not a file of weights"),
        ],
    )
    def test_what_is_wrong_is_said(
        self, call: Any, words: str, code: int, told: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("IMPASTO_CACHE", "empty")
        outcome = call("stylize", "photo.png", *SMALL, *words.split())
        assert (outcome.code, outcome.out) == (code, "")
        assert told in outcome.err
        assert len(outcome.err.splitlines()) == 1

    def test_an_empty_name_is_no_folder(self, call: Any) -> None:
        outcome = call("stylize", "", "-s", "style.png", *SMALL)
        assert outcome.code == 3
        assert outcome.err == "impasto: There is no file ''.\n"

    def test_a_batch_needs_a_folder(self, call: Any, tmp_path: Path) -> None:
        words = ["stylize", "photo.png", "style.png", "-s", "harvest"]
        assert "-o FOLDER" in call(*words).err
        assert "style.png is not a folder" in call(*words, "-o", "style.png").err
        assert "does not exist" in call(*words, "-o", "missing/out").err
        assert sorted(path.name for path in tmp_path.iterdir()) == ["photo.png", "style.png"]

    def test_weights_that_are_wrong_are_wrong_for_a_whole_batch(self, call: Any) -> None:
        words = ["stylize", "photo.png", "style.png", "-s", "harvest", "-o", "out"]
        outcome = call(*words, "--weights", "none.pth")
        assert outcome.code == 4
        assert len(outcome.err.splitlines()) == 1

    def test_a_batch_reads_stdin_too(
        self, call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        data = io.BytesIO((tmp_path / "photo.png").read_bytes())
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=data))
        words = ["stylize", "-", "photo.png", "-s", "style.png", *SMALL, "-o", "out", "--json"]
        outcome = call(*words, "--quiet")
        assert (outcome.code, outcome.err) == (0, "")
        report = json.loads(outcome.out)
        assert report["failures"] == []
        assert [entry["output"] for entry in report["results"]] == [
            os.path.join("out", "stdin.png"),
            os.path.join("out", "photo.png"),
        ]


@pytest.mark.usefixtures("pictures")
class TestKeeping:
    """What stops a run does not take its picture away."""

    @pytest.mark.parametrize(
        ("error", "code", "told"),
        [
            (KeyboardInterrupt(), 130, "Interrupted."),
            (MemoryError(), 5, "not enough memory"),
            (OSError(28, "No space left on device", "trace"), 1, "trace: No space left on device."),
            (ZeroDivisionError("x"), 1, "unforeseen"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_the_picture_so_far_is_kept(
        self,
        call: Any,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        error: BaseException,
        code: int,
        told: str,
    ) -> None:
        def fail(extras: Any, step: Any) -> None:
            if step.index == 1:
                raise error

        monkeypatch.setattr("impasto.cli.extras.Extras.take", fail)
        words = ["stylize", "photo.png", "-s", "style.png", *SMALL, "--steps", "5"]
        outcome = call(*words, "-o", "out.tif")
        assert outcome.code == code
        first, second = outcome.err.splitlines()
        assert first == "impasto: The picture so far (level 1, step 1) is in out.partial.tif."
        assert told in second
        assert sorted(path.name for path in tmp_path.iterdir() if "out" in path.name) == [
            "out.partial.tif"
        ]

    def test_that_of_stdout_too(
        self, call: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def interrupt(extras: Any, step: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("impasto.cli.extras.Extras.take", interrupt)
        outcome = call("stylize", "photo.png", "-s", "style.png", *SMALL, "-o", "-")
        assert (outcome.code, outcome.out) == (130, "")
        assert (tmp_path / "partial.png").exists()
