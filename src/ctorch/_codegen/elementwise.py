"""Writes the CPU kernels of the elementwise rows: forward and gradients, one scalar expression each."""
from dataclasses import dataclass

from . import expression
from .table import Row
from .targets import BOOL, BY_NAME, GROUPS, PREAMBLE, TARGETS, block_declarations, c_declarations, view_declarations

REAL_OF_COMPLEX = ("abs", "angle", "real", "imag")
TESTS = ("isinf", "signbit")
# Functions that the headers also have for whole contiguous arrays, as ct_v<name>_<suffix>(from, to, n).
BLOCKS = {f"{name}(x)": name for name in expression.ARRAYS}
# The same for one array and a number, as ct_v<name>_<suffix>(from, number, parameters..., to, n), of real and complex
# numbers.
RIGHT_BLOCKS = {"polynomial(x, degree, which)": "polynomial", "pow(x, exponent)": "pow"}
LEFT_BLOCKS = {"pow(x, exponent)": "rpow"}          # the number first, of real numbers
# The same for two arrays, as ct_v<name>_f32(from, from, to, n), of float32 alone.
PAIR_BLOCKS = {"igamma(x, other)": "igamma", "igammac(x, other)": "igammac"}
CHUNK = 256                  # elements of a strided line that are gathered for such a function


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


def supports(op: Operation, target) -> bool:
    """True where the loop exists for a compute dtype."""
    if op.gradient_of and target.category == "int":
        return False
    only = op.row.extra.get("compute")
    if only and target.name not in only.split():
        return False
    return target.category in op.row.dtypes or (target.category == "int" and op.row.dtypes == ["bool"])


def has_block(op: Operation, target) -> bool:
    """True where a contiguous line is one call of a function for whole arrays."""
    return op.text in BLOCKS and target.category == "float"


def has_pair_block(op: Operation, target) -> bool:
    """Whether the loop is done by a function of two arrays."""
    return op.text in PAIR_BLOCKS and target.name == "float32"


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
        result = {"same": target, "bool": BOOL, "real": target.real}[op.out]
        printer = expression.Cython(target)
        value = printer.text(op.text)
        for name, count in printer.used:
            returns = target.real if target.complex and name in REAL_OF_COMPLEX else target
            returns = BOOL if name in TESTS else returns
            self.used.add((name, count, target, returns))
        types = [BY_NAME.get(f, BOOL) if f else target for f in op.fixed]
        if has_block(op, target):
            self.blocks.add((BLOCKS[op.text], target, 0))
        elif has_pair_block(op, target):
            self.blocks.add((PAIR_BLOCKS[op.text], target, -1))
        elif has_right_block(op, target):
            self.blocks.add((RIGHT_BLOCKS[op.text], target, 1 + len(op.row.params)))
            if has_left_block(op, target):
                self.blocks.add((LEFT_BLOCKS[op.text], target, 1))
        name = f"{op.name}_{target.suffix}"
        self.suffixes |= {result.suffix, *(t.suffix for t in types)}
        self.body.append(loop_text(name, op, target, result, types, value))
        self.entries.append((op.name, target.name.upper(), name))

    def text(self) -> str:
        lines = [PREAMBLE, view_declarations(self.suffixes), c_declarations(self.used),
                 block_declarations(self.blocks), "from ctorch._gen.dtypes cimport *",
                 "from ctorch._kernels.entries cimport KernelEntry", "", *self.body,
                 f"cdef KernelEntry entries[{len(self.entries) + 1}]"]
        for i, (op, dtype, name) in enumerate(self.entries):
            lines += [f'entries[{i}].op, entries[{i}].dtype, entries[{i}].kernel = b"{op}", {dtype}, {name}']
        lines += [f"entries[{len(self.entries)}].kernel = NULL",
                  "kernels = PyCapsule_New(&entries[0], b\"ctorch.kernels\", NULL)", ""]
        return "\n".join(lines)


