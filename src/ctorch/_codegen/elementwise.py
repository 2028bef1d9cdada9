"""Writes the CPU kernels of the elementwise rows: forward and gradients, one scalar expression each."""
import ast
from dataclasses import dataclass, replace

from . import expression
from .table import Row
from .targets import (
    BITS,
    BOOL,
    BY_NAME,
    GROUPS,
    HALVES,
    OF_BLOCKS,
    OF_DIVISIONS,
    OF_PAIRS,
    PREAMBLE,
    TARGETS,
    block_declarations,
    c_declarations,
    view_declarations,
)

REAL_OF_COMPLEX = ("abs", "angle", "real", "imag")
TESTS = ("isinf", "signbit")
# Functions that the headers also have for whole contiguous arrays, as ct_v<name>_<suffix>(from, to, n).
BLOCKS = {f"{name}(x)": name for name in expression.ARRAYS}
HALF_BLOCKS = {f"{name}(x)": name for name in OF_BLOCKS} | {"x * sigmoid(x)": "silu", "1 / x": "reciprocal",
                                                            "x * x": "square"}
# The same for one array and a number, as ct_v<name>_<suffix>(from, number, parameters..., to, n), of real and complex
# numbers.
RIGHT_BLOCKS = {"polynomial(x, degree, which)": "polynomial", "pow(x, exponent)": "pow"}
LEFT_BLOCKS = {"pow(x, exponent)": "rpow"}          # the number first, of real numbers
# Functions that cost no more than the memory they read, so that a number beside a line has a loop of its own.
CHEAP = {"conj", "maximum", "minimum", "shift_left", "shift_right", "truncdiv"}
# The same for two arrays, as ct_v<name>_<suffix>(from, from, to, n), of these dtypes; of the half types a step of 0 or
# 1 follows each array.
PAIR_BLOCKS = {f"{name}(x, other)": (name, GROUPS["int"]) for name in OF_DIVISIONS}
PAIR_BLOCKS |= {f"{name}(x, other)": (name, ["float32", "float64"]) for name in ("igamma", "igammac")}
PAIR_BLOCKS |= {f"x {sign} other": (name, [half.name for half in HALVES]) for sign, name in zip("+-*/", OF_PAIRS)}
OF_SECONDS = ("seconds",)    # in the place of a set of numbers: the loop over lines of every second element
LOOPS = {(): "_lines", (0,): "_left", (1,): "_right", OF_SECONDS: "_seconds"}       # by the inputs that are numbers
EXACT = 1 << 16          # of an entry's numbers, past the sets of four inputs: none is rounded to the loop's dtype
SECONDS = 1 << 17        # and: both inputs may be every second element of memory


@dataclass(frozen=True)
class Operation:
    """One elementwise loop: a row's forward, or the gradient of one of its arguments."""

    name: str
    row: Row
    inputs: tuple[str, ...]
    text: str
    out: str
    fixed: tuple[str | None, ...]
    gradient_of: str | None = None

    @property
    def enum(self) -> str:
        return "OP_" + self.name.lstrip("_").upper()


def enum(row: Row) -> str:
    """The number of a row's forward."""
    return "OP_" + row.name.lstrip("_").upper()


def operations(rows: dict[str, Row]) -> list[Operation]:
    """All loops of the table in the order of their numbers; gradients that only pass g on have none."""
    found = []
    for row in rows.values():
        if row.kind != "elementwise":
            continue
        inputs = tuple(a.name for a in row.tensors)
        found.append(Operation(row.name, row, inputs, row.forward, row.out,
                               tuple(a.fixed_dtype for a in row.tensors)))
        for arg, text in row.grad.items():
            if text != "g":
                found.append(gradient(row, arg, text))
    return found


