"""Directives that make reference entries from the rows of ops/*.toml.

``.. operator-table::`` is one line for each public row; ``.. operators:: kind`` the entries of one kind. They read the
table itself, not ctorch, so that the pages show what the build reads.
"""
import sys
from pathlib import Path

from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.util.nodes import nested_parse_with_titles

SOURCE = Path(__file__).parents[2] / "src" / "ctorch"
sys.path.insert(0, str(SOURCE))
from _codegen import reference, table  # noqa: E402  (found by the line above)


class Rows(Directive):
    """What is made of rows; read again when the table changes."""

    def parsed(self, lines):
        for path in sorted((SOURCE / "ops").glob("*.toml")):
            self.state.document.settings.env.note_dependency(str(path))
        node = self.state_machine.node.__class__()
        nested_parse_with_titles(self.state, StringList(list(lines), "ops"), node)
        return node.children


class Operators(Rows):
    """Entries of all public rows of one kind, in alphabetical order."""

    required_arguments = 1

    def run(self):
        rows = reference.public(table.read(SOURCE), self.arguments[0])
        return self.parsed(line for row in rows for line in reference.entry(row))


class OperatorTable(Rows):
    """One line for each public row."""

    def run(self):
        return self.parsed(reference.overview(table.read(SOURCE)))


def setup(app):
    app.add_directive("operators", Operators)
    app.add_directive("operator-table", OperatorTable)
    return {"parallel_read_safe": True}
