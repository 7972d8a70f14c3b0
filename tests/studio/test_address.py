from __future__ import annotations

import socket
from pathlib import Path

import pytest

from impasto.errors import ImpastoError, InputError, UsageError
from impasto.studio.address import Address, free_port, is_loopback, read_user


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.7", False),
        ("example.org", False),
    ],
)
def test_other_machines_need_a_password(host: str, own: bool) -> None:
    assert is_loopback(host) is own
    Address(host, user=("me", "secret"))
    Address(host, open=True)
    if own:
        Address(host)
    else:
        with pytest.raises(UsageError, match="add --auth USER:PASSWORD_FILE, or --no-auth"):
            Address(host)


def test_ports_have_limits() -> None:
    for port in (-1, 65536):
        with pytest.raises(UsageError, match="from 0 to 65535"):
            Address(port=port)


def test_a_password_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("s3cret:with colon \nsecond line\n")
    assert read_user(f"me:{file}") == ("me", "s3cret:with colon")


@pytest.mark.parametrize("text", ["me", "me:", ":file", ""])
def test_a_user_is_written_in_one_way(text: str) -> None:
    with pytest.raises(UsageError, match="USER:PASSWORD_FILE"):
        read_user(text)


def test_password_files_that_are_none(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n")
    binary.write_bytes(b"\xff\xfe\x00")
    for path, reason in ((empty, "empty"), (binary, "no text"), (tmp_path / "none", "No such")):
        with pytest.raises(InputError, match=reason):
            read_user(f"me:{path}")


def test_a_port_that_is_taken() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ImpastoError, match=f"cannot listen on 127.0.0.1, port {port}"):
            free_port(Address(port=port))


def test_any_free_port() -> None:
    assert free_port(Address(port=0)) > 1023
