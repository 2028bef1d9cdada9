"""Reads ops/*.toml into checked rows. Needs neither ctorch nor anything outside the standard library."""
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from . import expression

KINDS = ("elementwise", "reduction", "kernel", "composite")
CATEGORIES = ("bool", "int", "float", "complex")
FIELDS = {"kind", "doc", "forward", "out", "family", "grad", "promote", "method", "inplace", "public", "alias", "torch",
          "args", "dtypes"}
# Further keys, by kind, and those among them that a row must have.
COMMON = {"example", "method_alias", "nograd", "title", "returns", "forms"}
WRITING = {"with_out"}
EXTRA = {
    "elementwise": COMMON | {"scaled", "zero_check", "compute", "bits", "numbers", "flat"},
    "reduction": COMMON | WRITING | {"map", "combine", "post", "identity", "state", "ints"},
    "kernel": COMMON | WRITING | {"module", "outputs", "nondiff", "changes", "tangent", "flat", "vmap"},
    "composite": COMMON | WRITING,
}
# how a kernel row runs on batched tensors: see ctorch.func._batching
BATCHING = ("itself", "front", "aligned", "fold", "own", "none")
NEEDED = {"reduction": ("combine", "identity"), "kernel": ("module",)}
ARG_TYPES = {"Tensor", "Tensor?", "Tensor[bool]", "Tensors", "Scalar", "Scalar?", "int", "int?", "float", "float?",
             "bool", "bool?", "str", "str?", "dim", "dim?", "dims", "dims?", "dtype?", "operand", "operand?", "order",
             "object"}


class TableError(ValueError):
    """A row that breaks a rule of the table."""


@dataclass(frozen=True)
class Arg:
    """One argument of an operator: its name, type, default (source text) and whether it is keyword-only."""

    name: str
    type: str
    default: str | None = None
    keyword: bool = False

    @property
    def is_tensor(self) -> bool:
        return self.type.rstrip("?").startswith("Tensor") and not self.type.endswith("[]")

    @property
    def optional(self) -> bool:
        return self.type.endswith("?")

    @property
    def fixed_dtype(self) -> str | None:
        """The dtype in a type like Tensor[bool], which kernels read as it is."""
        match = re.fullmatch(r"Tensor\[(\w+)\]", self.type)
        return match and match[1]


@dataclass
class Row:
    """One operator."""

    name: str
    kind: str
    args: list[Arg]
    doc: str
    forward: str
    dtypes: list[str] = field(default_factory=list)
    out: str = "same"
    family: str = "arithmetic"
    grad: dict[str, str] = field(default_factory=dict)
    promote: bool = True
    method: bool = True
    inplace: bool = False
    public: bool = True
    alias: list[str] = field(default_factory=list)
    torch: str = ""
    source: str = ""
    extra: dict = field(default_factory=dict)

    @property
    def tensors(self) -> list[Arg]:
        return [a for a in self.args if a.is_tensor]

    @property
    def title(self) -> str:
        """What errors and grad_fn call the row."""
        return self.extra.get("title", self.name.lstrip("_"))

    @property
    def method_names(self) -> list[str]:
        """What the methods of Tensor are called, in-place forms apart."""
        return [self.name, *self.extra.get("method_alias", [])]

    @property
    def writes_out(self) -> bool:
        """Whether the function takes `out`."""
        return self.extra.get("with_out", self.kind in ("elementwise", "reduction"))

    @property
    def changes(self) -> bool:
        """Whether the kernel changes its first argument, so that the row has an in-place form for nothing."""
        return self.extra.get("changes", False)

    @property
    def reasons(self) -> dict[str, str]:
        """Why there is no gradient: of an argument by its name, or of any of them by "all"."""
        given = self.extra.get("nograd", {})
        return given if isinstance(given, dict) else {"all": given}

    @property
    def params(self) -> list[Arg]:
        """What kernels take beside tensors; a scaled operand's factor is applied before."""
        return [a for a in self.args if not a.is_tensor and not ("scaled" in self.extra and a.name == "alpha")]

    @property
    def public_names(self) -> dict[str, str]:
        """Argument names as PyTorch spells them: the first tensor, x in formulas, is `input`."""
        return {a.name: "input" if i == 0 and a.name == "x" else a.name for i, a in enumerate(self.args)}


def signature(row: Row, method: bool, spell: Callable[[Arg], str], first: str, out: str) -> str:
    """The parameter list of a row's function, or of its method, whose first parameter is written `first`."""
    parts, star = [], False
    for i, a in enumerate(row.args):
        if a.keyword and not star:
            parts.append("*")
            star = True
        parts.append(first if method and i == 0 else spell(a))
    if not method and row.writes_out:
        parts += [] if star else ["*"]
        parts.append(out)
    return ", ".join(parts)


