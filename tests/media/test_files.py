from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path

import pytest

from impasto.errors import OutputError, UsageError
from impasto.media.files import atomic_write, check_writable, save_or_rescue


class TestAtomicWrite:
    def test_the_file_appears_when_the_block_ends(self, tmp_path: Path) -> None:
        path = tmp_path / "a.png"
        with atomic_write(path) as temporary:
            temporary.write_bytes(b"new")
            assert not path.exists()
            assert temporary.parent == tmp_path
            assert temporary.name.startswith(".")
            assert temporary.suffix == ".png"
        assert path.read_bytes() == b"new"
        assert list(tmp_path.iterdir()) == [path]

    def test_an_older_file_is_replaced(self, tmp_path: Path) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"old")
        with atomic_write(path) as temporary:
            temporary.write_bytes(b"new")
            assert path.read_bytes() == b"old"
        assert path.read_bytes() == b"new"

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
    def test_a_failure_leaves_the_older_file(
        self, tmp_path: Path, error: type[BaseException]
    ) -> None:
        path = tmp_path / "a"
        path.write_bytes(b"old")

        def write_half() -> None:
            with atomic_write(path) as temporary:
                temporary.write_bytes(b"half")
                raise error

        with pytest.raises(error):
            write_half()
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_a_block_that_writes_nothing_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "a"):
            pass
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640)])
    def test_permissions_follow_the_umask(self, tmp_path: Path, umask: int, mode: int) -> None:
        before = os.umask(umask)
        try:
            with atomic_write(tmp_path / "a") as temporary:
                temporary.write_bytes(b"")
        finally:
            os.umask(before)
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == mode

    def test_the_longest_name_is_possible(self, tmp_path: Path) -> None:
        path = tmp_path / ("n" * 251 + ".png")
        with atomic_write(path) as temporary:
            temporary.write_bytes(b"new")
        assert path.read_bytes() == b"new"

    def test_a_link_stays_and_its_file_is_replaced(self, tmp_path: Path) -> None:
        (tmp_path / "folder").mkdir()
        real, link = tmp_path / "folder" / "real", tmp_path / "link"
        real.write_bytes(b"old")
        link.symlink_to(real)
        with atomic_write(link) as temporary:
            temporary.write_bytes(b"new")
        assert link.is_symlink()
        assert real.read_bytes() == b"new"

    def test_a_device_is_not_replaced(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for path in (pipe, tmp_path):
            with pytest.raises(OSError, match="not a regular file"), atomic_write(path):
                raise AssertionError
        assert pipe.is_fifo()

    def test_the_data_are_on_the_disk_before_the_name(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events = []
        fsync, replace = os.fsync, Path.replace
        monkeypatch.setattr(os, "fsync", lambda fd: (events.append("fsync"), fsync(fd)))
        monkeypatch.setattr(
            Path, "replace", lambda one, other: (events.append("replace"), replace(one, other))
        )
        with atomic_write(tmp_path / "a") as temporary:
            temporary.write_bytes(b"new")
        assert events == ["fsync", "replace"]


class TestCheckWritable:
    def test_a_writable_place_is_left_as_it_was(self, tmp_path: Path) -> None:
        check_writable(tmp_path / "new.png")
        assert list(tmp_path.iterdir()) == []
        (tmp_path / "old.png").write_bytes(b"old")
        check_writable(tmp_path / "old.png")
        assert (tmp_path / "old.png").read_bytes() == b"old"

    def test_the_current_folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        check_writable(Path("a.png"))

    def test_a_missing_folder(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="missing does not exist"):
            check_writable(tmp_path / "missing" / "a.png")

    def test_a_folder_that_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(UsageError, match="file is not a folder"):
            check_writable(tmp_path / "file" / "a.png")

    def test_a_target_that_is_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="is a folder: name a file in it"):
            check_writable(tmp_path)

    def test_a_target_that_is_a_device(self) -> None:
        with pytest.raises(UsageError, match="not a regular file"):
            check_writable(Path("/dev/null"))

    def test_a_name_that_is_too_long(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="File name too long"):
            check_writable(tmp_path / ("n" * 300))

    @pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC])
    def test_a_folder_that_takes_no_files(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
    ) -> None:
        def refuse(**_: object) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
        with pytest.raises(UsageError, match=os.strerror(code)):
            check_writable(tmp_path / "a.png")

    def test_a_folder_that_even_root_cannot_write_to(self) -> None:
        with pytest.raises(UsageError, match="cannot be written"):
            check_writable(Path("/proc/a.png"))


class TestSaveOrRescue:
    @pytest.fixture(autouse=True)
    def places(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("temporary", "home", "current"):
            (tmp_path / name).mkdir()
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
        monkeypatch.setattr(Path, "home", lambda: tmp_path / "home")
        monkeypatch.chdir(tmp_path / "current")

    @staticmethod
    def write(path: Path) -> None:
        with atomic_write(path) as temporary:
            temporary.write_bytes(b"result")

    def test_all_is_well(self, tmp_path: Path) -> None:
        save_or_rescue(tmp_path / "a.png", self.write)
        assert (tmp_path / "a.png").read_bytes() == b"result"

    def test_the_result_is_kept_and_named(self, tmp_path: Path) -> None:
        with pytest.raises(OutputError) as caught:
            save_or_rescue(tmp_path / "gone" / "a.png", self.write)
        (kept,) = (tmp_path / "temporary").rglob("a.png")
        assert kept.read_bytes() == b"result"
        message = str(caught.value)
        assert str(tmp_path / "gone" / "a.png") in message
        assert "No such file or directory" in message
        assert f"kept at {kept}" in message

    @pytest.mark.parametrize(
        ("broken", "place"), [(1, "temporary"), (2, "home"), (3, "current"), (4, None)]
    )
    def test_one_place_after_the_other_is_tried(
        self, tmp_path: Path, broken: int, place: str | None
    ) -> None:
        tried: list[Path] = []

        def write(path: Path) -> None:
            tried.append(path)
            if len(tried) <= broken:
                raise OSError(errno.ENOSPC, "No space left on device")
            path.write_bytes(b"result")

        with pytest.raises(OutputError, match="No space left on device") as caught:
            save_or_rescue(tmp_path / "a.png", write)
        if place is None:
            assert "could not be kept anywhere else" in str(caught.value)
        else:
            assert tried[-1].read_bytes() == b"result"
            assert tmp_path / place in tried[-1].parents
            assert str(tried[-1]) in str(caught.value)

    def test_nothing_older_is_overwritten(self, tmp_path: Path) -> None:
        for _ in range(2):
            with pytest.raises(OutputError):
                save_or_rescue(tmp_path / "gone" / "a.png", self.write)
        assert len(list((tmp_path / "temporary").rglob("a.png"))) == 2

    def test_other_errors_are_not_hidden(self, tmp_path: Path) -> None:
        def write(path: Path) -> None:
            raise ValueError("a bug")

        with pytest.raises(ValueError, match="a bug"):
            save_or_rescue(tmp_path / "a.png", write)

    def test_a_user_without_a_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def homeless() -> Path:
            raise RuntimeError("Could not determine home directory.")

        monkeypatch.setattr(Path, "home", homeless)
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
        with pytest.raises(OutputError, match="current"):
            save_or_rescue(tmp_path / "gone" / "a.png", self.write)
