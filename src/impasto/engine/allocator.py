"""Memory that was freed is kept for what is allocated next."""

from __future__ import annotations

import ctypes
import sys

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as in glibc's malloc.h
_MOST = 2**31 - 1


def keep_freed_memory(largest: int | None = None) -> None:
    """Make glibc keep blocks of memory that were freed, for the whole process.

    It returns large ones to the system at once. Every evaluation of J takes the same blocks again,
    and the system clears each of their pages: at one megapixel a third of the time. Other systems'
    allocators are left as they are.

    Args:
        largest: Bytes of the largest block that is kept; None for any.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return
    mallopt(_MMAP_THRESHOLD, _MOST if largest is None else min(largest, _MOST))
    mallopt(_TRIM_THRESHOLD, _MOST)
