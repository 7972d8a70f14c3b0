from __future__ import annotations

import hashlib
import socket
import threading
from collections import deque
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from impasto.encoders import download
from impasto.encoders.download import fetch
from impasto.errors import WeightsError

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves one file on the loopback address.

    Attributes:
        content: What the file holds.
        sends_parts: Whether a Range is honored.
        cut_after: After how many bytes the connection breaks.
        tells_length: Whether the length is told beforehand.
        ranges: What each request asked for.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.sends_parts, self.tells_length = CONTENT, True, True
        self.cut_after: int | None = None
        self.ranges: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/weights.pth"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers["Range"]
        self.server.ranges.append(asked)
        if self.path != "/weights.pth":
            self.send_error(404)
            return
        body, first = self.server.content, 0
        if asked and self.server.sends_parts:
            first = int(asked.removeprefix("bytes=").rstrip("-"))
            if first >= len(body):
                self.send_error(416)
                return
        self.send_response(206 if first else 200)
        if self.server.tells_length:
            self.send_header("Content-Length", str(len(body) - first))
        self.end_headers()
        self.wfile.write(body[first : self.server.cut_after])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setattr(download, "CHUNK", 1000)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "weights.pth"


def get(server: Server, path: Path, sha256: str = SHA256) -> list[int]:
    return list(fetch(server.url, path, sha256=sha256, timeout=5))


def part_of(path: Path) -> Path:
    return path.with_name("weights.pth.part")


class TestWhole:
    def test_arrives(self, server: Server, path: Path) -> None:
        steps = get(server, path)
        assert path.read_bytes() == CONTENT
        assert steps == [*range(1000, 10240, 1000), 10240]
        assert server.ranges == [None]
        assert list(path.parent.iterdir()) == [path]

    def test_without_a_known_length(self, server: Server, path: Path) -> None:
        server.tells_length = False
        get(server, path)
        assert path.read_bytes() == CONTENT

    def test_takes_the_place_of_an_older_file(self, server: Server, path: Path) -> None:
        path.parent.mkdir()
        path.write_bytes(b"old")
        get(server, path)
        assert path.read_bytes() == CONTENT


class TestCutOff:
    @pytest.fixture
    def half(self, server: Server, path: Path) -> Path:
        """Half of it has come."""
        server.cut_after = 5000
        with pytest.raises(WeightsError, match=r"connection broke.*it goes on from there"):
            get(server, path)
        assert not path.exists()
        assert part_of(path).read_bytes() == CONTENT[:5000]
        server.cut_after = None
        server.ranges.clear()
        return path

    def test_goes_on(self, server: Server, half: Path) -> None:
        assert get(server, half)[0] == 6000
        assert server.ranges == ["bytes=5000-"]
        assert half.read_bytes() == CONTENT
        assert not part_of(half).exists()

    def test_begins_anew_where_the_server_sends_no_parts(self, server: Server, half: Path) -> None:
        server.sends_parts = False
        assert get(server, half)[0] == 1000
        assert half.read_bytes() == CONTENT

    def test_another_file_by_now(self, server: Server, half: Path) -> None:
        server.content = CONTENT[::-1]
        with pytest.raises(WeightsError, match="damaged or another version"):
            get(server, half)
        assert list(half.parent.iterdir()) == []

    def test_stopped_by_the_caller(self, server: Server, path: Path) -> None:
        fetching = fetch(server.url, path, sha256=SHA256, timeout=5)
        assert next(fetching) == 1000
        fetching.close()
        assert part_of(path).read_bytes() == CONTENT[:1000]
        get(server, path)
        assert path.read_bytes() == CONTENT

    def test_everything_came_but_the_name(self, server: Server, path: Path) -> None:
        path.parent.mkdir()
        part_of(path).write_bytes(CONTENT)
        assert get(server, path) == []
        assert server.ranges == [f"bytes={len(CONTENT)}-"]
        assert path.read_bytes() == CONTENT


class TestFailure:
    def test_wrong_content(self, server: Server, path: Path) -> None:
        server.content = b"<html>Please log in.</html>"
        digest = hashlib.sha256(server.content).hexdigest()
        sentence = rf"SHA-256 is {digest[:8]}\.\.\., not {SHA256[:8]}\.\.\.\. It has been removed"
        with pytest.raises(WeightsError, match=sentence):
            get(server, path)
        assert list(path.parent.iterdir()) == []

    def test_no_such_file(self, server: Server, path: Path) -> None:
        with pytest.raises(WeightsError, match=r"other\.pth cannot be .* says 404 Not Found"):
            list(fetch(server.url.replace("weights", "other"), path, sha256=SHA256))
        assert list(path.parent.iterdir()) == []

    def test_nobody_there(self, server: Server, path: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))  # nobody listens here
            url = f"http://127.0.0.1:{free.getsockname()[1]}/weights.pth"
            with pytest.raises(WeightsError, match=rf"{url} cannot be reached: Connection refused"):
                list(fetch(url, path, sha256=SHA256))

    def test_no_answer(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("no_proxy", "*")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/weights.pth"
            with pytest.raises(WeightsError, match="cannot be reached: timed out"):
                list(fetch(url, path, sha256=SHA256, timeout=0.05))

    def test_full_disk(self, server: Server, path: Path) -> None:
        path.parent.mkdir()
        part_of(path).symlink_to("/dev/full")
        with pytest.raises(WeightsError, match=r"\.part cannot be written: No space left.*room"):
            get(server, path)
        assert not path.exists()

    def test_no_folder(self, server: Server, tmp_path: Path) -> None:
        (tmp_path / "cache").write_bytes(b"")
        with pytest.raises(WeightsError, match=r"cannot be written: .*IMPASTO_CACHE"):
            get(server, tmp_path / "cache" / "weights.pth")

    def test_nothing_happens_before_it_is_asked_for(self, server: Server, path: Path) -> None:
        fetching = fetch(server.url, path, sha256=SHA256)
        assert server.ranges == []
        deque(fetching, maxlen=0)
        assert server.ranges == [None]