def gradient(row: Row, arg: str, text: str) -> Operation:
    """The loop of one gradient: g first, then what the formula reads."""
    read = expression.names(text)
    order = ["g", "y", *(a.name for a in row.tensors)]
    fixed = {a.name: a.fixed_dtype for a in row.tensors}
    if "g" not in read:
        raise ValueError(f"{row.name}: grad.{arg} does not read g")
    inputs = tuple(n for n in order if n in read)
    return Operation(f"{row.name}_grad_{arg}", row, inputs, text, "same", tuple(fixed.get(n) for n in inputs), arg)


def reads_mask(row: Row, text: str) -> int:
    """Which saved tensors a gradient reads: bit 0 the output, bit 1 + k the tensor argument k."""
    read = expression.names(text)
    return sum(1 << i for i, n in enumerate(["y", *(a.name for a in row.tensors)]) if n in read)


def keeps_bool(op: Operation) -> bool:
    """True where bytes of 0 and 1 give such bytes, so that bool needs no cast."""
    if "bool" not in op.row.dtypes or op.gradient_of:
        return False
    picks = (ast.BitAnd, ast.BitOr, ast.BitXor)
    safe = all(not isinstance(node, ast.BinOp) or isinstance(node.op, picks)
               for node in ast.walk(expression.parse(op.text)))
    return op.out == "bool" or (safe and expression.functions(op.text) <= {"maximum", "minimum"})


def supports(op: Operation, target) -> bool:
    """True where the loop exists for a compute dtype."""
    if target is BITS:
        return op.gradient_of is None and "bits" in op.row.extra
    if target in HALVES:
        return op.text in HALF_BLOCKS or pair_block_of(op, target) is not None
    if op.gradient_of and target.category == "int":
        return False
    only = op.row.extra.get("compute")
    if only and target.name not in only.split():
        return False
    return target.category in op.row.dtypes or (target.category == "int" and op.row.dtypes == ["bool"])


def block_of(op: Operation, target) -> str | None:
    """The function for whole arrays that does a contiguous line, if there is one."""
    return (HALF_BLOCKS if target in HALVES else BLOCKS).get(op.text) if target.category == "float" else None


def pair_block_of(op: Operation, target) -> str | None:
    """The same of two arrays."""
    name, dtypes = PAIR_BLOCKS.get(op.text, (None, ()))
    return name if target.name in dtypes else None


def has_right_block(op: Operation, target) -> bool:
    """True where a contiguous line and a number are."""
    return op.text in RIGHT_BLOCKS and target.category != "int"


def has_left_block(op: Operation, target) -> bool:
    """True where a number and a contiguous line are."""
    return op.text in LEFT_BLOCKS and target.category == "float"


class Module:
    """One generated kernel module: functions, their table, and what they need declared."""

    def __init__(self):
        self.body, self.entries, self.used, self.suffixes, self.blocks = [], [], set(), set(), set()

    def add(self, op: Operation, target) -> None:
        if target is BITS:
            op = replace(op, text=op.row.extra["bits"])
        result = {"same": target, "bool": BOOL, "real": target.real}[op.out]
        printer = expression.Cython(target)
        value = printer.text(op.text)
        for name, count in printer.used:
            returns = target.real if target.complex and name in REAL_OF_COMPLEX else target
            returns = BOOL if name in TESTS else returns
            self.used.add((name, count, target, returns))
        types = [BY_NAME.get(f, BOOL) if f else target for f in op.fixed]
        if block_of(op, target):
            self.blocks.add((block_of(op, target), target, 0))
        elif pair_block_of(op, target):
            self.blocks.add((pair_block_of(op, target), target, -1))
        elif has_right_block(op, target):
            self.blocks.add((RIGHT_BLOCKS[op.text], target, 1 + len(op.row.params)))
            if has_left_block(op, target):
                self.blocks.add((LEFT_BLOCKS[op.text], target, 1))
        name = f"{op.name}_{target.suffix}"
        self.suffixes |= {result.suffix, *(t.suffix for t in types)}
        self.body.append(loop_text(name, op, target, result, types, value))
        numbers = sum(1 << sum(1 << k for k in chosen) for chosen in numbers_of(op, target))
        if target in HALVES and len(op.inputs) > 1:
            numbers |= EXACT
        if takes_seconds(op, target):
            numbers |= SECONDS
        self.entries += [(op.name, dtype.upper(), name, numbers) for dtype in read_as(op, target)]

    def text(self) -> str:
        lines = [PREAMBLE, view_declarations(self.suffixes), c_declarations(self.used),
                 block_declarations(self.blocks), "from ctorch._gen.dtypes cimport *",
                 "from ctorch._kernels.entries cimport KernelEntry", "", *self.body,
                 f"cdef KernelEntry entries[{len(self.entries) + 1}]"]
        for i, (op, dtype, name, numbers) in enumerate(self.entries):
            lines += [f'entries[{i}].op, entries[{i}].dtype, entries[{i}].numbers, entries[{i}].kernel = '
                      f'b"{op}", {dtype}, {numbers}, {name}']
        lines += [f"entries[{len(self.entries)}].kernel = NULL",
                  "kernels = PyCapsule_New(&entries[0], b\"ctorch.kernels\", NULL)", ""]
        return "\n".join(lines)


