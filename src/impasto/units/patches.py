"""Top patches: what excites every unit of every layer most, over a dataset."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from impasto.encoders import Encoder, select_layers
from impasto.errors import InputError
from impasto.media import Source
from impasto.media.dataset import Dataset
from impasto.units.atlas import Atlas
from impasto.units.findings import Findings
from impasto.units.locating import chart
from impasto.units.search import Search, search

MAX_SIZE = 640


def top_patches(
    encoder: Encoder,
    pictures: str | os.PathLike[str] | Sequence[Source] | Dataset,
    *,
    layers: str | Iterable[str] = "all",
    k: int = 9,
    per_picture: int = 1,
    max_size: int = MAX_SIZE,
    checkpoint: str | Path | None = None,
    ray: str | None = None,
) -> Atlas:
    """Find for every unit the patches that excite it most.

        atlas = top_patches(load_encoder("vgg19"), "photos/", layers="relu*_1")
        atlas.layers["relu4_1"].units[37][0].picture

    Args:
        encoder: The network.
        pictures: A folder, a list, an archive or a sequence of signals; see `Dataset`.
        layers: Names or globs, such as "relu*_1"; "all" for all layers.
        k: How many patches for each unit.
        per_picture: How many of them may come from one picture.
        max_size: Longest side; larger pictures are reduced to it. A `Dataset` has its own.
        checkpoint: File in which the search keeps its state, and from which it goes on.
        ray: Address of a Ray cluster whose machines share the work: "host:port", "auto" or
            "local"; None to work on this machine alone.
    Raises:
        InputError: If nothing in the dataset can be used.
        UsageError: If there is no layer of a name.
    Source:
        Zeiler, Fergus, arXiv:1311.2901, figure 2.
    """
    dataset = pictures if isinstance(pictures, Dataset) else Dataset(pictures, longest=max_size)
    what = Search(encoder, select_layers(encoder, layers), k=k, per_picture=per_picture)
    found = find(what, dataset, checkpoint=checkpoint, ray=ray)
    return charted(deque(found, maxlen=1).pop(), encoder, dataset)


def find(
    what: Search, dataset: Dataset, *, checkpoint: str | Path | None = None, ray: str | None = None
) -> Iterator[Findings]:
    """Search a dataset here or on a cluster; see `search` and `search_on_cluster`."""
    path = None if checkpoint is None else Path(checkpoint)
    if ray is None:
        return search(what, dataset, checkpoint=path)
    from impasto.units.cluster import search_on_cluster

    return search_on_cluster(what, dataset, ray, checkpoint=path)


def charted(findings: Findings, encoder: Encoder, dataset: Dataset) -> Atlas:
    """Turn what a search has found into patches.

    Raises:
        InputError: If nothing could be used.
    """
    if not findings.count:
        name, reason = min(findings.passed_over.items())[1]
        told = reason if name in reason else f"{name}: {reason}"
        raise InputError(f"Nothing in {dataset.label} can be used. {told}")
    return chart(findings, encoder, dataset=dataset.label)
