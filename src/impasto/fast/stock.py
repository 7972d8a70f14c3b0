"""The styles of a training: pictures, and for any style many views of each."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from impasto.errors import ImpastoError, InputError, UsageError
from impasto.fast.model import StyleFacts
from impasto.media import read
from impasto.media.dataset import Dataset
from impasto.signal import fit, resample

VIEWS = 12  # of each style, where the network shall take any
ACTIVE = 64  # views that are in use at a time
TURN = 256  # batches for which they are
_LARGEST = 1024  # pixels along the longest side that are kept in memory
_LEAST = 32  # pixels along the shortest side of a style


@dataclass(frozen=True, eq=False)
class Drawn:
    """A style that was drawn.

    Attributes:
        key: Its number, and that of the view.
        picture: Makes its picture on a device, shape (3, h, w).
    """

    key: tuple[int, int]
    picture: Callable[[torch.device], Tensor]


class Stock:
    """Styles to learn.

    Args:
        paths: Their files.
        names: What they are called; None for the names of the files.
        views: How many views of each there are: 1 for the picture as it is; of more, all but the
            first are parts of it, mirrored, turned, and in other colors.
        favored: How many of the first are drawn as often, together, as all others; 0 for all alike.
    Raises:
        UsageError: If there is none, or two have one name.
        InputError: If one cannot be read or is too small.
    """

    def __init__(
        self,
        paths: Sequence[Path],
        *,
        names: Sequence[str] | None = None,
        views: int = 1,
        favored: int = 0,
    ) -> None:
        if not paths:
            raise UsageError("There is no style: add --style PICTURE, or --styles FOLDER.")
        self.views, self.favored = views, favored
        called = list(names or (path.stem for path in paths))
        doubled = next((own for own in called if called.count(own) > 1), None)
        if doubled is not None:
            raise UsageError(f"Two styles are called {doubled!r}: rename one of the files.")
        self.facts: list[StyleFacts] = []
        self._levels: list[Tensor] = []
        for path, name in zip(paths, called, strict=True):
            samples = read(path).samples[:3]
            space = tuple(samples.shape[1:])
            if min(space) < _LEAST:
                raise InputError(f"{path} is too small for a style: {space[1]}×{space[0]} pixels.")
            if max(space) > _LARGEST:
                samples = resample(samples[None], fit(space, _LARGEST))[0]
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            self.facts.append(StyleFacts(name, digest, path.name))
            self._levels.append((samples.clamp(0, 1) * 255).round().byte())

    def __len__(self) -> int:
        return len(self.facts)

    def draw(self, noise: torch.Generator) -> Drawn:
        """Draw one of the styles, and one of its views."""
        first, last = 0, len(self)
        if 0 < self.favored < len(self):
            is_favored = float(torch.rand((), generator=noise)) < 0.5
            first, last = (0, self.favored) if is_favored else (self.favored, len(self))
        number = int(torch.randint(first, last, (), generator=noise))
        view = int(torch.randint(self.views, (), generator=noise))
        return self._drawn(number, view)

    def _drawn(self, number: int, view: int) -> Drawn:
        return Drawn((number, view), lambda device: self.view(number, view, device))

    def active(self, batch: int, seed: int) -> list[Drawn]:
        """Return the views that are drawn from in a batch.

        To look at a style costs as much as some paintings. So where there are many views, a few are
        in use for many batches, and then others.

        Args:
            batch: Number of the batch.
            seed: Seed of the training.
        """
        if len(self) * self.views <= ACTIVE:
            keys = [(own, view) for own in range(len(self)) for view in range(self.views)]
            return [self._drawn(*key) for key in keys]
        noise = torch.Generator().manual_seed(seed * 2**20 + batch // TURN)
        return [self.draw(noise) for _ in range(ACTIVE)]

    def view(self, number: int, view: int = 0, device: torch.device | None = None) -> Tensor:
        """Make a view of a style, shape (3, h, w).

        Args:
            number: Of the style.
            view: Number of the view; 0 is the picture as it is.
            device: Where it is made; None for the processor.
        """
        samples = self._levels[number].to(device or "cpu").float() / 255
        if view == 0:
            return samples
        noise = torch.Generator().manual_seed(number * 1000 + view)
        return _recolored(_part(samples, noise), noise)


def read_folder(folder: Path, *, views: int) -> tuple[Stock, list[str]]:
    """Read all pictures in a folder, and in the folders in it, as styles.

    Returns:
        The styles, and what was wrong with those that could not be read.
    Raises:
        InputError: If there is none.
    """
    dataset = Dataset(folder)
    paths: list[Path] = []
    wrong: list[str] = []
    for entry, signal in dataset.signals():
        path = folder / entry.name
        if isinstance(signal, ImpastoError):
            wrong.append(str(signal))
        elif min(signal.space) < _LEAST:
            wrong.append(f"{path} is too small for a style.")
        else:
            paths.append(path)
    names = [str(path.relative_to(folder).with_suffix("")) for path in paths]
    if len({*names}) < len(names):
        names = [str(path.relative_to(folder)) for path in paths]
    return Stock(paths, names=names, views=views), wrong


def _part(samples: Tensor, noise: torch.Generator) -> Tensor:
    """Cut a rectangle with at least half the sides, mirror it and turn it."""
    for axis in (1, 2):
        whole = samples.shape[axis]
        length = int(whole * (0.5 + 0.5 * float(torch.rand((), generator=noise))))
        length = max(length, min(whole, _LEAST))
        start = int(torch.randint(whole - length + 1, (), generator=noise))
        samples = samples.narrow(axis, start, length)
    turns, mirrored = (int(torch.randint(most, (), generator=noise)) for most in (4, 2))
    samples = samples.rot90(turns, (1, 2))
    return samples.flip(2) if mirrored else samples


def _recolored(samples: Tensor, noise: torch.Generator) -> Tensor:
    """Mix and shift the channels, and half of the time exchange them."""
    if float(torch.rand((), generator=noise)) < 0.5:
        samples = samples[torch.randperm(3, generator=noise)]
    mixing = (torch.eye(3) + 0.2 * torch.randn(3, 3, generator=noise)).to(samples.device)
    shift = (0.1 * torch.randn(3, 1, 1, generator=noise)).to(samples.device)
    mean = samples.mean((1, 2), keepdim=True)
    moved = torch.einsum("ij,jhw->ihw", mixing, samples - mean) + mean + shift
    return moved.clamp(0, 1)