def read_as(op: Operation, target) -> list[str]:
    """The dtypes whose elements a loop reads as they are."""
    if target is BITS:
        return ["float16", "bfloat16"]
    return [target.name, "bool"] if target.name == "uint8" and keeps_bool(op) else [target.name]


def numbers_of(op: Operation, target) -> list[tuple[int, ...]]:
    """Sets of inputs, large ones first, that may be single numbers, read once, where that is worth a loop of its own:
    one of two, or those that the row says."""
    if op.gradient_of or block_of(op, target):
        return []
    if len(op.inputs) != 2:
        sets = [name.split() for name in op.row.extra.get("numbers", "").split(",") if name]
        return sorted((tuple(sorted(map(op.inputs.index, names))) for names in sets), key=len, reverse=True)
    if has_right_block(op, target):
        return [(0,), (1,)] if has_left_block(op, target) else [(1,)]
    arrays = pair_block_of(op, target) and target not in HALVES
    return [(0,), (1,)] if expression.functions(op.text) <= CHEAP and not arrays else []


def takes_seconds(op: Operation, target) -> bool:
    """True where a loop of its own over two lines of every second element, as pairs have them, takes a fifth less time
    than copies of such lines: elements of four bytes or more, of which little is calculated."""
    small = target in HALVES or target.suffix in ("u8", "b16")
    return not small and not any(op.fixed) and len(op.inputs) == 2 and numbers_of(op, target) == [(0,), (1,)] \
        and not has_right_block(op, target)


def special_loops(op: Operation, target) -> list:
    """What a loop over lines has others beside it for: the sets of numbers, and OF_SECONDS."""
    return [*numbers_of(op, target), *([OF_SECONDS] if takes_seconds(op, target) else [])]


def loop_name(chosen) -> str:
    """What the loop is called in which these inputs are numbers."""
    return LOOPS.get(chosen, "_numbers" + "".join(map(str, chosen)))


def loop_text(name, op, target, result, types, value) -> str:
    """The inline function of one element, its loops over dense lines, and the kernel that chooses among them."""
    params = [a.name for a in op.row.params if a.name in expression.names(op.text)]
    arguments = ", ".join([f"{t.c} {n}" for n, t in zip(op.inputs, types)] + [f"{target.c} {p}" for p in params])
    cast = f"<{result.c}>" if result.c != target.c else ""
    lines = [f"# {op.row.name}: {op.text}"]
    if not block_of(op, target) and not pair_block_of(op, target):
        lines += [f"cdef inline {result.c} {name}_value({arguments}) noexcept nogil:",
                  f"    return {cast}{value}", ""]
    for chosen in [(), *special_loops(op, target)]:
        forms = [None if k in chosen else "::1" for k in range(len(types))]
        declared = [f"{result.c}[::1] out"]
        declared += [f"{t.c}[{f}] {n}" if f else f"{t.c} {n}" for n, t, f in zip(op.inputs, types, forms)]
        declared += [f"{target.c} {p}" for p in params]
        lines += [f"cdef void {name}{loop_name(chosen)}({', '.join(declared)}) noexcept nogil:",
                  *loop_lines(name, op, target, params, chosen), ""]
    return "\n".join([*lines, *kernel_text(name, op, target, result, types, params)])


