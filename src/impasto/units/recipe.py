"""The survey: from a network and a dataset to the report."""

from __future__ import annotations

import json
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from impasto.encoders import Encoder, load_encoder, select_layers
from impasto.encoders.catalog import DEFAULT
from impasto.engine.placement import place
from impasto.errors import InputError
from impasto.media import Source
from impasto.media.dataset import Dataset
from impasto.media.files import atomic_write
from impasto.settings import CommonSettings, UnitsSettings
from impasto.units.atlas import Atlas, Cell
from impasto.units.findings import Findings
from impasto.units.gathering import Gathered, gather
from impasto.units.maximization import maximize
from impasto.units.patches import charted, find
from impasto.units.portraits import Portrait
from impasto.units.preparing import opened
from impasto.units.report import Cells, Pictures, check_report_folder, write_report
from impasto.units.search import Search

WORK = ".impasto-work"  # in the folder of the report, as long as it is not finished
MAXIMIZED = 16  # units at once


@dataclass(frozen=True)
class Progress:
    """How far the survey is.

    Attributes:
        stage: "search", "patches", "maximization" or "report".
        done: What has been done in this stage.
        total: What there is to do; None where nobody knows.
    """

    stage: str
    done: int
    total: int | None


def encoder_for(settings: CommonSettings, *, ray: str | None = None) -> Encoder:
    """Load the network that the settings name.

    Args:
        settings: Which it is, and where it computes.
        ray: As for `survey`.
    Raises:
        UsageError: If there is no network or no device of that name.
        WeightsError: If its weights are missing or damaged.
    """
    encoder = load_encoder(
        settings.encoder or DEFAULT,
        weights=settings.weights,
        convention=settings.weights_convention,
    )
    return place(encoder, device=settings.device, precision=settings.precision, local=ray is None)


def survey(
    pictures: str | os.PathLike[str] | Sequence[Source],
    folder: str | os.PathLike[str],
    *,
    settings: UnitsSettings | None = None,
    encoder: Encoder | None = None,
    ray: str | None = None,
    **changes: Any,
) -> Iterator[Progress]:
    """Find what every unit looks for in pictures, and write a report that shows it.

    If it is broken off, the same call goes on where it was.

    Args:
        pictures: A folder, a list, an archive or a sequence of pictures; see `Dataset`.
        folder: Where the report goes; it is made if it is missing.
        settings: What is shown; None for the defaults.
        encoder: A network of the caller's; None to load what the settings name.
        ray: Address of a Ray cluster whose machines share the search: "host:port", "auto" or
            "local"; None to work on this machine alone.
        **changes: Single settings, by the names of the fields of UnitsSettings.
    Yields:
        How far it is.
    Raises:
        ImpastoError: One of its kinds, with a sentence that says what was wrong.
    """
    settings = (settings or UnitsSettings()).changed(changes)
    encoder = encoder or encoder_for(settings, ray=ray)
    dataset, portrait = opened(
        pictures, encoder, max_size=settings.max_size, max_pixels=settings.max_pixels
    )
    layers = select_layers(encoder, settings.layers)
    what = Search(encoder, layers, k=settings.k, per_picture=settings.per_picture)
    work = _begin(Path(folder))
    total = dataset.count()
    for findings in find(what, dataset, checkpoint=work / "search.safetensors", ray=ray):
        yield Progress("search", findings.looked_at, total)
    atlas = replace(
        charted(findings, encoder, dataset), medium=portrait.medium, rate_hz=portrait.rate_hz
    )
    shown = _Shown(work, atlas, settings, portrait)
    yield from shown.gather(encoder, dataset, findings)
    if settings.maximize:
        _, (channels, *_) = next(iter(findings.seen.values()))
        yield from shown.maximize(encoder, channels)
    yield Progress("report", 0, 1)
    write_report(Path(folder), atlas, shown.cells, shown.pictures)
    shutil.rmtree(work)
    yield Progress("report", 1, 1)


def _begin(folder: Path) -> Path:
    """Make the folder of the report, and in it that of the work."""
    check_report_folder(folder)
    work = folder / WORK
    work.mkdir(parents=True, exist_ok=True)
    return work


