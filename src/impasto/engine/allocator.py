"""Memory that was freed is kept for what is allocated next."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # as in glibc's malloc.h
_KEPT = 2**31 - 1
_LARGEST = 2**28  # larger blocks, such as canvases of large prints, go back at once


@cache
def keep_freed_memory() -> None:
    """Make glibc keep large blocks of memory for the process.

    It returns them to the system as soon as they are freed. Every evaluation of J takes the same
    blocks again, and the system clears each of their pages: at one megapixel a third of the time.
    Other systems' allocators are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another C library
        return
    mallopt(_MMAP_THRESHOLD, _LARGEST)
    mallopt(_TRIM_THRESHOLD, _KEPT)
