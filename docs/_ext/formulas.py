"""Formulas as outlines in the page: no script, no font, nothing to fetch, the same everywhere.

Matplotlib, which impasto needs anyway, sets them. A formula that it cannot read is a warning, and
so ends the build.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Any

import numpy as np
from docutils import nodes
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextToPath
from sphinx.application import Sphinx
from sphinx.util import logging

UNITS = 100  # of the drawing in the height of a letter's body, 1 em
_LETTERS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C"}

logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name "outlines"."""
    app.add_html_math_renderer("outlines", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def svg(latex: str) -> str:
    """Set a formula as an SVG element in the color of the text around it, on its line.

    Raises:
        ValueError: If there is a command that Matplotlib does not know.
    """
    text, setter = f"${' '.join(latex.split())}$", TextToPath()
    font = FontProperties(size=UNITS, math_fontfamily="cm")
    width, height, depth = setter.get_text_width_height_descent(text, font, ismath=True)
    vertices, codes = (np.asarray(own) for own in setter.get_text_path(font, text, ismath=True))
    scale = UNITS / setter.FONT_SCALE
    drawn = "".join(_steps(Path(vertices * np.array([scale, -scale]), codes)))
    style = f"width:{width / UNITS:.3f}em;height:{height / UNITS:.3f}em"
    return (
        f'<svg class="formula" role="img" aria-label="{escape(latex)}" '
        f'viewBox="0 {depth - height:.1f} {width:.1f} {height:.1f}" '
        f'style="{style};vertical-align:{-depth / UNITS:.3f}em"><path d="{drawn}"/></svg>'
    )


def _steps(path: Path) -> Iterator[str]:
    for points, code in path.iter_segments(simplify=False):
        yield (
            "Z" if code == Path.CLOSEPOLY else _LETTERS[code] + " ".join(f"{p:.1f}" for p in points)
        )


def _markup(node: nodes.Element, latex: str) -> str:
    """Return a formula, or its LaTeX where it cannot be read."""
    try:
        return svg(latex)
    except ValueError as error:
        logger.warning("%s: %s", node.astext(), error, location=node)
        return f"<code>{escape(node.astext())}</code>"


def _inline(translator: Any, node: nodes.Element) -> None:
    translator.body.append(_markup(node, node.astext()))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.Element) -> None:
    formula = _markup(node, node.astext().replace(r"\frac", r"\dfrac"))  # there is room
    translator.body.append(f'<div class="formula">{formula}</div>\n')
    raise nodes.SkipNode
