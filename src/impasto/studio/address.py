"""Where the page listens, and who may come in."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from impasto.errors import ImpastoError, InputError, UsageError

PORT = 7860
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Address:
    """Where the page is, and who may see it.

    Attributes:
        host: Name or number of the address to listen on.
        port: The port; 0 for any that is free.
        user: Who may come in, and the password; None for everybody.
        open: Whether everybody may come in from other machines, too.
    Raises:
        UsageError: If everybody could come in from other machines.
    """

    host: str = LOOPBACK
    port: int = PORT
    user: tuple[str, str] | None = None
    open: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.port < 2**16:
            raise UsageError(f"--port must be a number from 0 to 65535, not {self.port}.")
        if self.user is None and not self.open and not is_loopback(self.host):
            raise UsageError(
                f"--host {self.host} lets other machines in: add --auth USER:PASSWORD_FILE, or "
                "--no-auth if everybody there may come in."
            )


def is_loopback(host: str) -> bool:
    """Tell whether an address is of this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def read_user(text: str) -> tuple[str, str]:
    """Read 'user:file', the password being the first line of the file.

    Raises:
        UsageError: If it is written in another way.
        InputError: If the file cannot be read, or is empty.
    """
    user, colon, file = text.partition(":")
    if not (user and colon and file):
        raise UsageError(f"--auth takes USER:PASSWORD_FILE, not {text!r}.")
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise InputError(f"The password file {file} cannot be read: {reason}.") from None
    if not lines or not lines[0].strip():
        raise InputError(f"The password file {file} is empty.")
    return user, lines[0].strip()


def free_port(address: Address) -> int:
    """Return the port that is asked for, or any that nobody listens on.

    Raises:
        ImpastoError: If nothing can listen there.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    with socket.socket(family) as own:
        own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            own.bind((address.host, address.port))
        except OSError as error:
            raise ImpastoError(
                f"The studio cannot listen on {address.host}, port {address.port}: "
                f"{error.strerror}. Choose another with --host and --port."
            ) from None
        return int(own.getsockname()[1])
