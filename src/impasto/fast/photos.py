"""Photographs to learn from: decoded once, and then any part of any of them at once."""

from __future__ import annotations

import tempfile
import weakref
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.errors import ImpastoError, InputError
from impasto.media.dataset import Dataset
from impasto.signal import fit

LEAST = 2  # photographs, of which one is kept back


class Photos:
    """Photographs in a nameless file on disk, 8 bits a channel.

    Attributes:
        unread: What was wrong with the files that could not be read.

    Args:
        folder: As for `Dataset`: a folder, an archive, a list, or a sequence of pictures.
        longest: Longest side to which larger ones are reduced.
        crop: Side of the squares that are cut from them; smaller ones are enlarged to it.
    Raises:
        InputError: If there are too few that can be read.
    """

    def __init__(self, folder: Any, *, longest: int, crop: int) -> None:
        self.crop, self.unread = crop, list[str]()
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as this
        weakref.finalize(self, self._file.close)
        self.shapes: list[tuple[int, int]] = []
        self.offsets: list[int] = [0]
        dataset = Dataset(folder, longest=longest)
        for entry, signal in dataset.signals():
            if isinstance(signal, ImpastoError):
                told = str(signal)
                self.unread.append(told if entry.name in told else f"{entry.name}: {told}")
                continue
            space = signal.space
            if min(space) < crop:
                signal = signal.resized(fit(space, -(-max(space) * crop // min(space))))
            self._add(signal.samples[:3])
        if len(self) < LEAST:
            raise InputError(
                f"{dataset.label} has {len(self)} photographs that can be read, and training needs "
                f"at least {LEAST}."
            )
        self._file.flush()
        self._all: NDArray[np.uint8] = np.memmap(self._file, np.uint8, "r")

    def __len__(self) -> int:
        return len(self.shapes)

    def _add(self, samples: Tensor) -> None:
        levels = (samples.clamp(0, 1) * 255).round().byte().movedim(0, -1).contiguous()
        self._file.write(levels.numpy().tobytes())
        self.shapes.append((levels.shape[0], levels.shape[1]))
        self.offsets.append(self.offsets[-1] + levels.numel())

    def whole(self, number: int) -> Tensor:
        """Return a photograph, shape (3, h, w), from 0 to 1."""
        return _to_samples(self._levels(number))

    def cut(self, number: int, noise: torch.Generator) -> Tensor:
        """Return a square out of a photograph, or its mirror image, shape (3, crop, crop)."""
        levels = self._levels(number)
        height, width = self.shapes[number]
        top, left, mirrored = (
            int(torch.randint(most, (), generator=noise))
            for most in (height - self.crop + 1, width - self.crop + 1, 2)
        )
        square = levels[top : top + self.crop, left : left + self.crop]
        return _to_samples(square[:, ::-1] if mirrored else square)

    def _levels(self, number: int) -> NDArray[np.uint8]:
        part = self._all[self.offsets[number] : self.offsets[number + 1]]
        return part.reshape(*self.shapes[number], 3)


def _to_samples(levels: NDArray[np.uint8]) -> Tensor:
    return torch.from_numpy(levels.copy()).movedim(-1, 0).float().div_(255)
