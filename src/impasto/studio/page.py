"""The page: its parts side by side."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import gradio as gr

from impasto.studio import at_once, mediums, microscope, stylizing
from impasto.studio.bench import Bench
from impasto.studio.texts import say
from impasto.studio.visits import LONGEST_VISIT

CSS = """
.place p { min-height: 1.5em; font-variant-numeric: tabular-nums }
.shelf .caption-label { display: none }
.shelf .grid-container { grid-template-columns: repeat(6, minmax(0, 1fr)) !important }
.made .grid-container { grid-template-columns: repeat(4, minmax(0, 1fr)) !important }
.strips .grid-wrap { padding-top: 2.2em }
.strips .grid-container { grid-template-rows: none !important; grid-auto-rows: auto !important }
.strips .thumbnail-lg { display: block; aspect-ratio: auto; height: auto }
.strips .thumbnail-lg img { height: auto }
.strips .caption-label { position: static }
footer { display: none !important }
"""
_SWEEP = 300  # seconds between looking for old files


def build_page(bench: Bench) -> gr.Blocks:
    """Lay out the whole page.

    Args:
        bench: Where visitors work.
    """
    parts: list[tuple[str, Any]] = [
        ("stylize", stylizing.build),
        ("fast", at_once.build),
        ("microscope", microscope.build),
    ]
    if find_spec("soundfile") is not None:
        parts.append(("sounds", mediums.build_sounds))
    if find_spec("nibabel") is not None:
        parts.append(("volumes", mediums.build_volumes))
    page: gr.Blocks = gr.Blocks(
        title="impasto",
        analytics_enabled=False,
        delete_cache=(_SWEEP, LONGEST_VISIT),
        fill_width=True,
    )
    with page:
        gr.Markdown(say("about"))
        with gr.Tabs():
            for name, build in parts:
                with gr.Tab(say(name), id=name):
                    build(bench)
        page.unload(bench.leave)
    page.queue(max_size=bench.limits.waiting, default_concurrency_limit=4)
    return page


def theme() -> Any:
    """Return the looks of the page, with fonts that every computer has."""
    return gr.themes.Default(
        primary_hue="orange",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )
