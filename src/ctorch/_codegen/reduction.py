"""Writes the CPU kernels of the reduction rows from their map, combine and post expressions.

A reduction keeps a state per result. `inner` folds a line of elements into one state, with independent lanes so
that it vectorises in a fixed order, `lines` does so for many short ones; `outer` folds rows into a line of states;
`merge` joins states of parts that were computed apart; `finish` turns states into results.
"""
from . import expression
from .table import Row
from .targets import BOOL, BY_NAME, GROUPS, PREAMBLE, TARGETS, c_declarations, view_declarations

LANES = 64
KERNELS = ("inner", "lines", "outer", "init", "merge", "finish")
IDEMPOTENT = ("maximum(a, b)", "minimum(a, b)", "a | b", "a & b")
WIDER = {"float32": "float64", "complex64": "complex128", "uint8": "int64", "int32": "int64"}


def enum(row: Row) -> str:
    return "REDUCE_" + row.name.upper()


def state_of(row: Row, target):
    """The dtype of the state: wider than the elements where rounding would build up."""
    if row.extra.get("state") == "wide":
        return BY_NAME[WIDER.get(target.name, target.name)]
    if row.extra.get("state") == "bool":
        return BY_NAME["uint8"]
    return target


class Printer:
    """The expressions of one row for one dtype."""

    def __init__(self, row: Row, target):
        self.target, self.state = target, state_of(row, target)
        # integers overflow their own dtype at once, so they are folded in the state's; floats widen block by block
        self.lane = target if target.category != "int" and row.extra.get("state") != "bool" else self.state
        if target.name == "uint8" and row.extra["combine"] == "a + b":
            self.lane = BY_NAME["int32"]         # a block of bytes does not overflow it
        self.used = set()
        extra = row.extra
        self.identity = self.print(extra["identity"], self.lane)
        self.identity_state = self.print(extra["identity"], self.state)
        self.map = self.print(extra.get("map", "x"), target)
        self.combine = self.print(extra["combine"], self.lane)
        self.combine_state = self.print(extra["combine"], self.state)
        self.post = self.print(extra.get("post", "a"), self.state)

    def print(self, text, target):
        special = {"lowest": {"f": "(-INFINITY)", "u": "0", "i": f"ct_min_{target.suffix}()"},
                   "highest": {"f": "INFINITY", "u": f"ct_max_{target.suffix}()", "i": f"ct_max_{target.suffix}()"}}
        if text in special:
            return special[text][target.suffix[0]]
        printer = expression.Cython(target)
        value = printer.text(text)
        self.used |= {(n, c, target, target.real if n == "abs" else target) for n, c in printer.used}
        return value


