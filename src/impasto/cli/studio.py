"""`impasto studio`: the page in a browser."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from impasto.errors import UsageError
from impasto.studio.address import LOOPBACK, PORT, Address, read_user
from impasto.studio.limits import Limits

_PAGE, _LIMITS = "Page", "Limits"
_USUAL = Limits()


def studio(
    host: Annotated[
        str, typer.Option(help="Address to listen on.", rich_help_panel=_PAGE)
    ] = LOOPBACK,
    port: Annotated[
        int, typer.Option(help="Port to listen on; 0 for any that is free.", rich_help_panel=_PAGE)
    ] = PORT,
    auth: Annotated[
        str | None,
        typer.Option(
            metavar="USER:PASSWORD_FILE",
            help="Let in only who knows the password in the first line of a file.",
            rich_help_panel=_PAGE,
        ),
    ] = None,
    no_auth: Annotated[
        bool,
        typer.Option(
            "--no-auth", help="Let everybody in, also beyond loopback.", rich_help_panel=_PAGE
        ),
    ] = False,
    max_upload: Annotated[
        int, typer.Option(min=1, help="Megabytes of a file, at most.", rich_help_panel=_LIMITS)
    ] = _USUAL.megabytes,
    max_pixels: Annotated[
        int, typer.Option(min=1, help="Pixels of a picture, at most.", rich_help_panel=_LIMITS)
    ] = _USUAL.max_pixels,
    max_size: Annotated[
        int,
        typer.Option(min=64, help="Longest side of a result, at most.", rich_help_panel=_LIMITS),
    ] = _USUAL.size,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Say nothing but errors.", rich_help_panel=_PAGE)
    ] = False,
) -> None:
    """Open a page for stylizing and for looking into the network, for a browser on this machine.

    It needs no network. Several people may use it at once; they wait in a queue.
    """
    from impasto.studio.serving import serving

    if auth is not None and no_auth:
        raise UsageError("--auth and --no-auth say the opposite: choose one.")
    user = None if auth is None else read_user(auth)
    limits = Limits(megabytes=max_upload, max_pixels=max_pixels, size=max_size)
    with serving(Address(host, port, user, open=no_auth), limits) as url:
        if not quiet:
            print(f"impasto: The studio is at {url} until Ctrl-C.", file=sys.stderr, flush=True)
        while True:
            time.sleep(3600)
