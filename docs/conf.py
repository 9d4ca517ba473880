"""The site: `sphinx-build -W --keep-going -n docs docs/_build`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

project = "ganzoo"
author = "The ganzoo developers"
html_title = "ganzoo"
html_theme = "furo"
html_copy_source = False
html_show_sphinx = False
exclude_patterns = ["_build", "_ext", "jupyter_execute"]

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "ganzoo_reference",
    "ganzoo_tables",
]

nb_execution_mode = "off"  # notebooks are committed with their outputs
myst_heading_anchors = 3  # links to headings, as on a code host

# Docstrings are read in a terminal too: `name` in single backticks is code, and a link if it is a
# public name.
default_role = "name"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_class_signature = "mixed"
python_maximum_signature_line_length = 88
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = False
toc_object_entries_show_parents = "hide"

# Names of other libraries are not linked. Every name of ganzoo must be found.
FOREIGN = (
    "PIL abc collections contextlib importlib nn pathlib pluggy pydantic pytest rich torch typing "
    "unittest"
)
nitpick_ignore_regex = [
    ("py:.*", rf"({FOREIGN.replace(' ', '|')})\..*"),
    ("py:class", r"optional|Module|Tensor|Dataset|Path"),
]

rst_prolog = """
.. |br| raw:: html

   <br>
"""
