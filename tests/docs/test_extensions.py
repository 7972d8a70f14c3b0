"""What the book adds to Sphinx."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path

import pytest
from book import ROOT
from command_line import reference
from docstrings import prepared
from formulas import svg
from offline import fetched
from settings_fields import attributes

from impasto.settings import StylizeSettings, option

CONFIGURATION = f"""
import sys
sys.path.insert(0, {str(ROOT / "docs" / "_ext")!r})
extensions = ["myst_parser", "repository", "formulas", "offline"]
myst_enable_extensions = ["dollarmath"]
html_math_renderer = "outlines"
html_theme = "basic"
repository = "https://example.org/it"
"""


def built(folder: Path, **pages: str) -> dict[str, str]:
    """Build pages of Markdown with the extensions, and return their HTML."""
    source, out = folder / "docs", folder / "out"
    source.mkdir()
    (source / "conf.py").write_text(CONFIGURATION, encoding="utf-8")
    for name, text in pages.items():
        (source / f"{name}.md").write_text(text, encoding="utf-8")
    build = [sys.executable, "-m", "sphinx", "-q", "--fail-on-warning", str(source), str(out)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {name: (out / f"{name}.html").read_text(encoding="utf-8") for name in pages}


def test_links_to_sources_lead_to_the_repository(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "code.py").write_text("pass\n")
    (tmp_path / "README.md").write_text("# It\n")
    html = built(
        tmp_path,
        index="# Top\n\n[file](../src/code.py) [folder](../src/) [readme](../README.md)\n"
        "[page](other.md#a-heading)\n\n```{toctree}\nother\n```\n",
        other="# Other\n\n(a-heading)=\n## A heading\n",
    )["index"]
    for address in ("blob/main/src/code.py", "tree/main/src", "blob/main/README.md"):
        assert f'href="https://example.org/it/{address}"' in html
    assert 'href="other.html#a-heading"' in html
    assert "_downloads" not in html


def test_sounds_in_raw_html_are_copied(tmp_path: Path) -> None:
    (tmp_path / "tone.ogg").write_bytes(b"tone")
    html = built(tmp_path, index='# Top\n\n<p><audio src="../tone.ogg"></audio></p>\n')["index"]
    copy = re.search(r'<audio src="([^"]+)"', html)
    assert copy is not None
    assert copy[1].startswith("_downloads/")
    assert (tmp_path / "out" / copy[1]).read_bytes() == b"tone"


def test_formulas_stand_in_the_page_as_outlines(tmp_path: Path) -> None:
    html = built(tmp_path, index="# Top\n\nThe channels $n_C$:\n\n$$\\frac{1}{2}$$\n")["index"]
    assert 'aria-label="n_C"' in html
    assert '<div class="formula"><svg' in html


def test_a_formula_keeps_within_its_box() -> None:
    drawn = svg(r"\frac{1}{2} \sum_{i=1}^{M} F_{ki}")
    box = re.search(r'viewBox="0 ([-.\d]+) ([.\d]+) ([.\d]+)"', drawn)
    path = re.search(r' d="([^"]+)"', drawn)
    assert box is not None
    assert path is not None
    top, width, height = map(float, box.groups())
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d", path[1])]
    assert -1 <= min(numbers[::2]) <= max(numbers[::2]) <= width + 1
    assert top - 1 <= min(numbers[1::2]) <= max(numbers[1::2]) <= top + height + 1


def test_a_subscript_reaches_below_the_line() -> None:
    below = [float(re.search(r"vertical-align:(.+?)em", svg(one))[1]) for one in ("x", "x_y")]  # type: ignore[index]
    assert below[1] < -0.1 < below[0]


def test_a_formula_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(ValueError, match="nosuchcommand"):
        svg(r"\nosuchcommand{x}")


def test_docstrings_become_restructuredtext() -> None:
    docstring = """\
Make |x| of (b, *space), as `a * b` says.

    made = make(*x)

    more

Args:
    one: Shape (c, *space).

        Not code.
Returns:
    Mind: no type.
Source:
    Somebody, eq. 1."""
    assert prepared(docstring.splitlines()) == [
        r"Make \|x\| of (b, \*space), as `a * b` says.",
        "",
        ".. code-block:: python",
        "",
        "    made = make(*x)",
        "",
        "    more",
        "",
        "Args:",
        r"    one: Shape (c, \*space).",
        "",
        "        Not code.",
        ":Returns:",
        "    Mind: no type.",
        ":Source:",
        "    Somebody, eq. 1.",
    ]


def test_the_command_line_is_told_completely() -> None:
    told = reference()
    for command in ("stylize", "synthesize", "train", "export", "rerun", "units occlude"):
        assert f"## impasto {command}\n" in told
    stylize = told.partition("## impasto stylize\n")[2].partition("\n## ")[0]
    for field in dataclasses.fields(StylizeSettings):
        assert f"\n`{option(field.name)} " in stylize, field.name
    lines = told.splitlines()
    terms = [number for number, line in enumerate(lines) if line.startswith("`") and line[1] != "`"]
    assert len(terms) > 150
    assert all(lines[number + 1].startswith(": ") for number in terms)


def test_every_setting_is_told() -> None:
    told = "\n".join(attributes(StylizeSettings))
    for field in dataclasses.fields(StylizeSettings):
        assert f"    {field.name} ({field.default!r}): " in told


def test_what_would_be_fetched_is_found(tmp_path: Path) -> None:
    (tmp_path / "good.html").write_text(
        '<a href="https://x.org">far</a><img src="a.png"><script src="_static/a.js"></script>'
    )
    (tmp_path / "bad.html").write_text('<script async src="https://x.org/a.js"></script>')
    (tmp_path / "bad.css").write_text("p { background: url(//x.org/a.png) }")
    assert [one.partition(":")[0] for one in fetched(tmp_path)] == ["bad.css", "bad.html"]
