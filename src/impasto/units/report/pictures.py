"""The signals of the dataset, each as one picture, to show where in them a patch was found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from impasto.signal import Space
from impasto.units.portraits import Portrait
from impasto.units.portraits.image import ImagePortrait

_WEBP = {"quality": 72, "method": 4}


@dataclass(frozen=True)
class Reduced:
    """The picture of a signal.

    Attributes:
        path: The file.
        space: Samples of the signal along each axis, as it went through the network.
    """

    path: Path
    space: Space

    @property
    def heard(self) -> Path:
        """The file to listen to, where signals can be heard."""
        return self.path.with_suffix(".wav")


@dataclass(frozen=True)
class Pictures:
    """Pictures of the signals by name, in a folder.

    Attributes:
        folder: Where they are; made with the first.
        portrait: How signals are drawn.
    """

    folder: Path
    by_name: dict[str, Reduced] = field(default_factory=dict)
    portrait: Portrait = field(default_factory=ImagePortrait, compare=False)

    @classmethod
    def restored(
        cls, folder: Path, told: Mapping[str, Sequence[int]], portrait: Portrait | None = None
    ) -> Pictures:
        """Return what `told` has told of a folder."""
        by_name = {
            name: Reduced(folder / f"{number}.webp", tuple(space))
            for name, (number, *space) in told.items()
        }
        return cls(folder, by_name, portrait or ImagePortrait())

    def told(self) -> dict[str, list[int]]:
        """Return the number and the space of every signal, as JSON can hold them."""
        return {name: [int(own.path.stem), *own.space] for name, own in self.by_name.items()}

    def put_picture(self, name: str, samples: Tensor) -> None:
        """Keep a signal that stands in the atlas.

        Args:
            name: Its name there.
            samples: As it went through the network, shape (channel, *space).
        """
        image = self.portrait.whole(samples)
        self.folder.mkdir(parents=True, exist_ok=True)
        number = self.by_name[name].path.stem if name in self.by_name else len(self.by_name)
        own = Reduced(self.folder / f"{number}.webp", tuple(samples.shape[1:]))
        image.save(own.path, "WEBP", **_WEBP)
        if self.portrait.plays:
            own.heard.write_bytes(self.portrait.heard(samples))
        self.by_name[name] = own
