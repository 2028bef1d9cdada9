"""The directive `.. operators:: kind`: reference entries made from the rows of ops.toml.

Reads the table itself, not ctorch, so that the page shows what the build reads.
"""
import sys
from pathlib import Path

from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.util.nodes import nested_parse_with_titles

SOURCE = Path(__file__).parents[2] / "src" / "ctorch"
sys.path.insert(0, str(SOURCE))
from _codegen import functions, table  # noqa: E402  (found by the line above)


def entry(row):
    """The lines of one row's entry: signature, meaning, formula, gradient, dtypes, other names, example."""
    yield f".. py:function:: ctorch.{row.name}({functions.signature(row, method=False)})"
    yield ""
    body = [row.doc, ""]
    if row.kind == "elementwise":
        body += [f":Value: ``{row.forward}``"]
    body += [f":Gradient of {name}: ``{text}``" for name, text in row.grad.items()]
    if reason := row.extra.get("nograd"):
        body += [f":Gradient: none; {reason}"]
    if row.dtypes:
        body += [f":Dtypes: {', '.join(row.dtypes)}"]
    if row.alias:
        body += [":Also: " + ", ".join(f"``ctorch.{name}``" for name in row.alias)]
    if example := row.extra.get("example"):
        body += ["", *example.strip().splitlines()]
    for line in body:
        yield f"    {line}" if line else ""
    yield ""


class Operators(Directive):
    """Entries of all public rows of one kind, in alphabetical order."""

    required_arguments = 1

    def run(self):
        settings = self.state.document.settings
        settings.env.note_dependency(str(SOURCE / "ops.toml"))
        rows = [row for row in table.read(SOURCE).values() if row.public and row.kind == self.arguments[0]]
        lines = [line for row in sorted(rows, key=lambda row: row.name) for line in entry(row)]
        node = self.state_machine.node.__class__()
        nested_parse_with_titles(self.state, StringList(lines, "ops.toml"), node)
        return node.children


def setup(app):
    app.add_directive("operators", Operators)
    return {"parallel_read_safe": True}
