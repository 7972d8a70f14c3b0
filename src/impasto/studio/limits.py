"""How much a visitor may ask of the machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Limits of one visitor.

    Attributes:
        megabytes: Of a file.
        max_pixels: Of a picture that is read.
        size: Longest side of a result in pixels.
        waiting: Jobs in the queue.
    """

    megabytes: int = 64
    max_pixels: int = 50_000_000
    size: int = 2048
    waiting: int = 20