def kernels(row: Row, target) -> tuple[str, Printer]:
    p = Printer(row, target)
    name, t, s, lane = f"{row.name}_{target.suffix}", target.c, p.state.c, p.lane.c
    last = f"{name}_map(x[n - 16 + j])"          # the last 16, some for the second time, which may change nothing
    if row.extra["combine"] not in IDEMPOTENT:
        last = f"({last} if j >= 16 - n + i else {p.identity})"
    rest = f"""\
    if i < n:
        for j in range(16):
            lanes[j] = {name}_combine(lanes[j], {last})
"""
    # written out, since loops of unknown length would cost more than they add up
    fold = "".join(f"    for j in range({width}):\n        lanes[j] = {name}_combine(lanes[j], lanes[j + {width}])\n"
                   for width in (32, 16, 8, 4, 2, 1))
    short_fold = fold[fold.index("    for j in range(8)"):]
    line16 = f"""\
cdef inline {lane} {name}_line16({t}[::1] x) noexcept nogil:
    # 16 <= n < 64
    cdef {lane} lanes[16]
    cdef Py_ssize_t i = 16, j, n = x.shape[0]
    for j in range(16):
        lanes[j] = {name}_map(x[j])
    while i + 16 <= n:
        for j in range(16):
            lanes[j] = {name}_combine(lanes[j], {name}_map(x[i + j]))
        i += 16
{rest}{short_fold}    return lanes[0]

"""
    short = f"{name}_line16"
    if row.extra["combine"] in IDEMPOTENT:
        line16, short = "", f"{name}_line"
    block = 4096 if p.state is not p.lane else 1 << 62
    whole_line = f"""\
cdef {lane} {name}_line({t}[::1] x) noexcept nogil:
    # n >= 16
    cdef {lane} lanes[{LANES}]
    cdef Py_ssize_t i = 0, j, n = x.shape[0]
    for j in range({LANES}):
        lanes[j] = {p.identity}
    while i + {LANES} <= n:
        for j in range({LANES}):
            lanes[j] = {name}_combine(lanes[j], {name}_map(x[i + j]))
        i += {LANES}
    while i + 16 <= n:
        for j in range(16):
            lanes[j] = {name}_combine(lanes[j], {name}_map(x[i + j]))
        i += 16
{rest}{fold}    return lanes[0]

"""
    row_line = f"""\
cdef void {name}_row_line({lane}[::1] a, {t}[::1] x) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(a.shape[0]):
        a[j] = {name}_combine(a[j], {name}_map(x[j]))

"""
    if target.complex and (row.extra.get("map", "x"), row.extra["combine"]) == ("x", "a + b"):
        whole_line, row_line = sums_of_pairs(name, target, fold)
    return f"""\
# {row.name}: {row.extra.get('map', 'x')} | {row.extra['combine']} | {row.extra.get('post', 'a')}
cdef inline {lane} {name}_map({t} x) noexcept nogil:
    return {p.map if p.lane is target else f"<{lane}>{p.map}"}

cdef inline {lane} {name}_combine({lane} a, {lane} b) noexcept nogil:
    return {p.combine}

cdef inline {s} {name}_combine_state({s} a, {s} b) noexcept nogil:
    return {p.combine_state}

cdef inline {s} {name}_widen({lane} a) noexcept nogil:
    return {convert(p.lane, p.state)}

{whole_line}{line16}\
cdef void {name}_lines(void* state, char* x, int64_t line_stride, int64_t lines, int64_t n) noexcept nogil:
    cdef {s}* a = <{s}*>state
    cdef {lane} b
    cdef int64_t k
    for k in range(lines):
        if n >= {LANES}:
            b = {name}_line(line_{target.suffix}(x + k * line_stride, n, 0))
        else:
            b = {short}(line_{target.suffix}(x + k * line_stride, n, 0))
        a[k] = {name}_combine_state(a[k], {name}_widen(b))

cdef {lane} {name}_short({t}[:] x) noexcept nogil:
    # in four parts, which need not wait for each other
    cdef {lane} a = {p.identity}, b = a, c = a, d = a
    cdef Py_ssize_t i = 0, n = x.shape[0]
    while i + 4 <= n:
        a = {name}_combine(a, {name}_map(x[i]))
        b = {name}_combine(b, {name}_map(x[i + 1]))
        c = {name}_combine(c, {name}_map(x[i + 2]))
        d = {name}_combine(d, {name}_map(x[i + 3]))
        i += 4
    while i < n:
        a = {name}_combine(a, {name}_map(x[i]))
        i += 1
    return {name}_combine({name}_combine(a, b), {name}_combine(c, d))

cdef void {name}_inner(void* state, char* x, int64_t stride, int64_t n) noexcept nogil:
    cdef {s}* a = <{s}*>state
    cdef {lane} b
    cdef int64_t start = 0, m
    cdef int64_t step = {block} if stride == sizeof({t}) else 256
    while start < n:
        m = n - start if n - start < step else step
        if stride == sizeof({t}) and m >= {LANES}:
            b = {name}_line(line_{target.suffix}(x + start * stride, m, stride))
        elif stride == sizeof({t}) and m >= 16:
            b = {short}(line_{target.suffix}(x + start * stride, m, stride))
        else:
            b = {name}_short(strided_{target.suffix}(x + start * stride, m, stride))
        a[0] = {name}_combine_state(a[0], {name}_widen(b))
        start += m

cdef void {name}_row({lane}[::1] a, {t}[:] x) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(a.shape[0]):
        a[j] = {name}_combine(a[j], {name}_map(x[j]))

{row_line}cdef void {name}_outer(void* state, char* x, int64_t row_stride, int64_t rows, int64_t stride,
                       int64_t n) noexcept nogil:
    # n <= 256 columns; rows are folded in lanes first, then into the states
    cdef {lane} lanes[256]
    cdef {s}* a = <{s}*>state
    cdef int64_t i = 0, j, end
    while i < rows:
        end = i + 128 if i + 128 < rows else rows
        for j in range(n):
            lanes[j] = {p.identity}
        while i < end:
            if stride == sizeof({t}):
                {name}_row_line(line_{p.lane.suffix}(lanes, n, 0), line_{target.suffix}(x + i * row_stride, n, stride))
            else:
                {name}_row(line_{p.lane.suffix}(lanes, n, 0), strided_{target.suffix}(x + i * row_stride, n, stride))
            i += 1
        for j in range(n):
            a[j] = {name}_combine_state(a[j], {name}_widen(lanes[j]))

cdef void {name}_init(void* state, int64_t n) noexcept nogil:
    cdef int64_t j
    for j in range(n):
        (<{s}*>state)[j] = {p.identity_state}

cdef void {name}_merge(void* state, const void* other, int64_t n) noexcept nogil:
    cdef int64_t j
    for j in range(n):
        (<{s}*>state)[j] = {name}_combine_state((<{s}*>state)[j], (<{s}*>other)[j])

cdef void {name}_finish(void* state, char* out, int64_t stride, int64_t k, int64_t count) noexcept nogil:
    cdef int64_t j
    cdef {s} a
    cdef {s} n = <{s}>count
    for j in range(k):
        a = (<{s}*>state)[j]
        a = {p.post}
        (<{result(row, target).c}*>(out + j * stride))[0] = {convert(p.state, result(row, target))}

""", p


