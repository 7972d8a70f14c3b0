"""Formulas as MathML, which browsers draw by themselves: no script, nothing from elsewhere.

docutils brings the translation. A formula that it cannot read is a warning, and so ends the build.
"""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer under the name "mathml"."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def markup(node: nodes.Element, *, block: bool) -> str:
    """Return the MathML of a formula, or its text in LaTeX where it cannot be read."""
    try:
        return str(tex2mathml(node.astext(), as_block=block))
    except MathError as error:
        logger.warning("%s: %s", node.astext(), error, location=node)
        return f"<code>{node.astext()}</code>"


def _inline(translator: Any, node: nodes.Element) -> None:
    translator.body.append(markup(node, block=False))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.Element) -> None:
    translator.body.append(f'<div class="formula">{markup(node, block=True)}</div>\n')
    raise nodes.SkipNode