def loop_lines(name, op, target, params, chosen) -> list[str]:
    """The body of one loop; `chosen` tells which inputs are numbers."""
    if not chosen and block_of(op, target):
        return [f"    ct_v{block_of(op, target)}_{target.suffix}(&x[0], &out[0], out.shape[0])"]
    if pair := pair_block_of(op, target):
        given = ", ".join(f"&{n}[0]" if target not in HALVES else f"&{n}, 0" if k in chosen else f"&{n}[0], 1"
                          for k, n in enumerate(op.inputs))
        return [f"    ct_v{pair}_{target.suffix}({given}, &out[0], out.shape[0])"]
    if chosen == (1,) and has_right_block(op, target):
        given = ", ".join([f"&{op.inputs[0]}[0]", op.inputs[1], *params])
        return [f"    ct_v{RIGHT_BLOCKS[op.text]}_{target.suffix}({given}, &out[0], out.shape[0])"]
    if chosen == (0,) and has_left_block(op, target):
        left, right = op.inputs
        return [f"    ct_v{LEFT_BLOCKS[op.text]}_{target.suffix}(&{right}[0], {left}, &out[0], out.shape[0])"]
    at = "2 * i" if chosen == OF_SECONDS else "i"
    used = [n if k in chosen else f"{n}[{at}]" for k, n in enumerate(op.inputs)]
    return ["    cdef Py_ssize_t i", "    for i in range(out.shape[0]):",
            f"        out[i] = {name}_value({', '.join(used + params)})"]


def kernel_text(name, op, target, result, types, params) -> list[str]:
    """What the driver calls; a step of zero marks the number, one of two elements what is every second."""
    scalar_field = "i" if target.category == "int" else "f"
    all_params = [a.name for a in op.row.params]
    lines = [f"cdef void {name}(char** data, const int64_t* strides, int64_t n, const Scalar* params) noexcept nogil:"]
    for p in params:
        lines.append(f"    cdef {target.c} {p} = <{target.c}>params[{all_params.index(p)}].{scalar_field}")
    choices = special_loops(op, target)
    for chosen in [*choices, ()]:
        given = [f"line_{result.suffix}(data[0], n, sizeof({result.c}))"]
        given += [f"(<{t.c}*>data[{k + 1}])[0]" if k in chosen else
                  f"line_{t.suffix}(data[{k + 1}], n, sizeof({t.c}))" for k, t in enumerate(types)]
        call = f"{name}{loop_name(chosen)}({', '.join(given + params)})"
        if chosen:
            test = " and ".join(f"strides[{k + 1}] == 0" for k in chosen) if chosen != OF_SECONDS else \
                f"strides[1] == 2 * sizeof({target.c})"
            lines.append(f"    {'if' if chosen == choices[0] else 'elif'} {test}:")
        elif choices:
            lines.append("    else:")
        lines.append(f"    {'    ' if choices else ''}{call}")
    return [*lines, ""]


def modules(rows: dict[str, Row]) -> dict[str, str]:
    """Module name -> text, one per family and group of dtypes."""
    built: dict[str, Module] = {}
    for op in operations(rows):
        for group, dtypes in GROUPS.items():
            for target in (t for t in (*TARGETS, *HALVES, BITS) if t.name in dtypes):
                if supports(op, target):
                    built.setdefault(f"_gen_{op.row.family}_{group}", Module()).add(op, target)
    return {name: module.text() for name, module in built.items()}
