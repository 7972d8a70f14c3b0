"""What can go wrong, said once: every error carries an exit code and a sentence for people."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ImpastoError(Exception):
    """Base of all errors that impasto raises on purpose.

    The message is one or two sentences: what was wrong, with which file or option, what to do.
    """

    exit_code = 1


class UsageError(ImpastoError):
    """The command or the call was wrong; nothing has been read or computed."""

    exit_code = 2


class ShapeError(UsageError):
    """An array does not have the axes that a function asks for."""


class InputError(ImpastoError):
    """An input could not be read, or holds nothing that can be used."""

    exit_code = 3


class WeightsError(ImpastoError):
    """Weights are missing, damaged, or not those of the network that was asked for."""

    exit_code = 4


class OutOfMemoryError(ImpastoError):
    """The work would not fit into the memory that is free."""

    exit_code = 5


class DivergedError(ImpastoError):
    """The cost is not finite, and stepping back did not help."""


class OutputError(ImpastoError):
    """A finished result could not be written where it was asked for."""


class UnreachableError(ImpastoError):
    """No cluster answers at the address that was given."""


class WorkersError(ImpastoError):
    """The workers of a cluster do not start, or die again and again."""


def nearest(word: str, choices: Iterable[str]) -> str:
    """Return a sentence that names the choices most like a mistyped word.

    Args:
        word: What was typed.
        choices: What would have been right.
    """
    known = list(choices)
    close = difflib.get_close_matches(word, known, n=3, cutoff=0.5)
    if close:
        return f"Did you mean {' or '.join(close)}?"
    return f"Choose from {', '.join(known)}."
