"""Writes the reference entries of the rows, as reStructuredText; the manual's directives put them on its pages."""
from collections.abc import Iterator

from . import binding, stubs
from .table import Row


def public(rows: dict[str, Row], kind: str | None = None) -> list[Row]:
    """Public rows, all or of one kind, in alphabetical order."""
    return sorted((row for row in rows.values() if row.public and kind in (None, row.kind)), key=lambda row: row.name)


def signatures(row: Row) -> list[str]:
    """Typed signatures: one, or a form for each type of result."""
    forms = row.extra.get("forms") or [f"({stubs.signature(row, method=False)}) -> {stubs.result(row)}"]
    return [f"ctorch.{row.name}{stubs.spelled(form)}" for form in forms]


def dtypes(row: Row) -> str:
    """What a row says of dtypes; composites and kernels take what their parts take."""
    if not row.dtypes:
        return ""
    promoted = "int" not in row.dtypes and "float" in row.dtypes and row.promote and row.kind == "elementwise"
    return ", ".join(row.dtypes) + (" (integers become float)" if promoted else "")


def gradients(row: Row) -> Iterator[tuple[str, str]]:
    """Pairs of an argument and its derivative, or the reason why there is none."""
    names = row.public_names
    for name, text in row.grad.items():
        yield ("all arguments" if name == "all" else f"``{names[name]}``"), f"``{text}``"
    for name, reason in row.reasons.items():
        yield ("all arguments" if name == "all" else f"``{names[name]}``"), f"none; {reason}"


def gradient_cell(row: Row) -> str:
    if row.kind == "composite":
        return "of its parts"
    if row.out in ("bool", "int64") or (row.dtypes and not {"float", "complex"} & set(row.dtypes)):
        return "none"
    return "; ".join(f"{name}: {text}" for name, text in gradients(row))


def overview(rows: dict[str, Row]) -> Iterator[str]:
    """A table of all public rows."""
    yield from (".. list-table::", "    :header-rows: 1", "    :widths: 14 34 18 34", "")
    header = ("Name", "Meaning", "Dtypes", "Gradient")
    cells = [(f":py:func:`{row.name} <ctorch.{row.name}>`", row.doc, dtypes(row), gradient_cell(row))
             for row in public(rows)]
    for line in (header, *cells):
        for i, cell in enumerate(line):
            yield f"    {'* -' if i == 0 else '  -'} {cell}".rstrip()


def entry(row: Row) -> Iterator[str]:
    """The lines of one row's entry: signatures, meaning, formula, gradients, dtypes, other names, example, link."""
    first, *others = signatures(row)
    yield f".. py:function:: {first}"
    yield from (f"                 {other}" for other in others)
    yield ""
    body = [row.doc, ""]
    if row.kind == "elementwise":
        body += [f":Value: ``{row.forward}``"]
    if row.kind == "reduction":
        body += [f":Value: ``{row.extra['combine']}`` over ``{row.extra.get('map', 'x')}``, from "
                 f"``{row.extra['identity']}``" + (f", then ``{row.extra['post']}``" if "post" in row.extra else "")]
    body += [f":Gradient of {name}: {text}" for name, text in gradients(row)]
    if row.dtypes:
        body += [f":Dtypes: {dtypes(row)}"]
    if row.alias:
        body += [":Also: " + ", ".join(f"``ctorch.{name}``" for name in row.alias)]
    if methods := binding.method_names(row):
        body += [":Methods: " + ", ".join(f"``Tensor.{name}``" for name in methods)]
    body += [f":PyTorch: `{binding.page(row)} <{binding.link(row)}>`_"]
    if example := row.extra.get("example"):
        body += ["", *example.strip().splitlines()]
    for line in body:
        yield f"    {line}" if line else ""
    yield ""
