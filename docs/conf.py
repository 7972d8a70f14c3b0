"""How Sphinx makes the book: `make docs`."""

import sys
from importlib.metadata import version as installed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "impasto"
author = "impasto contributors"
copyright = author
release = version = installed("impasto")
repository = "https://github.com/impasto-art/impasto"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
    "command_line",
    "docstrings",
    "formulas",
    "offline",
    "repository",
    "settings_fields",
]
exclude_patterns = ["_ext", "tutorial"]  # the tutorial is run, and lands in course/

# Pages
myst_enable_extensions = ["deflist", "dollarmath"]
myst_heading_anchors = 4
html_math_renderer = "outlines"
default_role = "literal"
smartquotes = False  # they make one dash of the two before an option
highlight_language = "none"

# Docstrings
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_type_aliases = {
    name: name for name in ("Fields", "Mask", "Record", "Region", "Source", "Space", "StyleSource")
}
maximum_signature_line_length = 110
python_use_unqualified_type_names = True
napoleon_custom_sections = [("Attributes", "params_style")]
# Other packages have books of their own, and so has Python; nothing is fetched to link there.
nitpick_ignore_regex = [(r"py:.*", r"(?!impasto\.).*"), (r"py:class", r"impasto\.fast\.recent\..*")]

# The chapters of the tutorial
sphinx_gallery_conf = {
    "examples_dirs": "tutorial",
    "gallery_dirs": "course",
    "within_subsection_order": "FileNameSortKey",
    "abort_on_example_error": True,
    "capture_repr": (),
    "download_all_examples": False,
    "remove_config_comments": True,
    "show_signature": False,
    "write_computation_times": False,
    "plot_gallery": True,
}

# HTML
html_theme = "furo"
html_title = "impasto"
html_static_path = ["_static"]
html_css_files = ["book.css"]
html_show_sphinx = False
html_show_copyright = False
html_theme_options = {
    "footer_icons": [{"name": "GitHub", "url": repository, "html": "GitHub", "class": ""}],
}

# `make linkcheck`
linkcheck_timeout = 20
linkcheck_workers = 4
linkcheck_ignore = [repository + ".*"]  # tests see to these
linkcheck_anchors = False
