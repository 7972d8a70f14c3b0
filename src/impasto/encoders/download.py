"""Fetching a file so that it is whole or not there, going on where an earlier attempt ended."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from impasto.errors import WeightsError

CHUNK = 2**20
PATIENCE = 30.0  # seconds without an answer
_PARTIAL, _NOTHING_LEFT = 206, 416


def fetch(url: str, path: Path, *, sha256: str, timeout: float = PATIENCE) -> Iterator[int]:
    """Fetch a file, check its hash, and only then give it its name.

    What has come so far is kept beside it in PATH.part, and the next attempt asks for the rest.

    Args:
        url: Where it is.
        path: Where it is to lie.
        sha256: Hash that it must have.
        timeout: Seconds without an answer after which to give up.
    Yields:
        The bytes that are there, again and again.
    Raises:
        WeightsError: If the server cannot be reached, has no such file, sends less than all of it
            or another one; or if the file cannot be written.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield from _fetch_rest(url, part, timeout)
        with part.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest == sha256:
            os.replace(part, path)
            return
        part.unlink()
    except OSError as error:
        raise WeightsError(
            f"{part} cannot be written: {error.strerror}. Make room and try again, or set "
            "IMPASTO_CACHE to another folder."
        ) from error
    raise WeightsError(
        f"What {url} sent is damaged or another version: its SHA-256 is {digest[:8]}..., not "
        f"{sha256[:8]}.... It has been removed; try again."
    )


def _fetch_rest(url: str, part: Path, timeout: float) -> Iterator[int]:
    """Append what is missing; from the start if the server cannot send parts."""
    have = part.stat().st_size if part.exists() else 0
    with _ask(url, have, timeout) as answer:
        if answer.status == _NOTHING_LEFT:
            return
        resumed = answer.status == _PARTIAL
        have = have if resumed else 0
        length = answer.headers["Content-Length"]
        total = have + int(length) if length else None
        with part.open("ab" if resumed else "wb") as file:
            while chunk := _receive(answer, url):
                file.write(chunk)
                have += len(chunk)
                yield have
    if total is not None and have < total:
        raise _cut_off(url)


def _ask(url: str, have: int, timeout: float) -> HTTPResponse | HTTPError:
    """Ask for a file from some byte on."""
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        answer: HTTPResponse = urlopen(request, timeout=timeout)
    except HTTPError as error:
        if error.status == _NOTHING_LEFT:
            return error
        with error:
            raise WeightsError(
                f"{url} cannot be fetched: the server says {error.status} {error.reason}."
            ) from error
    except (OSError, HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise WeightsError(f"{url} cannot be reached: {_in_words(reason)}.") from error
    return answer


def _receive(answer: HTTPResponse | HTTPError, url: str) -> bytes:
    try:
        return answer.read(CHUNK)
    except (OSError, HTTPException) as error:
        raise _cut_off(url) from error


def _cut_off(url: str) -> WeightsError:
    return WeightsError(
        f"The connection broke while {url} was being fetched. Try again: it goes on from there."
    )


def _in_words(reason: object) -> str:
    said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return said.rstrip(".")