def parse_args(text: str) -> tuple[list[Arg], list[str]]:
    """Arguments of a row, written `x: Tensor, dim: int = -1, *, dtype: dtype? = None`, and what cannot be read."""
    args, faults, keyword, depth, part = [], [], False, 0, ""
    parts = []
    for c in text + ",":
        if c == "," and depth == 0:
            parts.append(part.strip())
            part = ""
            continue
        depth += (c in "([") - (c in ")]")
        part += c
    for p in filter(None, parts):
        if p == "*":
            keyword = True
            continue
        match = re.fullmatch(r"(\w+)\s*:\s*([\w\[\]?]+)(?:\s*=\s*(.+))?", p)
        if not match:
            faults.append(f"cannot read argument {p!r}; write `name: type = default`")
        elif match[2] not in ARG_TYPES:
            faults.append(f"argument {match[1]} is of unknown type {match[2]}")
        else:
            args.append(Arg(match[1], match[2], match[3], keyword))
    return args, faults if args or faults else ["has no args"]


def make_row(name: str, data: dict, source: str = "arithmetic") -> Row:
    """A row from its keys; raises TableError where it breaks a rule."""
    row, faults = parse_row(name, data, source)
    if faults:
        raise TableError("\n".join(faults))
    return row


def parse_row(name: str, data: dict, source: str) -> tuple[Row, list[str]]:
    """A row from its keys, with a sentence about each rule of the table that it breaks."""
    args, faults = parse_args(data.get("args", ""))
    fields = {k: v for k, v in data.items() if k in FIELDS}
    extra = {k: v for k, v in data.items() if k not in FIELDS}
    row = Row(**{"name": name, "kind": "", "doc": "", "forward": "", "source": source,
                 "inplace": data.get("kind") == "elementwise", **fields,
                 "args": args, "dtypes": data.get("dtypes", "").split(), "extra": extra})
    faults += form_faults(row)
    if not faults and row.kind == "elementwise":
        faults = elementwise_faults(row)
    return row, [f"{name}: {fault}" for fault in faults]


def form_faults(row: Row) -> list[str]:
    """What is wrong with the keys of a row, apart from its expressions."""
    known = EXTRA.get(row.kind, set())
    tensors = {a.name for a in row.args if a.type.startswith("Tensor")}
    results = ("same", "bool", "int64" if row.kind == "reduction" else "real")
    rules = [
        (row.kind in KINDS, f"kind is {row.kind!r}, expected one of {', '.join(KINDS)}"),
        (not row.public or row.doc.endswith("."), "doc must be a sentence"),
        (row.forward, "has no forward"),
        (not row.name.endswith("_"), "ends in an underscore, as only in-place methods do; begin private names with it"),
        (row.kind not in ("elementwise", "reduction") or row.dtypes, f"{row.kind} rows name their dtypes"),
        (row.out in results, f"out is {row.out!r}, expected {', '.join(results[:-1])} or {results[-1]}"),
        *((c in CATEGORIES, f"unknown dtype category {c!r}") for c in row.dtypes),
        *((t == "all" or t in tensors, f"grad.{t} is not a tensor argument") for t in row.grad),
        *((t in tensors, f"nograd.{t} is not a tensor argument") for t in row.reasons if t != "all"),
        *((reason, "nograd gives no reason") for reason in row.reasons.values()),
        *((k in known or row.kind not in KINDS, f"unknown key {k!r}") for k in row.extra),
        (row.extra.get("vmap", "none") in BATCHING, f"vmap is {row.extra.get('vmap')!r}, expected one of "
                                                    f"{', '.join(BATCHING)}"),
        ("tangent" not in row.extra or (row.grad and "outputs" not in row.extra),
         "has a tangent, but no gradient, or several outputs"),
        *((k in row.extra, f"has no {k}") for k in NEEDED.get(row.kind, ())),
    ]
    return [fault for ok, fault in rules if not ok]


def elementwise_faults(row: Row) -> list[str]:
    """What is wrong with the expressions of an elementwise row, and gradients that it lacks."""
    faults = []
    known = {a.name for a in row.args} | {"pi", "inf", "nan"}
    written = [row.forward, *([row.extra["bits"]] if "bits" in row.extra else [])]
    for text, more in [*((t, set()) for t in written), *((t, {"g", "y"}) for t in row.grad.values())]:
        try:
            unknown = expression.names(text) - known - more
            expression.Tensors().text(text)
        except expression.ExpressionError as error:
            faults.append(str(error))
            continue
        if unknown:
            faults.append(f"{text!r} reads unknown {', '.join(sorted(unknown))}")
    if row.out != "bool" and {"float", "complex"} & set(row.dtypes):
        given = {*row.grad, *row.reasons}
        lacking = [a.name for a in row.tensors if not a.fixed_dtype and not {a.name, "all"} & given]
        faults += [f"has no gradient of {name}; write grad.{name}, or nograd with the reason" for name in lacking]
    return faults


def load(package: Path) -> tuple[dict[str, Row], list[str]]:
    """All rows of ops/*.toml, by name, in order, and what is wrong with them."""
    rows, found = {}, []
    for path in sorted((package / "ops").glob("*.toml")):
        for name, data in tomllib.loads(path.read_text()).items():
            row, faults = parse_row(name, data, path.stem)
            if name in rows:
                faults.append(f"{name}: is in {rows[name].source}.toml and in {row.source}.toml")
            rows[name] = row
            found += faults
    return rows, found


def read(package: Path) -> dict[str, Row]:
    """All rows of ops/*.toml; raises TableError with every broken one."""
    rows, faults = load(package)
    if faults:
        raise TableError("\n".join(faults))
    return rows
