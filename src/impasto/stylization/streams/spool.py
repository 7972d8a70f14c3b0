"""What a stream has made so far, on disk: as much as one likes in constant memory."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.errors import OutputError

Shape = tuple[int, ...]


class Spool:
    """Pieces one after another in a file, each given back as it was put in.

    Attributes:
        shapes: Of the pieces so far.

    Args:
        dtype: Of the numbers, such as np.uint8.
        path: The file; None for one without a name, which goes with the object.
        shapes: Pieces that the file holds already; whatever follows them is cut off.
    Raises:
        OutputError: If the file cannot be opened.
    """

    def __init__(
        self,
        dtype: type[np.generic],
        *,
        path: Path | None = None,
        shapes: Sequence[Sequence[int]] = (),
    ) -> None:
        self.dtype = np.dtype(dtype)
        self.shapes: list[Shape] = [tuple(shape) for shape in shapes]
        self.name = "The file for what is done" if path is None else str(path)
        try:
            self.file: BinaryIO = (
                tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the spool
                if path is None
                else path.open("r+b" if shapes else "w+b")
            )
            self.file.truncate(self._offset(len(self.shapes)))
        except OSError as error:
            raise OutputError(f"{self.name} cannot be written: {error.strerror}.") from error
        weakref.finalize(self, self.file.close)

    def append(self, piece: Tensor) -> None:
        """Put a piece behind the others.

        Args:
            piece: Any shape, of the dtype of the spool.
        Raises:
            OutputError: If the disk is full.
        """
        values: NDArray[np.generic] = piece.contiguous().numpy().astype(self.dtype, copy=False)
        try:
            self.file.seek(self._offset(len(self.shapes)))
            self.file.write(values.tobytes())
        except OSError as error:
            raise OutputError(f"{self.name} cannot be written: {error.strerror}.") from error
        self.shapes.append(tuple(piece.shape))

    def sync(self) -> None:
        """Make sure that all pieces are on disk."""
        self.file.flush()
        os.fsync(self.file.fileno())

    def pieces(self, count: int | None = None) -> Iterator[Tensor]:
        """Read the first pieces, or all, one after another."""
        for number, shape in enumerate(self.shapes[:count]):
            self.file.seek(self._offset(number))
            size = int(np.prod(shape)) * self.dtype.itemsize
            values = np.frombuffer(bytearray(self.file.read(size)), self.dtype)
            yield torch.from_numpy(values.reshape(shape))

    def _offset(self, number: int) -> int:
        sizes = (int(np.prod(shape)) for shape in self.shapes[:number])
        return sum(sizes) * self.dtype.itemsize
