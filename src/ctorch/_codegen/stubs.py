"""Writes __init__.pyi, the types of the public names: those of the rows, put into what surface.pyi says by hand."""
import re
from pathlib import Path

from . import table
from .table import Arg, Row

# The types of arguments in rows, as annotations.
TYPES = {
    "Tensor": "Tensor", "Tensor?": "Tensor | None", "Tensor[bool]": "Tensor", "Scalar": "_Number",
    "Scalar?": "_Number | None", "int": "_int", "int?": "_int | None", "float": "_float", "float?": "_float | None",
    "bool": "_bool", "bool?": "_bool | None", "str": "str", "str?": "str | None", "dim": "_int",
    "dim?": "_int | None", "dims": "_Dims", "dims?": "_Dims | None", "dtype?": "_DType | None",
    "operand": "Tensor | _Number", "operand?": "Tensor | _Number | None", "order": "_float | str | None",
    "Tensors": "Sequence[Tensor]", "object": "Any",
}
OPERATORS = {"": "add sub mul truediv floordiv mod and or xor", "r": "add sub mul truediv floordiv mod and or xor",
             "i": "add sub mul truediv floordiv mod and or xor"}
COMPARISONS = "eq ne lt le gt ge"
CREATION = ("dtype: _DType | None = None", "device: _Place | None = None", "requires_grad: _bool = False")
REST = ("out: Tensor | None = None", "layout: _Layout | None = None", "pin_memory: _bool = False")
LIKE = (*CREATION, "memory_format: Any = None", "layout: _Layout | None = None", "pin_memory: _bool = False")
RANDOM = "generator: Generator | None = None"


def annotation(row: Row, arg: Arg) -> str:
    """The type of an argument; beside a tensor, elementwise rows take numbers as well."""
    if row.kind == "elementwise" and arg.type == "Tensor" and len(row.tensors) > 1 and arg is not row.args[0]:
        return "Tensor | _Number"
    return TYPES[arg.type]


def signature(row: Row, method: bool) -> str:
    """The parameters with their types."""
    def spell(arg: Arg) -> str:
        default = f" = {arg.default}" if arg.default is not None else ""
        return f"{row.public_names[arg.name]}: {annotation(row, arg)}{default}"
    return table.signature(row, method, spell, "self", f"out: {result(row)} | None = None")


def definition(name: str, parameters: str, result: str, indent: str = "") -> str:
    return f"{indent}def {name}({parameters}) -> {result}: ..."


def result(row: Row) -> str:
    return row.extra.get("returns", "Tensor")


def spelled(text: str) -> str:
    """A signature for readers: without the private names of types."""
    names = {"_Number": "Number", "_int": "int", "_float": "float", "_bool": "bool", "_DType": "dtype",
             "_Dims": "int | Sequence[int]", "_Extremum": "(values, indices)",
             "_Extent": "(min, max)", "_Histogram": "(hist, bin_edges)"}
    return re.sub(r"\b_\w+", lambda match: names[match[0]], text)


def overloads(row: Row, name: str, method: bool, indent: str) -> list[str]:
    """The forms of a row: the one of its arguments, or those that it lists because their results differ."""
    forms = row.extra.get("forms")
    if forms is None:
        return [definition(name, signature(row, method), result(row), indent)]
    lines = []
    for form in forms:
        text = form.replace("input: Tensor", "self", 1) if method else form
        lines += [f"{indent}@overload", f"{indent}def {name}{text}: ..."]
    return lines


def functions(rows: dict[str, Row]) -> list[str]:
    return [line for row in rows.values() if row.public for name in (row.name, *row.alias)
            for line in overloads(row, name, False, "")]


def methods(rows: dict[str, Row]) -> list[str]:
    lines = []
    for row in rows.values():
        if not row.method or not row.public:
            continue
        names = row.method_names
        lines += [line for name in names for line in overloads(row, name, True, "    ")]
        if row.inplace or row.changes:
            lines += [definition(f"{name}_", signature(row, True), "Self", "    ") for name in names]
    return lines


