"""Finds every fault of the table at once: broken rows, names that lead nowhere, rows and helpers without use.

The build stops at rows that are broken in themselves (`table.read`). Here they are compared with the sources that
they name too. Nothing is imported, so that it runs before ctorch is built.
"""
import ast
import re
from collections.abc import Iterator
from pathlib import Path

from . import dtypes, elementwise, expression, functions, reduction, table
from .table import Row

NUMBERS = {"pi", "inf", "nan"}


def faults(package: Path) -> list[str]:
    """A sentence about each fault, with the name of its row or file."""
    dtypes.read(package)
    rows, found = table.load(package)
    sources = Sources(package)
    for row in rows.values():
        found += [f"{row.name}: {what}" for what in row_faults(row, rows, sources)]
    return [*found, *alias_faults(rows, sources), *unused(rows, sources)]


class Sources:
    """What the sources beside the table define, and where they name its rows."""

    def __init__(self, package: Path):
        self.composites = {p.stem: signatures(p) for p in sorted((package / "_composites").glob("*.py"))}
        self.derivatives = [(name, p.name) for p in sorted((package / "_derivatives").glob("*.py"))
                            for name in signatures(p) if not name.startswith("_")]
        self.forwards = {p.stem: set(re.findall(r"^cdef \w+ (\w+)\(", p.read_text(), re.M))
                         for p in sorted((package / "_forward").glob("*.pxd"))}
        self.functions = set(re.findall(r"^def (\w+)\(", (package / "_functions.pyx").read_text(), re.M))
        files = [p for suffix in ("py", "pyx", "pxi", "pxd") for p in package.rglob(f"*.{suffix}")
                 if "_gen" not in str(p.relative_to(package)) and "_codegen" not in p.parts]
        self.words = set()
        for path in files:
            text = path.read_text()
            self.words |= set(re.findall(r"\b(?:OP|REDUCE)_\w+", text))
            self.words |= set(re.findall(r"\b(?:ops|_f|functions|_functions)\.(\w+)", text))
            self.words |= {name for names in re.findall(r"_forward\.\w+ cimport ([\w, ]+)", text)
                           for name in names.split(", ")}


def signatures(path: Path) -> dict[str, list[str]]:
    """The functions of a Python file and the names of their arguments."""
    tree = ast.parse(path.read_text())
    return {f.name: [a.arg for a in (*f.args.posonlyargs, *f.args.args, *f.args.kwonlyargs)]
            for f in tree.body if isinstance(f, ast.FunctionDef)}


def row_faults(row: Row, rows: dict[str, Row], sources: Sources) -> Iterator[str]:
    """What is wrong between a row and the sources that it names."""
    if row.kind == "elementwise":
        yield from elementwise_faults(row, rows)
    elif row.kind == "reduction":
        yield from reduction_faults(row)
        yield from formula_faults(row, rows, sources, {"y", "dim", "keepdim"})
    elif row.kind == "kernel":
        outs = functions.outputs(row)
        yield from formula_faults(row, rows, sources, {*outs, *(f"g_{o}" for o in outs[1:]), "needs"})
        yield from kernel_faults(row, sources)
    elif row.kind == "composite":
        file, functions_there = f"_composites/{row.source}.py", sources.composites.get(row.source, {})
        given, taken = [row.public_names[a.name] for a in row.args], functions_there.get(row.forward)
        if taken is None:
            yield f"forward {row.forward!r} is no function of {file}"
        elif given != taken:
            yield f"takes {', '.join(given)}, but {row.forward} of {file} takes {', '.join(taken)}"


def calls(text: str) -> set[str]:
    """Names of the functions that an expression calls."""
    return expression.called(ast.parse(text))


def elementwise_faults(row: Row, rows: dict[str, Row]) -> Iterator[str]:
    """Derivatives are also code on tensors: each function in them must exist there."""
    known = functions.known_functions(rows)
    for argument, text in row.grad.items():
        try:
            code = expression.Tensors().text(text)
        except expression.ExpressionError:
            continue            # reported with the row itself
        if unknown := calls(code) - known:
            yield f"grad.{argument} needs {', '.join(sorted(unknown))} on tensors, which is no row"
        if "g" not in expression.names(text):
            yield f"grad.{argument} does not read g"


