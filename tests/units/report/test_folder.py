from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from impasto.errors import OutputError, UsageError
from impasto.units.report.folder import check_report_folder, replaced_report


def write(folder: Path, files: Iterable[str], text: str = "new") -> None:
    with replaced_report(folder) as staging:
        for name in files:
            (staging / name).parent.mkdir(exist_ok=True)
            (staging / name).write_text(text)


def files_in(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_new_folder(tmp_path: Path) -> None:
    write(tmp_path / "r", ["index.html", "data/a.js"])
    assert files_in(tmp_path / "r") == {"index.html", "data/a.js", "page/files.txt"}


def test_an_old_report_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    write(tmp_path, ["index.html", "data/a.js", "layers/a.png"], "old")
    own = ["notes.txt", "data/mine.js", "pictures/holiday.jpg"]
    for name in own:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("mine")
    write(tmp_path, ["index.html", "data/b.js"])
    assert files_in(tmp_path) == {"index.html", "data/b.js", "page/files.txt", *own}
    assert not (tmp_path / "layers").exists()
    assert (tmp_path / "index.html").read_text() == "new"


def test_a_failure_leaves_the_old_report(tmp_path: Path) -> None:
    write(tmp_path, ["index.html", "data/a.js"], "old")
    before = files_in(tmp_path)
    with pytest.raises(OutputError, match="is full"), replaced_report(tmp_path):
        raise OSError(28, "The disk is full")
    assert files_in(tmp_path) == before
    assert (tmp_path / "index.html").read_text() == "old"


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    (tmp_path / ".impasto-report").mkdir()
    (tmp_path / ".impasto-report" / "index.html").write_text("half")
    write(tmp_path, ["data/a.js", "index.html"])
    assert files_in(tmp_path) == {"data/a.js", "index.html", "page/files.txt"}


def test_killed_while_files_are_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, ["index.html", "data/a.js"], "old")
    move = Path.replace

    def fail(path: Path, target: Path) -> Path:
        if path.name == "b.js":
            raise KeyboardInterrupt
        return move(path, target)

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        write(tmp_path, ["index.html", "data/a.js", "data/b.js"])
    monkeypatch.undo()
    assert not (tmp_path / "index.html").exists()  # none rather than half a report
    write(tmp_path, ["index.html", "data/c.js"])
    assert files_in(tmp_path) == {"index.html", "data/c.js", "page/files.txt"}


@pytest.mark.parametrize("name", ["index.html", "units.parquet", "pictures/mine.jpg"])
def test_other_peoples_files_are_in_the_way(name: str, tmp_path: Path) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(UsageError, match="of your own called"):
        write(tmp_path, ["index.html"])
    assert files_in(tmp_path) == {name}


def test_a_file_of_ones_own_inside_a_report_is_not_overwritten(tmp_path: Path) -> None:
    write(tmp_path, ["index.html"], "old")
    (tmp_path / "layers").mkdir()
    (tmp_path / "layers/a.png").write_text("mine")
    with pytest.raises(UsageError, match="in the way"):
        write(tmp_path, ["index.html", "layers/a.png"])
    assert (tmp_path / "layers/a.png").read_text() == "mine"
    assert (tmp_path / "index.html").read_text() == "old"


def test_a_forged_list_removes_nothing_else(tmp_path: Path) -> None:
    report = tmp_path / "report"
    write(report, ["index.html"])
    for name in ("victim", "report/notes", "report/data/sub/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("mine")
    lines = [
        "../victim",
        "data/../../victim",
        str(tmp_path / "victim"),
        "notes",
        "data/sub/x",
        "data",
    ]
    (report / "page/files.txt").write_text("\n".join(lines))
    (report / "index.html").unlink()
    write(report, ["index.html"])
    assert {"victim", "report/notes", "report/data/sub/x"} < files_in(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "r").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        check_report_folder(tmp_path / "r")


def test_the_folder_above_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="create it first"):
        check_report_folder(tmp_path / "a" / "r")


def test_checking_leaves_nothing(tmp_path: Path) -> None:
    check_report_folder(tmp_path / "r")
    assert not list(tmp_path.iterdir())
