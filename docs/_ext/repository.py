"""What the pages link to outside the book: source files on GitHub, sounds in the built pages.

The same pages are read on GitHub, where a relative link to a source file works as it is. In the
book it has to name the file in the repository, or else Sphinx would offer it for download.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

_ATTRIBUTE = re.compile(r'\b(src|href)="([^":#]+)"')


def setup(app: Sphinx) -> dict[str, Any]:
    """Register both transforms, and the address of the repository."""
    app.add_config_value("repository", "", "env", types=[str])
    app.add_transform(SourceLinks)
    app.add_transform(RawFiles)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class SourceLinks(SphinxTransform):
    """Points relative links to files and folders outside the book to the repository."""

    default_priority = 500  # before files are collected for download

    def apply(self, **_: Any) -> None:
        """Replace the links of a page."""
        links: list[nodes.Element] = [
            *self.document.findall(addnodes.download_reference),
            *self.document.findall(addnodes.pending_xref),
        ]
        for link in links:
            path = self._outside(link)
            if path is not None:
                root = Path(self.env.srcdir).parent
                kind = "tree" if path.is_dir() else "blob"
                where = path.relative_to(root).as_posix()
                address = f"{self.config.repository}/{kind}/main/{where}"
                link.replace_self(nodes.reference("", "", *link.children, refuri=address))

    def _outside(self, link: nodes.Element) -> Path | None:
        """Return the existing path that a link means, if it is no page and no file of the book."""
        target = link["reftarget"].partition("#")[0]
        if link.get("reftype") != "myst" or not target:
            return None
        if (
            link.get("refdomain") == "doc"
        ):  # a page without its suffix, absolute where it is no page
            path = Path(f"{target}.md")
        else:
            path = Path(self.env.relfn2path(target, self.env.docname)[1])
        inside = path.is_relative_to(self.env.srcdir) and not path.is_dir()
        return path if path.is_absolute() and path.exists() and not inside else None


class RawFiles(SphinxTransform):
    """Copies the files that raw HTML names, such as sounds, and names their copies."""

    default_priority = 500

    def apply(self, **_: Any) -> None:
        """Replace the addresses in the HTML of a page."""
        up = "../" * self.env.docname.count("/")

        def copied(found: re.Match[str]) -> str:
            relative, path = self.env.relfn2path(found[2])
            if not Path(path).is_file():
                return found[0]
            self.env.note_dependency(relative)
            name = self.env.dlfiles.add_file(self.env.docname, relative)
            return f'{found[1]}="{posixpath.join(up + "_downloads", name)}"'

        for node in self.document.findall(nodes.raw):
            if "html" in node.get("format", "").split():
                node.children = [nodes.Text(_ATTRIBUTE.sub(copied, node.astext()))]