def convert(frm, to) -> str:
    """a in another dtype: complex numbers by parts, since Cython makes NaN of them where one is infinite."""
    if frm is to:
        return "a"
    if to.complex:
        return f"ct_complex_{to.suffix}(<{to.real.c}>a.real, <{to.real.c}>a.imag)"
    return f"<{to.c}>a"


def sums_of_pairs(name: str, target, fold: str) -> tuple[str, str]:
    """Sums of complex numbers as sums of real ones, which vectorise: every second one is a real part."""
    real = target.real.c
    fold = fold[:fold.index("    for j in range(1)")].replace(f"{name}_combine(lanes[j], ", "lanes[j] + (")
    add = "lanes[j] = lanes[j] + v[i + j]"
    line = f"""\
cdef {target.c} {name}_line({target.c}[::1] x) noexcept nogil:
    cdef {real} lanes[{LANES}]
    cdef const {real}* v = <const {real}*>&x[0]
    cdef Py_ssize_t i = 0, j, n = 2 * x.shape[0]
    for j in range({LANES}):
        lanes[j] = 0
    while i + {LANES} <= n:
        for j in range({LANES}):
            {add}
        i += {LANES}
    while i + 16 <= n:
        for j in range(16):
            {add}
        i += 16
    for j in range(n - i):
        {add}
{fold}    return ct_complex_{target.suffix}(lanes[0], lanes[1])

"""
    return line, f"""\
cdef void {name}_row_line({target.c}[::1] a, {target.c}[::1] x) noexcept nogil:
    cdef {real}* sums = <{real}*>&a[0]
    cdef const {real}* v = <const {real}*>&x[0]
    cdef Py_ssize_t j
    for j in range(2 * a.shape[0]):
        sums[j] += v[j]

"""


def result(row: Row, target):
    """The dtype that `finish` writes."""
    if row.out == "bool":
        return BOOL
    if row.extra.get("ints") == "int64" and target.category == "int":
        return BY_NAME["int64"]
    return target


def modules(rows: dict[str, Row]) -> dict[str, str]:
    """Module name -> text, one per group of dtypes."""
    out = {}
    for group, dtypes in GROUPS.items():
        body, fills, used, suffixes = [], [], set(), set()
        for row in (r for r in rows.values() if r.kind == "reduction"):
            for target in (t for t in TARGETS if t.name in dtypes and t.category in row.dtypes):
                text, p = kernels(row, target)
                body.append(text)
                used |= p.used
                suffixes |= {target.suffix, p.lane.suffix, p.state.suffix}
                name = f"{row.name}_{target.suffix}"
                fields = ", ".join(f"table[{len(fills)}].{f}" for f in KERNELS)
                parts = ", ".join(f"{name}_{f}" for f in KERNELS)
                fills.append(f"table[{len(fills)}].op, table[{len(fills)}].dtype = "
                             f'b"{row.name}", {target.name.upper()}\n'
                             f"{fields} = {parts}\n"
                             f"table[{len(fills)}].state_size = sizeof({p.state.c})\n"
                             f"table[{len(fills)}].result = {result(row, target).name.upper()}")
        limits = ['', 'cdef extern from "maths.h" nogil:']
        limits += [f"    {t.c} ct_complex_{t.suffix}({t.real.c}, {t.real.c})" for t in TARGETS if t.complex]
        limits += [f"    {t.c} ct_{m}_{t.suffix}()" for t in TARGETS if t.category == "int" for m in ("min", "max")]
        out[f"_gen_reduce_{group}"] = "\n".join([
            PREAMBLE, view_declarations(suffixes), c_declarations(used), "\n".join(limits), "",
            "from ctorch._gen.dtypes cimport *", "from ctorch._kernels.entries cimport ReduceKernels", "", *body,
            f"cdef ReduceKernels table[{len(fills) + 1}]", *fills, f"table[{len(fills)}].inner = NULL",
            'kernels = PyCapsule_New(&table[0], b"ctorch.kernels", NULL)', ""])
    return out
