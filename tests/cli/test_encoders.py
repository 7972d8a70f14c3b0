from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from impasto.encoders import official
from impasto.encoders.official import Official

CONTENT = b"weights" * 1000


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def offered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Official]:
    """Weights of ResNet-18 that a server on the loopback address offers."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "resnet18.pth").write_bytes(CONTENT)
    handler = partial(Quiet, directory=str(tmp_path / "there"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        url = f"http://127.0.0.1:{server.server_port}/resnet18.pth"
        digest = hashlib.sha256(CONTENT).hexdigest()
        entry = Official("resnet18", url, digest, len(CONTENT))
        monkeypatch.setitem(official.OFFICIAL, "resnet18", entry)
        yield entry
        server.shutdown()
        thread.join()


class TestDownload:
    def test_tells_what_and_where(self, call: Any, offered: Official) -> None:
        outcome = call("encoders", "--download", "resnet18")
        assert outcome.code == 0
        assert outcome.out == f"{offered.path}\n"
        assert outcome.err == f"Fetching {offered.url} (0 MB) into {offered.path}\n"
        assert offered.path.read_bytes() == CONTENT

    def test_what_is_there_is_not_fetched(self, call: Any, offered: Official) -> None:
        offered.path.parent.mkdir()
        offered.path.write_bytes(b"")
        outcome = call("encoders", "--download", "resnet18")
        assert (outcome.code, outcome.out, outcome.err) == (0, f"{offered.path}\n", "")
        assert offered.path.read_bytes() == b""

    def test_as_json_and_quietly(self, call: Any, offered: Official) -> None:
        outcome = call("encoders", "--download", "resnet18", "--json", "-q")
        assert (outcome.code, outcome.err) == (0, "")
        told = {"network": "resnet18", "weights": str(offered.path)}
        assert json.loads(outcome.out) == told

    def test_what_the_server_does_not_have(self, call: Any, offered: Official) -> None:
        (Path("there") / "resnet18.pth").unlink()
        outcome = call("encoders", "--download", "resnet18", "-q")
        assert (outcome.code, outcome.out) == (4, "")
        assert "404" in outcome.err
        assert len(outcome.err.splitlines()) == 1

    def test_what_is_not_offered(self, call: Any) -> None:
        outcome = call("encoders", "--download", "resnet34")
        assert outcome.code == 2
        assert "Did you mean resnet" in outcome.err


class TestList:
    def test_one_network(self, call: Any) -> None:
        outcome = call("encoders", "alexnet")
        assert (outcome.code, outcome.err) == (0, "")
        lines = [line.split() for line in outcome.out.splitlines()]
        assert lines[0][0] == "alexnet:"
        assert lines[2] == ["conv1", "64", "4"]
        assert lines[-1] == ["fc8", "1000", "-"]
        assert len(lines) == 2 + 18

    def test_as_json(self, call: Any) -> None:
        (entry,) = json.loads(call("encoders", "resnet18", "--json").out).values()
        assert "--download resnet18" in entry["weights"]
        assert entry["layers"][-1] == {"name": "fc", "channels": 1000, "stride": 0}

    def test_one_of_the_users(self, call: Any) -> None:
        Path("one_net.py").write_text("from torch import nn\nbuild = lambda: nn.Conv1d(1, 5, 3)\n")
        outcome = call("encoders", "one_net:build")
        assert outcome.code == 0
        assert outcome.out.splitlines()[-1].split() == ["output", "5", "1"]

    def test_unknown(self, call: Any) -> None:
        outcome = call("encoders", "alexnets")
        assert (outcome.code, outcome.out) == (2, "")
        assert "Did you mean alexnet" in outcome.err
