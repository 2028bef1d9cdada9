"""Reads ops.toml into checked rows. Needs neither ctorch nor anything outside the standard library."""
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from . import expression

KINDS = ("elementwise", "reduction", "kernel", "composite")
CATEGORIES = ("bool", "int", "float", "complex")
DEFAULT = object()


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
    inplace: bool = True
    public: bool = True
    alias: list[str] = field(default_factory=list)
    torch: str = ""
    extra: dict = field(default_factory=dict)

    @property
    def tensors(self) -> list[Arg]:
        return [a for a in self.args if a.is_tensor]

    @property
    def params(self) -> list[Arg]:
        """What kernels take beside tensors; a scaled operand's factor is applied before."""
        return [a for a in self.args if not a.is_tensor and not ("scaled" in self.extra and a.name == "alpha")]

    @property
    def public_names(self) -> dict[str, str]:
        """Argument names as PyTorch spells them: the first tensor, x in formulas, is `input`."""
        return {a.name: "input" if i == 0 and a.name == "x" else a.name for i, a in enumerate(self.args)}


def parse_args(text: str, row: str) -> list[Arg]:
    """Arguments of a row, written `x: Tensor, dim: int = -1, *, dtype: dtype? = None`."""
    args, keyword, depth, part = [], False, 0, ""
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
            raise TableError(f"{row}: cannot read argument {p!r}; write `name: type = default`")
        args.append(Arg(match[1], match[2], match[3], keyword))
    return args


def make_row(name: str, data: dict) -> Row:
    known = {"kind", "args", "doc", "forward", "dtypes", "out", "family", "grad", "promote", "method", "inplace",
             "public", "alias", "torch"}
    data = dict(data)
    extra = {k: data.pop(k) for k in list(data) if k not in known}
    row = Row(name=name, kind=data.pop("kind", ""), args=parse_args(data.pop("args", ""), name),
              doc=data.pop("doc", ""), forward=data.pop("forward", ""), dtypes=data.pop("dtypes", "").split(),
              extra=extra, **data)
    check(row)
    return row


def check(row: Row) -> None:
    """Raises TableError, naming the row and what is wrong with it."""
    def need(ok, what):
        if not ok:
            raise TableError(f"{row.name}: {what}")

    need(row.kind in KINDS, f"kind is {row.kind!r}, expected one of {', '.join(KINDS)}")
    need(row.args, "has no args")
    need(not row.public or row.doc.endswith("."), "doc must be a sentence")
    need(row.forward, "has no forward")
    for c in row.dtypes:
        need(c in CATEGORIES, f"unknown dtype category {c!r}")
    arg_names = {a.name for a in row.args}
    for target in row.grad:
        need(target == "all" or target in {a.name for a in row.args if a.type.startswith("Tensor")},
             f"grad.{target} is not a tensor argument")
    if row.kind != "elementwise":
        return
    need(row.dtypes, "elementwise rows name their dtypes")
    need(row.out in ("same", "bool", "real"), f"out is {row.out!r}, expected same, bool or real")
    known = arg_names | {"pi", "inf", "nan"}
    for text, more in [(row.forward, set()), *((t, {"g", "y"}) for t in row.grad.values())]:
        try:
            unknown = expression.names(text) - known - more
        except expression.ExpressionError as error:
            raise TableError(f"{row.name}: {error}") from None
        need(not unknown, f"{text!r} reads unknown {', '.join(sorted(unknown))}")
    need(row.grad or row.extra.get("nograd") or row.out == "bool" or not {"float", "complex"} & set(row.dtypes),
         "has no gradient; write grad, or nograd with the reason")


def read(package: Path) -> dict[str, Row]:
    """All rows of ops.toml, by name, in order."""
    with open(package / "ops.toml", "rb") as file:
        return {name: make_row(name, data) for name, data in tomllib.load(file).items()}