def reduction_faults(row: Row) -> Iterator[str]:
    allowed = {"map": {"x"}, "combine": {"a", "b"}, "post": {"a", "n"}, "identity": {"lowest", "highest"}}
    for key, names in allowed.items():
        text = row.extra.get(key, "0")
        try:
            expression.Tensors().text(text)
            unknown = expression.names(text) - names - NUMBERS
        except expression.ExpressionError as error:
            yield f"{key}: {error}"
            continue
        if unknown:
            yield f"{key} reads unknown {', '.join(sorted(unknown))}"
    if {"float", "complex"} & set(row.dtypes) and row.out == "same" and "x" not in {*row.grad} and not row.reasons:
        yield "has no gradient; write grad.x, or nograd with the reason"


def formula_faults(row: Row, rows: dict[str, Row], sources: Sources, more: set[str]) -> Iterator[str]:
    """Derivatives written on tensors: the names that they read and the functions that they call."""
    tensors = {a.name for a in functions.tensor_args(row)}
    values = {a.name for a in row.args} | {f"{t}_shape" for t in tensors} | {"g"} | more
    for argument, text in row.grad.items():
        try:
            _, reads = functions.translate(row, text, functions.known_functions(rows))
        except SyntaxError as error:
            yield f"cannot parse grad.{argument} = {text!r}: {error.msg}"
            continue
        if unknown := calls(text) - functions.known_functions(rows) - {name for name, _ in sources.derivatives}:
            yield (f"grad.{argument} calls {', '.join(sorted(unknown))}, which is no row, no helper and no function of "
                   "_derivatives")
        reads -= {"derivatives", *functions.known_functions(rows)}
        if reads - values:
            yield f"grad.{argument} reads unknown {', '.join(sorted(reads - values))}"


def kernel_faults(row: Row, sources: Sources) -> Iterator[str]:
    module = row.extra.get("module")
    if module and module not in sources.forwards:
        yield f"module {module!r} is no file of _forward"
    elif module and row.forward not in sources.forwards[module]:
        yield f"forward {row.forward!r} is not declared in _forward/{module}.pxd"
    if not row.grad and not row.reasons:
        yield "has no gradient; write grad, or nograd with the reason"


def alias_faults(rows: dict[str, Row], sources: Sources) -> Iterator[str]:
    """Names that are given twice."""
    for name in rows.keys() & sources.functions:
        yield f"{name}: _functions.pyx has a function of this name"
    for key, own in (("alias", lambda row: row.alias), ("method_alias", lambda row: row.extra.get("method_alias", []))):
        taken = {name: name for name in rows} | dict.fromkeys(sources.functions, "_functions.pyx")
        for row in rows.values():
            for name in own(row):
                if name in taken:
                    yield f"{row.name}: {key} {name!r} is already a name of {taken[name]}"
                taken[name] = row.name


def unused(rows: dict[str, Row], sources: Sources) -> Iterator[str]:
    """Private rows that nothing calls, and functions written for rows that no row names."""
    called = {"conj"}                           # public by itself
    for row in rows.values():
        for text in (*row.grad.values(), row.extra.get("tangent", "0")):
            try:
                called |= calls(expression.Tensors().text(text) if row.kind == "elementwise" else text)
            except (expression.ExpressionError, SyntaxError):
                continue
    for row in rows.values():
        enum = reduction.enum(row) if row.kind == "reduction" else elementwise.enum(row)
        if not row.public and not {row.name, enum, *row.alias} & (called | sources.words):
            yield f"{row.name}: is private and nothing calls it"
    forwards = {row.forward for row in rows.values()}
    for name in functions.HELPERS:
        if name not in called:
            yield f"_codegen/functions.py: no formula calls the helper {name}"
    seen = {}
    for name, file in sources.derivatives:
        if name not in called:
            yield f"_derivatives/{file}: no formula calls {name}"
        if seen.setdefault(name, file) != file:
            yield f"_derivatives/{file}: {name} is in {seen[name]} too"
    for family, found in sources.composites.items():
        forwards_there = {row.forward for row in rows.values() if row.source == family}
        for name in found:
            if not name.startswith("_") and name not in forwards_there:
                yield f"_composites/{family}.py: no row names {name}"
    for module, names in sources.forwards.items():
        for name in sorted(names - forwards - sources.words):
            if name.endswith("_forward"):
                yield f"_forward/{module}.pxd: no row names {name}"
