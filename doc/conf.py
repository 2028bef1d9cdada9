"""Configuration of the manual: `make docs`."""
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "ctorch"
author = "ctorch contributors"
copyright = "2026, ctorch contributors"
declared = tomllib.loads((HERE.parent / "pyproject.toml").read_text())
version = release = declared["project"]["version"]

extensions = ["sphinx.ext.autodoc", "sphinx.ext.mathjax", "numpydoc", "operators"]
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
default_role = "code"
exclude_patterns = ["_ext"]

html_theme = "alabaster"
html_theme_options = {
    "description": declared["project"]["description"],
    "fixed_sidebar": True,
    "page_width": "1100px",
    "sidebar_width": "240px",
    "font_family": "Georgia, serif",
    "code_font_size": "0.85em",
}
