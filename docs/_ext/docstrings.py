"""Docstrings are written for people in an editor; this turns them into reStructuredText.

- `name` in backquotes is code already: the default role sees to that.
- Characters that mean something to reStructuredText, as in (b, c, *space), mean themselves.
- An indented paragraph outside the sections is code.
- Returns, Yields and Source are prose: napoleon would take what stands before a colon for a type.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

_CODE = re.compile(r"(`[^`]+`)")
_SPECIAL = re.compile(r"[*|]|_(?!\w)")
_SECTION = re.compile(r"[A-Z][a-z]+:$")
_FORWARD = re.compile(r"TypeAliasForwardRef\('(\w+)'\)")
_PRIVATE = re.compile(r", _\w+: [^,()]+")
_FIELDS = {"Returns:": ":Returns:", "Yields:": ":Yields:", "Source:": ":Source:"}


def setup(app: Sphinx) -> dict[str, Any]:
    """Prepare docstrings before napoleon reads their sections, and mend signatures."""
    app.connect("autodoc-process-docstring", _prepare, priority=400)
    app.connect("autodoc-process-signature", _sign)
    app.connect("autodoc-skip-member", _skip)
    app.connect("doctree-read", _dash)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def prepared(lines: list[str]) -> list[str]:
    """Return a docstring, without its indentation, as reStructuredText for napoleon."""
    made: list[str] = []
    section = code = False
    for number, line in enumerate(lines):
        section = section or bool(_SECTION.match(line))
        begins = line.startswith("    ") and not (number and lines[number - 1])
        if begins and not section and not code:
            made += [".. code-block:: python", ""]
            code = True
        elif line and not line.startswith("    "):
            code = False
        made.append(line if code else _FIELDS.get(line) or _escaped(line))
    return made


def _escaped(line: str) -> str:
    parts = _CODE.split(line)
    return "".join(
        part if _CODE.fullmatch(part) else _SPECIAL.sub(r"\\\g<0>", part) for part in parts
    )


def _prepare(*event: Any) -> None:
    kind, lines = event[1], event[-1]
    # in the first line of these napoleon would look for a type: let it be a comment
    first = ["..", ""] if kind in ("attribute", "property") else []
    lines[:] = first + prepared(lines)


def _sign(*event: Any) -> tuple[str | None, str | None]:
    """Write names of types that autodoc has left alone as names, and what is no Python as dots."""
    given, returned = (part and _FORWARD.sub(r"\1", part) for part in event[-2:])
    return given and _PRIVATE.sub("", given.replace("<factory>", "...")), returned


def _skip(*event: Any) -> bool | None:
    """Leave out fields of named tuples, of which Python only says the number."""
    told = getattr(event[3], "__doc__", None) or ""
    return True if told.startswith("Alias for field number") else None


def _dash(_: Sphinx, page: nodes.document) -> None:
    """Make a dash of the two hyphens between the name of a parameter and what is told of it."""
    for text in list(page.findall(nodes.Text)):
        if " -- " in text and not isinstance(text.parent, nodes.literal | nodes.literal_block):
            text.parent.replace(text, nodes.Text(text.replace(" -- ", " – ")))
