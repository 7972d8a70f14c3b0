"""Packages that only some media need: imported where they are used, or named in an error."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from impasto.errors import UsageError


def need(module: str, *, extra: str) -> Any:
    """Import a package that comes with an extra of impasto.

    Args:
        module: Name to import.
        extra: The extra that brings it along.
    Raises:
        UsageError: If it is not installed; it says how to install it.
    """
    try:
        return import_module(module)
    except ImportError:
        raise UsageError(
            f'The package {module} is missing: run pip install "impasto[{extra}]".'
        ) from None
