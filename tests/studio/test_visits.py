from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from impasto.studio import visits as visits_module
from impasto.studio.visits import PREVIEWS, Visits


def upload(root: Path, name: str) -> Path:
    path = root / "cache" / name / "photo.png"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"picture")
    return path


def test_everybody_has_a_folder_that_nobody_can_guess(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    one, other = visits.of("one"), visits.of("other")
    assert visits.of("one") is one
    assert one.folder != other.folder
    assert len(one.folder.name) == 32
    assert "one" not in one.folder.name
    assert one.new_folder().parent == one.folder


def test_callers_without_a_page_share_nothing(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    assert visits.of(None) is not visits.of(None)


def test_who_leaves_takes_all_files_and_stops_the_job(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    visit, mine = visits.of("one"), upload(tmp_path, "mine")
    visits.bring(visit, [mine])
    (visit.new_folder() / "result.png").write_bytes(b"result")
    with visit.job() as stopped:
        visits.leave("one")
        assert stopped.is_set()
    assert not visit.folder.exists()
    assert not mine.exists()
    assert visits.of("one") is not visit


def test_what_two_have_brought_stays_until_both_have_left(tmp_path: Path) -> None:
    visits, same = Visits(tmp_path), upload(tmp_path, "same")
    for name in ("one", "other"):
        visits.bring(visits.of(name), [same])
    visits.leave("one")
    assert same.exists()
    visits.leave("other")
    assert not same.exists()


def test_files_of_the_machine_are_nobodys_uploads(tmp_path: Path) -> None:
    root, own = tmp_path / "root", tmp_path / "bundled.png"
    own.write_bytes(b"bundled")
    visits = Visits(root)
    visits.bring(visits.of("one"), [own])
    visits.leave("one")
    assert own.exists()


def test_leaving_twice_or_without_coming_does_nothing(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    visits.of("one")
    for name in ("one", "one", "nobody", None):
        visits.leave(name)


def test_pictures_that_are_shown_lie_in_the_folder_of_the_visit(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    visit, picture = visits.of("one"), Image.new("RGB", (4, 3), "red")
    one, other = visit.shown(picture), visit.shown(picture)
    assert one != other
    assert one is not None
    assert Path(one).parent == visit.folder
    assert visit.shown(None) is None
    visits.leave("one")
    assert visit.shown(picture) is None


def test_of_many_pictures_that_were_shown_the_last_are_kept(tmp_path: Path) -> None:
    visit = Visits(tmp_path).of("one")
    kept = visit.new_folder() / "result.webp"
    kept.write_bytes(b"result")
    shown = [visit.shown(Image.new("RGB", (8, 8))) for _ in range(PREVIEWS + 3)]
    there = {str(path) for path in visit.folder.rglob("*.webp")}
    assert there == {str(kept), *map(str, shown[3:])}


def test_to_stop_ends_what_runs_and_nothing_that_begins_later(tmp_path: Path) -> None:
    visit = Visits(tmp_path).of("one")
    with visit.job() as first:
        visit.stop()
        with visit.job() as second:
            assert first.is_set()
            assert not second.is_set()
    assert not visit.is_busy


def test_what_is_written_while_the_visitor_goes_goes_as_well(tmp_path: Path) -> None:
    visits = Visits(tmp_path)
    visit = visits.of("one")
    with visit.job():
        visits.leave("one")
        visit.folder.mkdir()
        (visit.folder / "late.png").write_bytes(b"late")
    assert not visit.folder.exists()
    with pytest.raises(FileNotFoundError):
        visit.new_folder()
    with visit.job() as stopped:
        assert stopped.is_set()


def test_who_does_not_say_goodbye_is_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    visits = Visits(tmp_path)
    idle, busy = visits.of("idle"), visits.of("busy")
    monkeypatch.setattr(visits_module, "LONGEST_VISIT", -1.0)
    with busy.job():
        new = visits.of("new")
    assert not idle.folder.exists()
    assert busy.folder.exists()
    assert new.folder.exists()