def loop_text(name, op, target, result, types, value) -> str:
    """The inline function of one element, its loops by layout, and the kernel that chooses among them."""
    params = [a.name for a in op.row.params if a.name in expression.names(op.text)]
    scalar_field = "i" if target.category == "int" else "f"
    arguments = ", ".join([f"{t.c} {n}" for n, t in zip(op.inputs, types)] + [f"{target.c} {p}" for p in params])
    cast = f"<{result.c}>" if result.c != target.c else ""
    extra = "".join(f", {p}" for p in params)
    extra_decl = "".join(f", {target.c} {p}" for p in params)
    lines = [f"# {op.row.name}: {op.text}"]
    if not has_block(op, target) and not has_pair_block(op, target):
        lines += [f"cdef inline {result.c} {name}_value({arguments}) noexcept nogil:",
                  f"    return {cast}{value}", ""]
    layouts = [("contiguous", ["::1"] * len(types))]
    if len(types) == 2:
        layouts += [("left", [None, "::1"]), ("right", ["::1", None])]
    elif len(types) == 3 and op.gradient_of is None:
        layouts += [("first", ["::1", None, None]), ("two", ["::1", "::1", None]), ("ends", ["::1", None, "::1"])]
    elif len(types) == 4 and op.gradient_of is None:
        layouts.append(("three", ["::1", "::1", "::1", None]))
    layouts.append(("strided", [":"] * len(types)))
    for layout, forms in layouts:
        out_form = ":" if layout == "strided" else "::1"
        declared = [f"{result.c}[{out_form}] out"]
        declared += [f"{t.c}[{f}] {n}" if f else f"{t.c} {n}" for n, t, f in zip(op.inputs, types, forms)]
        used = ", ".join([f"{n}[i]" if f else n for n, f in zip(op.inputs, forms)])
        head = f"cdef void {name}_{layout}({', '.join(declared)}{extra_decl}) noexcept nogil:"
        if has_block(op, target):
            lines += [head, *block_lines(f"ct_v{BLOCKS[op.text]}_{target.suffix}", target.c, layout), ""]
            continue
        if has_pair_block(op, target):
            call = f"ct_v{PAIR_BLOCKS[op.text]}_{target.suffix}"
            lines += [head, *pair_lines(call, target.c, layout, op.inputs, used.split(", ")), ""]
            continue
        if layout == "right" and has_right_block(op, target):
            call = f"ct_v{RIGHT_BLOCKS[op.text]}_{target.suffix}"
            lines += [head, f"    {call}(&{op.inputs[0]}[0], {used.split(', ')[1]}{extra}, &out[0], out.shape[0])", ""]
            continue
        if layout == "left" and has_left_block(op, target):
            left, right = op.inputs
            call = f"ct_v{LEFT_BLOCKS[op.text]}_{target.suffix}"
            lines += [head, f"    {call}(&{right}[0], {left}, &out[0], out.shape[0])", ""]
            continue
        lines += [head, "    cdef Py_ssize_t i", "    for i in range(out.shape[0]):",
                  f"        out[i] = {name}_value({used}{extra})", ""]
    lines += kernel_text(name, op, target, result, types, params, scalar_field, layouts)
    return "\n".join(lines)


def block_lines(call, ctype, layout) -> list[str]:
    """The body of a loop that a function of whole arrays does; strided lines are gathered first."""
    if layout == "contiguous":
        return [f"    {call}(&x[0], &out[0], out.shape[0])"]
    return [f"    cdef {ctype} chunk[{CHUNK}]", "    cdef Py_ssize_t i = 0, j, m, n = out.shape[0]", "    while i < n:",
            f"        m = n - i if n - i < {CHUNK} else {CHUNK}",
            "        for j in range(m):", "            chunk[j] = x[i + j]",
            f"        {call}(chunk, chunk, m)",
            "        for j in range(m):", "            out[i + j] = chunk[j]", "        i += m"]


def pair_lines(call, ctype, layout, inputs, used) -> list[str]:
    """The same for a function of two arrays; a number that stands for a whole line is repeated."""
    if layout == "contiguous":
        return [f"    {call}(&{inputs[0]}[0], &{inputs[1]}[0], &out[0], out.shape[0])"]
    read = [text.replace("[i]", "[i + j]") for text in used]
    return [f"    cdef {ctype} a[{CHUNK}]", f"    cdef {ctype} b[{CHUNK}]",
            "    cdef Py_ssize_t i = 0, j, m, n = out.shape[0]", "    while i < n:",
            f"        m = n - i if n - i < {CHUNK} else {CHUNK}",
            "        for j in range(m):", f"            a[j], b[j] = {read[0]}, {read[1]}",
            f"        {call}(a, b, a, m)",
            "        for j in range(m):", "            out[i + j] = a[j]", "        i += m"]


def kernel_text(name, op, target, result, types, params, scalar_field, layouts) -> list[str]:
    lines = [f"cdef void {name}(char** data, const int64_t* strides, int64_t n, const Scalar* params) noexcept nogil:"]
    all_params = [a.name for a in op.row.params]
    for p in params:
        lines.append(f"    cdef {target.c} {p} = <{target.c}>params[{all_params.index(p)}].{scalar_field}")
    sizes = [f"sizeof({t.c})" for t in types]
    for layout, forms in layouts:
        if layout == "strided":
            lines.append("    else:")
        else:
            tests = [f"strides[0] == sizeof({result.c})"]
            tests += [f"strides[{k + 1}] == {size if form else 0}" for k, (size, form) in enumerate(zip(sizes, forms))]
            lines.append(f"    {'if' if layout == 'contiguous' else 'elif'} {' and '.join(tests)}:")
        make = "strided" if layout == "strided" else "line"
        given = [f"{make}_{result.suffix}(data[0], n, strides[0])"]
        for k, (t, form) in enumerate(zip(types, forms)):
            given.append(f"{make}_{t.suffix}(data[{k + 1}], n, strides[{k + 1}])" if form
                         else f"(<{t.c}*>data[{k + 1}])[0]")
        given += params
        lines.append(f"        {name}_{layout}({', '.join(given)})")
    return [*lines, ""]


def modules(rows: dict[str, Row]) -> dict[str, str]:
    """Module name -> text, one per family and group of dtypes."""
    built: dict[str, Module] = {}
    for op in operations(rows):
        for group, dtypes in GROUPS.items():
            for target in (t for t in TARGETS if t.name in dtypes):
                if supports(op, target):
                    built.setdefault(f"_gen_{op.row.family}_{group}", Module()).add(op, target)
    return {name: module.text() for name, module in built.items()}
