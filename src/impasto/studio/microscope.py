"""The part of the page that shows what units look for, and which units a picture excites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

import gradio as gr
import torch
from PIL import Image

from impasto.encoders import load_encoder
from impasto.encoders.catalog import DEFAULT, layer_table
from impasto.encoders.encoder import Encoder
from impasto.engine.placement import place
from impasto.errors import UsageError
from impasto.media.dataset import Dataset
from impasto.samples import samples
from impasto.signal import Signal
from impasto.studio.bench import MACHINE, Bench
from impasto.studio.bringing import PICTURES, chosen, sample_names, upload
from impasto.studio.results import BUTTONS, Changes
from impasto.studio.texts import say
from impasto.studio.visits import Visit
from impasto.units import Atlas, excited
from impasto.units.drawing import draw_projection
from impasto.units.findings import Findings
from impasto.units.patches import charted
from impasto.units.preparing import only
from impasto.units.search import Search, search
from impasto.units.single import strongest

SIZE = 256  # longest side of what is looked at
FIRST = "relu4_1"
MOST = 200  # pictures in a set
NINE = 9

Shown = list[tuple[Image.Image, str]]
Kept = list[tuple[str | None, str]]


@dataclass
class Desk:
    """What is known of sets of pictures, so that a unit can be picked at once.

    Args:
        max_pixels: Of a picture, at most.
        kept: How many sets and layers are remembered.
    """

    max_pixels: int
    kept: int = 16
    _atlases: dict[tuple[tuple[str, ...], str], Atlas] = field(default_factory=dict)
    _encoder: Encoder | None = None
    _lock: Lock = field(default_factory=Lock)

    @property
    def encoder(self) -> Encoder:
        """The network, loaded when it is first needed."""
        with self._lock:
            if self._encoder is None:
                self._encoder = place(load_encoder())
            return self._encoder

    def opened(self, source: str) -> tuple[Signal, Any]:
        """Open a picture; return it as the network sees it, and as its medium draws it."""
        return only(source, self.encoder, max_size=SIZE, max_pixels=self.max_pixels)

    def look(
        self, pictures: Sequence[str], layer: str, stopped: Event
    ) -> Iterator[tuple[int, Atlas | None]]:
        """Look at a set; yield how many pictures were looked at, and at the end what was found.

        Raises:
            UsageError: If the visitor goes meanwhile.
        """
        key = (tuple(pictures), layer)
        if key not in self._atlases:
            encoder = self.encoder
            dataset = Dataset(list(pictures), longest=SIZE, max_pixels=self.max_pixels)
            findings: Findings | None = None
            for findings in search(Search(encoder, [layer], k=NINE, per_picture=1), dataset):
                if stopped.is_set():
                    raise UsageError("The visit has ended.")
                yield findings.looked_at, None
            assert findings is not None
            atlas = charted(findings, encoder, dataset)
            with self._lock:
                while len(self._atlases) >= self.kept:
                    self._atlases.pop(next(iter(self._atlases)))
                self._atlases[key] = atlas
        yield len(pictures), self._atlases[key]

    def known(self, pictures: Sequence[str], layer: str, stopped: Event) -> Atlas:
        """Return what was found in a set, which is looked at if need be; see `look`."""
        *_, (_, atlas) = self.look(pictures, layer, stopped)
        assert atlas is not None
        return atlas

    def patches(self, atlas: Atlas, layer: str, unit: int | None) -> Shown:
        """Draw the patches that excite a unit most, each with its projection.

        Raises:
            UsageError: If there is no such unit.
        """
        units = atlas.layers[layer].units
        if unit is None or not 0 <= unit < len(units):
            raise UsageError(f"{layer} has units 0 to {len(units) - 1}, and no unit {unit}.")
        shown: Shown = []
        for patch in units[unit]:
            if patch.activation > 0:
                signal, portrait = self.opened(patch.picture)
                found = strongest(self.encoder, signal, layer, unit)
                drawn = draw_projection(signal, found, portrait)
                name = Path(patch.picture).name
                shown.append((drawn, f"{patch.rank + 1}. {name}: {patch.activation:.3g}"))
        return shown

    def excited_by(self, source: str, atlas: Atlas, layer: str) -> Shown:
        """Draw the units that a picture excites most, compared with what they reach in a set."""
        signal, portrait = self.opened(source)
        units = atlas.layers[layer].units
        usual = torch.tensor([own[0].activation if own else 0.0 for own in units])
        shown: Shown = []
        for one in excited(self.encoder, signal, layer, usual=usual, k=NINE):
            found = strongest(self.encoder, signal, layer, one.unit)
            drawn = draw_projection(signal, found, portrait)
            shown.append((drawn, f"{layer}:{one.unit}  {one.activation:.3g} ({one.share:.0%})"))
        return shown


def build(bench: Bench) -> None:
    """Lay out the part, and say what happens in it."""
    desk = Desk(bench.limits.max_pixels)
    layers = [own.name for own in layer_table(DEFAULT)]
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            layer = gr.Dropdown(layers, value=FIRST, label=say("layer"))
            unit = gr.Number(value=0, precision=0, minimum=0, label=say("unit"))
            pictures = gr.File(
                label=say("pictures"), file_count="multiple", file_types=list(PICTURES), height=160
            )
            look = gr.Button(say("look"), variant="primary")
            said = gr.Markdown(elem_classes="place")
            picture = upload(label=say("one_picture"))
            sample = gr.Dropdown(["", *sample_names("photo")], value="", label=say("sample_photo"))
            which = gr.Button(say("which"))
        with gr.Column(scale=3, min_width=320):
            patches, units = (
                gr.Gallery(
                    label=say(label),
                    columns=1,
                    interactive=False,
                    buttons=[*BUTTONS],
                    elem_classes="strips",
                )
                for label in ("unit_shown", "excited")
            )

    def own_set(uploads: Sequence[str] | None) -> list[str]:
        if len(uploads or ()) > MOST:
            raise UsageError(f"These are {len(uploads or ())} pictures, and {MOST} is the most.")
        return list(uploads or ()) or [
            str(one.path) for one in samples() if one.kind in ("photo", "painting")
        ]

    def looked(
        visit: Visit, layer: str, unit: int | None, pictures: Sequence[str] | None
    ) -> Iterator[Changes]:
        paths = own_set(pictures)
        with visit.job() as stopped:
            for count, atlas in desk.look(paths, layer, stopped):
                yield {said: f"{count}/{len(paths)}"}
                if atlas is not None:
                    yield {said: "", patches: _kept(visit, desk.patches(atlas, layer, unit))}

    def picked(visit: Visit, layer: str, unit: int | None, pictures: Sequence[str] | None) -> Kept:
        with visit.job() as stopped:
            atlas = desk.known(own_set(pictures), layer, stopped)
            return _kept(visit, desk.patches(atlas, layer, unit))

    def answered(
        visit: Visit,
        layer: str,
        pictures: Sequence[str] | None,
        picture: str | None,
        sample: str | None,
    ) -> Kept:
        source = chosen(picture, sample, "picture")
        with visit.job() as stopped:
            atlas = desk.known(own_set(pictures), layer, stopped)
            return _kept(visit, desk.excited_by(source, atlas, layer))

    of_unit = {"layer": layer, "unit": unit, "pictures": pictures}
    of_picture = {"layer": layer, "pictures": pictures, "picture": picture, "sample": sample}
    machine: dict[str, Any] = {"concurrency_id": MACHINE, "concurrency_limit": 1}
    bench.note_uploads(of_picture)
    bench.job(look, looked, of_unit, [said, patches], name="look")
    unit.submit(
        bench.answer(picked, of_unit), [*of_unit.values()], patches, api_name="unit", **machine
    )
    which.click(
        bench.answer(answered, of_picture),
        [*of_picture.values()],
        units,
        api_name="excited",
        **machine,
    )


def _kept(visit: Visit, shown: Shown) -> Kept:
    return [(visit.shown(picture), words) for picture, words in shown]