class _Shown:
    """The pictures of the report while they are made, in files that outlive the program.

    Args:
        work: Folder of the files.
        atlas: What is shown.
        settings: How much of it.
        portrait: How signals are drawn.
    """

    def __init__(
        self, work: Path, atlas: Atlas, settings: UnitsSettings, portrait: Portrait
    ) -> None:
        self.atlas, self.settings, self.portrait = atlas, settings, portrait
        self.state = work / "shown.json"
        self.method = None if settings.projection == "none" else settings.projection
        told = self._told()
        self.after: int = told.get("after", -1)
        self.maximized: list[str] = told.get("maximized", [])
        self.pictures = Pictures.restored(work / "pictures", told.get("pictures", {}), portrait)
        self.cells = {
            layer: self._cells(work / "cells" / str(number), layer, afresh=not told)
            for number, layer in enumerate(atlas.layers)
        }

    def _cells(self, folder: Path, layer: str, *, afresh: bool) -> Cells:
        if not afresh:
            return Cells.reopen(folder, layer, self.portrait)
        return Cells.create(
            folder,
            layer,
            units=len(self.atlas.layers[layer].units),
            k=self.settings.k,
            projections=self.method is not None,
            maximizations=self.settings.maximize,
            portrait=self.portrait,
        )

    def _told(self) -> dict[str, Any]:
        """Return what an interrupted program has left, if it wanted the same."""
        try:
            told: dict[str, Any] = json.loads(self.state.read_text())
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise InputError(f"{self.state} is damaged: remove {self.state.parent}.") from error
        return told if told.get("wanted") == self._wanted() else {}

    def _wanted(self) -> dict[str, Any]:
        return {"projection": self.settings.projection, "maximize": self.settings.maximize}

    def _keep(self) -> None:
        told = {
            "wanted": self._wanted(),
            "after": self.after,
            "maximized": self.maximized,
            "pictures": self.pictures.told(),
        }
        with atomic_write(self.state) as temporary:
            temporary.write_text(json.dumps(told))

    def gather(self, encoder: Encoder, dataset: Dataset, findings: Findings) -> Iterator[Progress]:
        """Cut out and project all patches."""

        def patch_of(cell: Cell) -> Any:
            return self.atlas.layers[cell.layer].units[cell.unit][cell.rank]

        listed = sorted(findings.seen)
        for seen in gather(
            encoder, dataset, findings, patch_of, method=self.method, after=self.after
        ):
            self.pictures.put_picture(findings.seen[seen.number][0], seen.signal.samples)
            for found in seen.found:
                self._put(found)
            if seen.settled:
                self.after = seen.number
                self._keep()
            yield Progress("patches", listed.index(seen.number) + 1, len(listed))

    def _put(self, found: Gathered) -> None:
        cells, unit, rank = self.cells[found.cell.layer], found.cell.unit, found.cell.rank
        if found.patch is not None:
            cells.put_patch(unit, rank, found.patch)
        if found.projection is not None:
            cells.put_projection(unit, rank, found.projection)

    def maximize(self, encoder: Encoder, channels: int) -> Iterator[Progress]:
        """Make a signal of some channels for every unit."""
        how: dict[str, Any] = {"channels": channels, "bounds": self.portrait.bounds}
        alike: dict[str, list[str]] = defaultdict(list)
        for layer in self.atlas.layers:
            alike[encoder.unrectified(layer)].append(layer)
        counts = {root: len(self.atlas.layers[group[0]].units) for root, group in alike.items()}
        done = 0
        for root, group in alike.items():
            for first in range(0, counts[root], MAXIMIZED):
                if root in self.maximized:
                    continue
                units = range(first, min(first + MAXIMIZED, counts[root]))
                made = maximize(encoder, group[-1], units, **how)
                for unit, signal in zip(units, made, strict=True):
                    for layer in group:
                        self.cells[layer].put_maximization(unit, signal)
                yield Progress("maximization", done + first + len(units), sum(counts.values()))
            done += counts[root]
            if root not in self.maximized:
                self.maximized.append(root)
                self._keep()