def operators(rows: dict[str, Row]) -> list[str]:
    """Tensor's arithmetic and comparison with tensors and numbers."""
    lines = [definition(f"__{side}{name}__", "self, other: Tensor | _Number, /", "Self" if side == "i" else "Tensor",
                        "    ")
             for side, names in OPERATORS.items() for name in names.split()]
    for name in COMPARISONS.split():
        line = definition(f"__{name}__", "self, other: Tensor | _Number, /", "Tensor", "    ")
        lines.append(line + ("  # type: ignore[override]" if name in ("eq", "ne") else ""))
    return lines


def dtype_names(types: dict) -> list[str]:
    return [f"{name}: dtype" for key, row in types.items() for name in (key, *row.get("alias", ()))]


def sized(name: str, options: tuple[str, ...]) -> list[str]:
    """A function that takes sizes one by one or as a sequence."""
    rest = ", ".join(options)
    return ["@overload", definition(name, f"*size: _int, {rest}", "Tensor"),
            "@overload", definition(name, f"size: Sequence[_int], /, *, {rest}", "Tensor")]


def creation() -> list[str]:
    """Functions that make tensors; all take the same options."""
    options = (*CREATION, *REST)
    rest, like, random = ", ".join(options), ", ".join(LIKE), ", ".join((RANDOM, *options))
    lines = sized("empty", (*options, "memory_format: Any = None")) + sized("zeros", options) + sized("ones", options)
    lines += sized("rand", (RANDOM, *options)) + sized("randn", (RANDOM, *options))
    lines += [definition("full", f"size: _Dims, fill_value: _Number, *, {rest}", "Tensor"),
              definition("eye", f"n: _int, m: _int | None = None, *, {rest}", "Tensor"),
              definition("linspace", f"start: _float, end: _float, steps: _int, *, {rest}", "Tensor"),
              definition("randperm", f"n: _int, *, {random}", "Tensor")]
    lines += ["@overload", definition("arange", f"end: _float, *, {rest}", "Tensor"),
              "@overload", definition("arange", f"start: _float, end: _float, step: _float = 1, *, {rest}", "Tensor"),
              "@overload", definition("randint", f"high: _int, size: Sequence[_int], *, {random}", "Tensor"),
              "@overload", definition("randint", f"low: _int, high: _int, size: Sequence[_int], *, {random}", "Tensor")]
    lines += [definition(f"{name}_like", f"input: Tensor, *, {like}", "Tensor") for name in ("empty", "zeros", "ones")]
    lines += [definition(f"{name}_like", f"input: Tensor, *, {', '.join((RANDOM, *LIKE))}", "Tensor")
              for name in ("rand", "randn")]
    lines += [definition("full_like", f"input: Tensor, fill_value: _Number, *, {like}", "Tensor"),
              "@overload", definition("randint_like", f"input: Tensor, high: _int, *, {RANDOM}, {like}", "Tensor"),
              "@overload",
              definition("randint_like", f"input: Tensor, low: _int, high: _int, *, {RANDOM}, {like}", "Tensor")]
    return lines


def modules(package: Path) -> list[str]:
    """The public modules of the package, which are its attributes too."""
    found = {p.parent.name for p in package.glob("*/__init__.py")} | {p.stem for p in package.glob("*.py")}
    return [f"from ctorch import {name} as {name}" for name in sorted(found) if not name.startswith("_")]


def in_place(package: Path) -> list[str]:
    """The functions that __init__ finds among the methods."""
    names = re.search(r'_IN_PLACE = frozenset\("""(.*?)"""', (package / "__init__.py").read_text(), re.DOTALL)[1]
    return [f"{name} = Tensor.{name}" for name in names.split()]


def stub(package: Path, types: dict, rows: dict[str, Row]) -> str:
    """The text of __init__.pyi."""
    made = {"modules": modules(package), "functions": functions(rows), "methods": methods(rows),
            "operators": operators(rows), "dtypes": dtype_names(types), "creation": creation(),
            "in place": in_place(package)}
    lines = ["# generated from ops/*.toml and surface.pyi"]
    for line in Path(__file__).with_name("surface.pyi").read_text().splitlines():
        _, mark, part = line.partition("# made: ")
        lines += made.pop(part) if mark else [line]
    if made:
        raise ValueError(f"surface.pyi has no place for {', '.join(made)}")
    return "\n".join([*lines, ""])
