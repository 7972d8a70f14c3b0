"""The built pages show the same to a reader without the network: nothing in them is fetched."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

_FETCHED = re.compile(
    r"""<(?:audio|iframe|img|link|script|source|video)\b[^>]*\b(?:src|href)=["'](?:https?:)?//[^>]+"""
    r"""|@import\s[^;]+|url\(\s*["']?(?:https?:)?//[^)]+"""
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at the pages when they are written."""
    app.connect("build-finished", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def fetched(folder: Path) -> list[str]:
    """Return what pages and style sheets in a folder would load from elsewhere."""
    return [
        f"{path.relative_to(folder)}: {found[0]}"
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".css", ".html")
        for found in _FETCHED.finditer(path.read_text(encoding="utf-8"))
    ]


def _check(app: Sphinx, error: Exception | None) -> None:
    if error is None and app.builder.format == "html":
        found = fetched(Path(app.outdir))
        if found:
            raise ExtensionError("The pages need the network:\n" + "\n".join(found))
