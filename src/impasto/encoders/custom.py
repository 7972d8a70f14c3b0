"""Networks of the user's: a function in a module of Python that returns one."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from impasto.encoders.encoder import Encoder
from impasto.encoders.wrapped import Wrapped
from impasto.errors import ImpastoError, UsageError, nearest


def load_custom(target: str) -> Encoder:
    """Call a function that returns a network.

    Args:
        target: "package.module:function". The module is looked for in the current folder, too. The
            function takes nothing and returns an nn.Module, which gets RGB from 0 to 1 and whose
            layers are named by their paths; or an Encoder, such as a Wrapped with a front end.
    Raises:
        UsageError: If there is no such module or function, or it fails, or returns something else.
    """
    with _current_folder():
        function = _find(target)
        try:
            made = function()
        except ImpastoError:
            raise
        except Exception as error:
            raise UsageError(f"{target} failed: {_told(error)}") from error
        if isinstance(made, Encoder):
            return made
        if not isinstance(made, nn.Module):
            raise UsageError(f"{target} returned no nn.Module but a {type(made).__name__}.")
        return Wrapped(made, name=target, source=target)


def _find(target: str) -> Callable[[], Any]:
    """Import the module and return its function."""
    path, _, name = target.partition(":")
    if not all(part.isidentifier() for part in [*path.split("."), name]):
        raise UsageError(f"{target!r} is not of the form package.module:function.")
    try:
        module = importlib.import_module(path)
    except ModuleNotFoundError as error:
        if error.name and f"{path}.".startswith(f"{error.name}."):
            raise UsageError(
                f"There is no module {error.name!r} in the current folder or among the installed "
                "ones."
            ) from error
        raise UsageError(f"The module {path} cannot be imported: {_told(error)}") from error
    except Exception as error:
        raise UsageError(f"The module {path} cannot be imported: {_told(error)}") from error
    function = getattr(module, name, None)
    if not callable(function):
        known = [own for own, value in vars(module).items() if own[0] != "_" and callable(value)]
        hint = nearest(name, known) if known else "It has none."
        raise UsageError(f"The module {path} has no function {name!r}. {hint}")
    return function  # type: ignore[no-any-return]


@contextmanager
def _current_folder() -> Iterator[None]:
    """Import from the current folder first, as `python -m` does."""
    folder = os.getcwd()
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(folder)


def _told(error: Exception) -> str:
    """Return the kind of an error and the first line of what it says."""
    first = str(error).partition("\n")[0].rstrip(".")
    return f"{type(error).__name__}: {first}." if first else f"{type(error).__name__}."
