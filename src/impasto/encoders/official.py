"""Weights that their makers offer for download, and the folder in which they are kept."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from impasto.encoders.download import fetch
from impasto.encoders.state import State, read_state
from impasto.errors import WeightsError

_PYTORCH = "https://download.pytorch.org/models"


@dataclass(frozen=True)
class Official:
    """A file of weights that is fetched only when it is asked for.

    Attributes:
        network: Name of the network.
        url: Where it is; its name ends in the first eight digits of its hash.
        sha256: Hash of the file.
        size: Bytes of the file.
    """

    network: str
    url: str
    sha256: str
    size: int

    @property
    def path(self) -> Path:
        """Where it lies once it has been fetched."""
        return cache_folder() / self.url.rpartition("/")[2]

    def read(self) -> State:
        """Read the file from the cache.

        Raises:
            WeightsError: If it has not been fetched, or is damaged.
        """
        if not self.path.is_file():
            raise WeightsError(
                f"The weights of {self.network} are not here. Run 'impasto encoders --download "
                f"{self.network}', which fetches {self.url} ({self.size / 1e6:.0f} MB) into "
                f"{self.path.parent}, or name a file of yours: --weights FILE."
            )
        remedy = f"Remove it and run: impasto encoders --download {self.network}"
        return read_state(self.path, sha256=self.sha256, remedy=remedy)

    def fetch(self) -> Iterator[int]:
        """Fetch the file into the cache, unless it is there; see `download.fetch`."""
        if not self.path.is_file():
            yield from fetch(self.url, self.path, sha256=self.sha256)


def cache_folder() -> Path:
    """Return the folder for what is fetched: $IMPASTO_CACHE, or impasto in the user's cache."""
    if own := os.environ.get("IMPASTO_CACHE"):
        return Path(own)
    users = os.environ.get("XDG_CACHE_HOME")
    return (Path(users) if users else Path.home() / ".cache") / "impasto"


OFFICIAL = {
    official.network: official
    for official in (
        Official(
            "vgg16",
            f"{_PYTORCH}/vgg16-397923af.pth",
            "397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
            553_433_881,
        ),
        Official(
            "vgg19",
            f"{_PYTORCH}/vgg19-dcbb9e9d.pth",
            "dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
            574_673_361,
        ),
        Official(
            "alexnet",
            f"{_PYTORCH}/alexnet-owt-7be5be79.pth",
            "7be5be791159472b1fbf3c69796f7cb30dca7ad8466c2df70058c37116cdee02",
            244_408_911,
        ),
        Official(
            "resnet18",
            f"{_PYTORCH}/resnet18-f37072fd.pth",
            "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec",
            46_830_571,
        ),
        Official(
            "resnet50",
            f"{_PYTORCH}/resnet50-0676ba61.pth",
            "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a",
            102_530_333,
        ),
    )
}
