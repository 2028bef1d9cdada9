"""Writes rows.h: what binding.h needs to call the rows' functions and methods, with their docstrings."""
from dataclasses import dataclass

from . import table
from .table import Arg, Row


@dataclass(frozen=True)
class Entry:
    """What a call is bound by: a row, or its in-place form."""

    row: Row
    inplace: bool = False

    @property
    def name(self) -> str:
        return self.row.name + "_" * self.inplace


def entries(rows: dict[str, Row]) -> list[Entry]:
    """Every row and in-place form, in the order of their numbers."""
    found = []
    for row in rows.values():
        found.append(Entry(row))
        if row.changes or (row.inplace and method_names(row)):
            found.append(Entry(row, True))
    return found


def method_names(row: Row) -> list[str]:
    """The methods of Tensor that a row makes, in place as well where it can."""
    if not row.method or not row.public:
        return []
    names = row.method_names
    return names + ([f"{name}_" for name in names] if row.inplace or row.changes else [])


def signature(row: Row, method: bool, first: str) -> str:
    """The parameter list in PyTorch's spelling."""
    def spell(a: Arg) -> str:
        return row.public_names[a.name] + (f"={a.default}" if a.default is not None else "")
    return table.signature(row, method, spell, first, "out=None")


def page(row: Row) -> str:
    """PyTorch's name of the operator, as its manual lists it."""
    return row.torch or f"torch.{row.name}"


def link(row: Row) -> str:
    if page(row).startswith("torch.special."):       # one page for all of them
        return f"https://docs.pytorch.org/docs/stable/special.html#{page(row)}"
    return f"https://docs.pytorch.org/docs/stable/generated/{page(row)}.html"


def docstring(entry: Entry) -> str:
    row = entry.row
    if entry.inplace:
        return f"In-place form of ``{row.name}``."
    text = [row.doc, "", f"See {link(row)}"]
    if example := row.extra.get("example"):
        text += ["", "Examples", "--------", ">>> import ctorch", *example.strip().splitlines()]
    return "\n".join(text)


def quoted(text: str) -> str:
    """A text as C's string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def parameters(row: Row) -> list[tuple[str, str | None]]:
    """Names and defaults, as Python's source, of all parameters of a row's function."""
    found = [(row.public_names[a.name], a.default) for a in row.args]
    return [*found, ("out", "None")] if row.writes_out else found


def defaults(rows: dict[str, Row]) -> list[str]:
    """The source of each default; the place 0 says that there is none."""
    return ["None", *dict.fromkeys(text for row in rows.values() for _, text in parameters(row) if text is not None)]


# What a parameter must be, as binding.h checks it.
KINDS = {"int": "i", "dim": "i", "float": "f", "bool": "b", "str": "s", "Tensor": "t", "Scalar": "n", "dims": "d",
         "Tensors": "l", "dtype": "y"}


def kinds(row: Row) -> str:
    """A letter for each parameter, large where it may be None as well, '-' for what the body looks at itself.

    Private rows are called with what public ones have checked. Elementwise rows take numbers for tensors.
    """
    if row.name.startswith("_"):
        return "-" * len(parameters(row))
    known = {name: letter for name, letter in KINDS.items() if name != "Tensor" or row.kind != "elementwise"}
    found = [(known.get(a.type.rstrip("?"), "-"), a) for a in row.args]
    return "".join(letter.upper() if a.optional else letter for letter, a in found) + "-" * row.writes_out


def c_row(entry: Entry, names: list[str], values: list[str]) -> str:
    row = entry.row
    given = parameters(row)
    positional = sum(not a.keyword for a in row.args)
    needed = [i for i, (_, default) in enumerate(given) if default is None]
    letters = kinds(row)
    checked = sum(1 << i for i, letter in enumerate(letters) if letter != "-")
    places = ", ".join(str(names.index(name)) for name, _ in given)
    chosen = ", ".join("0" if default is None else str(values.index(default, 1)) for _, default in given)
    return (f"    {{{quoted(entry.name)}, {len(given)}, {positional}, {needed[-1] + 1 if needed else 0}, "
            f"{int(row.writes_out)}, {checked}, {quoted(letters)}, {{{places}}}, {{{chosen}}}}},")


def rows_h(rows: dict[str, Row]) -> str:
    """The rows' parameters, and Python's tables of their functions and methods."""
    found, values = entries(rows), defaults(rows)
    names = list(dict.fromkeys(name for row in rows.values() for name, _ in parameters(row)))
    lines = ["/* generated from ops/*.toml */",
             f"enum {{ CT_MOST = {max(len(parameters(row)) for row in rows.values())}, CT_NAMES = {len(names)} }};",
             '#include "binding.h"', "", "static const char *const ct_spelled[CT_NAMES] = {",
             *(f"    {quoted(name)}," for name in names), "};", "static ct_row ct_rows[] = {",
             *(c_row(entry, names, values) for entry in found), "};"]
    functions, methods = [], []
    for i, entry in enumerate(found):
        row = entry.row
        # A row with several typed forms has no one signature that tools could compare with them.
        forms = "forms" in row.extra
        first, end = ("self", ")\n\n") if forms else ("$self", ")\n--\n\n")
        if not entry.inplace or row.changes:
            lines.append(f"CT_FUNCTION({i})")
            functions.append((entry.name, f"function, {i}", signature(row, False, first) + end + docstring(entry)))
        if row.method and row.public:
            lines.append(f"CT_METHOD({i})")
            methods += [(name + "_" * entry.inplace, f"method, {i}", signature(row, True, first) + end
                         + docstring(entry)) for name in row.method_names]
    for kind, written in (("functions", functions), ("methods", methods)):
        lines.append(f"static PyMethodDef ct_{kind}[] = {{")
        lines += [f"    CT_ENTRY({quoted(name)}, {which}, {quoted(f'{name}({doc}')})," for name, which, doc in written]
        lines += ["    {NULL}", "};"]
    return "\n".join([*lines, ""])
