"""How much a visitor may ask of the machine."""

from __future__ import annotations

from dataclasses import dataclass

from impasto.errors import UsageError


@dataclass(frozen=True)
class Limits:
    """Limits of one visitor.

    Attributes:
        megabytes: Of a file.
        max_pixels: Of a picture that is read.
        size: Longest side of a result in pixels.
        voxels: Longest side of a volume.
        waiting: Jobs in the queue.
    """

    megabytes: int = 64
    max_pixels: int = 50_000_000
    size: int = 2048
    voxels: int = 192
    waiting: int = 20

    def checked(self, size: float, *, most: int | None = None) -> int:
        """Return a size that is asked for: what a page shows binds no program.

        Raises:
            UsageError: If it is larger than `most`, or than `size` where none is given.
        """
        most = self.size if most is None else most
        if not 1 <= size <= most:
            raise UsageError(f"The size must be from 1 to {most} here, not {size:g}.")
        return int(size)
