"""Writes the CPU kernels of the reduction rows from their map, combine and post expressions.

A reduction keeps a state per result. `inner` folds a line of elements into one state, with independent lanes so
that it vectorises in a fixed order, `lines` does so for many short ones; `outer` folds rows into a line of states;
`merge` joins states of parts that were computed apart; `finish` turns states into results.
"""
import re

from . import expression
from .table import Row
from .targets import BOOL, BY_NAME, GROUPS, PREAMBLE, TARGETS, c_declarations, view_declarations

COLUMNS = 1024                       # as in _reduce.pyx
KERNELS = ("inner", "lines", "outer", "init", "merge", "finish")
STATES = {"bool": "uint8", "count": "int64"}
WIDER = {"float32": "float64", "complex64": "complex128", "uint8": "int64", "int32": "int64"}
# Combinations to which an element that comes again adds nothing.
IDEMPOTENT = ("maximum(a, b)", "minimum(a, b)", "a | b", "a & b")


def enum(row: Row) -> str:
    return "REDUCE_" + row.name.upper()


def state_of(row: Row, target):
    """The dtype of the state: wider than the elements where rounding would build up."""
    if row.extra.get("state") == "wide":
        return BY_NAME[WIDER.get(target.name, target.name)]
    if row.extra.get("state") in STATES:
        return BY_NAME[STATES[row.extra["state"]]]
    return target


class Printer:
    """The expressions of one row for one dtype."""

    def __init__(self, row: Row, target):
        self.target, self.state = target, state_of(row, target)
        # integers overflow their own dtype at once, so they are folded in the state's; floats widen block by block
        self.lane = target if target.category != "int" and row.extra.get("state") not in STATES else self.state
        if row.extra.get("state") == "count" or (target.name == "uint8" and row.extra["combine"] == "a + b"):
            self.lane = BY_NAME["int32"]         # a block of bytes or ones does not overflow it
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


def halvings(width: int, fold: str, element: str, last: int = 1) -> str:
    """Lanes folded onto each other, and what is left of the line joining them where it has as many elements.

    Written out, since loops of unknown length would cost more than they add up; and no load is wider than the last
    store there, for which it would have to wait.
    """
    out = ""
    while width > last:
        width //= 2
        out += f"""\
    for j in range({width}):
        lanes[j] = {fold.format(f"lanes[j + {width}]")}
    if n & {width}:
        for j in range({width}):
            lanes[j] = {fold.format(element)}
        i += {width}
"""
    return out


def extremum(row: Row) -> str:
    """Which of maximum and minimum a row folds by, if one."""
    found = re.match(r"(maximum|minimum)\(", row.extra["combine"])
    return found[1] if found else ""


def folds(row: Row, p: Printer, name: str) -> str:
    """What one element, one lane and four elements at once do to a state."""
    t, s, lane = p.target.c, p.state.c, p.lane.c
    four = ", ".join(f"{name}_map({x})" for x in ("x", "y", "z", "w"))
    if extremum(row) and p.target.category == "float":
        p.used.add((extremum(row) + "_of", 5, p.lane, p.lane))
        four = f"ct_{extremum(row)}_of_{p.lane.suffix}(a, {four})"
    else:
        first, second = four.split(", ")[:2], four.split(", ")[2:]
        first, second = (f"{name}_combine({', '.join(pair)})" for pair in (first, second))
        four = f"{name}_combine(a, {name}_combine({first}, {second}))"
    return f"""\
cdef inline {lane} {name}_map({t} x) noexcept nogil:
    return {p.map if p.lane is p.target else f"<{lane}>{p.map}"}

cdef inline {lane} {name}_combine({lane} a, {lane} b) noexcept nogil:
    return {p.combine}

cdef inline {lane} {name}_four({lane} a, {t} x, {t} y, {t} z, {t} w) noexcept nogil:
    return {four}

cdef inline {s} {name}_combine_state({s} a, {s} b) noexcept nogil:
    return {p.combine_state}

cdef inline {s} {name}_widen({lane} a) noexcept nogil:
    return {convert(p.lane, p.state)}

"""


def lanes_of(target) -> int:
    """Of a dense line: few, so that four rows of them are read in an order that the processor foresees."""
    return 64 if target.name == "uint8" else 32


def four_rows(target, statement) -> str:
    """A loop over four rows of lanes, `statement` with the lane and the first of four elements, as memory lies.

    Each vector of lanes, of 64 bytes, takes the next four of them: elements further apart would be read slower.
    """
    width = lanes_of(target)
    vector = min(width, 512 // int(re.sub(r"\D", "", target.name)))
    out = f"    while i + {4 * width} <= n:\n"
    for first in range(0, width, vector):
        elements = [f"i + j + {4 * first + k * vector}" for k in range(4)]
        out += f"        for j in range({vector}):\n            {statement(f'lanes[j + {first}]', elements)}\n"
    return out + f"        i += {4 * width}\n"


def lines(row: Row, p: Printer, name: str) -> str:
    """Functions that fold a line into one lane: a dense long one, a dense short one, every second of a dense one."""
    t, lane, width = p.target.c, p.lane.c, lanes_of(p.target)
    fold, element = f"{name}_combine(lanes[j], {{}})", f"{name}_map(x[i + j])"
    first = f"{name}_combine({p.identity}, {name}_map(x[j]))"        # a mere copy would be made in narrower vectors

    def long_line(what, note, last, result):
        return f"""\
cdef {lane} {name}_{what}(const {t}* x, Py_ssize_t n) noexcept nogil:
    # n >= {width}; {note}
    cdef {lane} lanes[{width}]
    cdef Py_ssize_t i = {width}, j
    for j in range({width}):
        lanes[j] = {first}
{four_rows(p.target, lambda lane, four: f"{lane} = {name}_four({lane}, {', '.join(f'x[{e}]' for e in four)})")}\
    while i + {width} <= n:
        for j in range({width}):
            lanes[j] = {fold.format(element)}
        i += {width}
{halvings(width, fold, element, last)}    return {result}

"""

    dense = long_line("line", "four vectors to each of lanes: these are seldom loaded and stored", 1, "lanes[0]")
    if p.target.complex and (row.extra.get("map", "x"), row.extra["combine"]) == ("x", "a + b"):
        dense = line_of_pairs(name, p.target)
    if takes_seconds(row, p.target):
        dense += long_line("seconds", "even, and x[n] joins; what the others come to is of no use, but quicker than to "
                           "leave them out", 2, f"{name}_combine(lanes[0], {name}_map(x[n]))")
    return dense + f"""\
cdef inline {lane} {name}_line16(const {t}* x, Py_ssize_t n) noexcept nogil:
    # 16 <= n < {width}
    cdef {lane} lanes[16]
    cdef Py_ssize_t i = 16, j
    for j in range(16):
        lanes[j] = {first}
    while i + 16 <= n:
        for j in range(16):
            lanes[j] = {fold.format(element)}
        i += 16
{halvings(16, fold, element)}    return lanes[0]

"""


def takes_seconds(row: Row, target) -> bool:
    """Whether every second element of a line is best folded with those between them, of which nothing is taken."""
    return target.category == "float" and expression.functions(row.extra.get("map", "x")) <= {"abs"}


def line_of_pairs(name: str, target) -> str:
    """The sum of a line of complex numbers as that of real ones, which vectorises: every second is a real part."""
    real, width = target.real.c, lanes_of(target)
    four = four_rows(target.real, lambda lane, at: f"{lane} += (v[{at[0]}] + v[{at[1]}]) + (v[{at[2]}] + v[{at[3]}])")
    return f"""\
cdef {target.c} {name}_line(const {target.c}* x, Py_ssize_t n) noexcept nogil:
    cdef {real} lanes[{width}]
    cdef const {real}* v = <const {real}*>x
    cdef Py_ssize_t i = {width}, j
    n *= 2
    for j in range({width}):
        lanes[j] = <{real}>0 + v[j]
{four}\
    while i + {width} <= n:
        for j in range({width}):
            lanes[j] += v[i + j]
        i += {width}
{halvings(width, "lanes[j] + {}", "v[i + j]", 2)}    return ct_complex_{target.suffix}(lanes[0], lanes[1])

"""


def along_lines(row: Row, p: Printer, name: str) -> str:
    """`inner` and `lines`: lines of elements, each into one state."""
    t, s, lane, suffix, width = p.target.c, p.state.c, p.lane.c, p.target.suffix, lanes_of(p.target)
    block = 4096 if p.state is not p.lane else 1 << 62
    dense, seconds = f"stride == sizeof({t})", ""
    if takes_seconds(row, p.target):
        dense += f" or stride == 2 * sizeof({t})"
        seconds = f"""\
        elif stride == 2 * sizeof({t}) and m > {width // 2 if extremum(row) else width}:
            b = {name}_seconds(<const {t}*>(x + start * stride), 2 * (m - 1))
"""
    return f"""\
cdef void {name}_lines(void* state, char* x, int64_t line_stride, int64_t lines, int64_t n) noexcept nogil:
    cdef {s}* a = <{s}*>state
    cdef {lane} b
    cdef int64_t k
    for k in range(lines):
        if n >= {width}:
            b = {name}_line(<const {t}*>(x + k * line_stride), n)
        else:
            b = {name}_line16(<const {t}*>(x + k * line_stride), n)
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
    cdef int64_t step = {block} if {dense} else 256
    while start < n:
        m = n - start if n - start < step else step
        if stride == sizeof({t}) and m >= {width}:
            b = {name}_line(<const {t}*>(x + start * stride), m)
        elif stride == sizeof({t}) and m >= 16:
            b = {name}_line16(<const {t}*>(x + start * stride), m)
{seconds}\
        else:
            b = {name}_short(strided_{suffix}(x + start * stride, m, stride))
        a[0] = {name}_combine_state(a[0], {name}_widen(b))
        start += m

"""


def along_rows(row: Row, p: Printer, name: str) -> str:
    """`outer`: rows into a line of states, eight at once where they are dense."""
    t, s, lane = p.target.c, p.state.c, p.lane.c
    one = f"""\
                for j in range(n):
                    lanes[j] = {name}_combine(lanes[j], {name}_map(x0[j]))
"""
    pairs = p.target.complex and (row.extra.get("map", "x"), row.extra["combine"]) == ("x", "a + b")
    eight = f"""\
                for j in range(n):
                    lanes[j] = {name}_four({name}_four(lanes[j], x0[j], x1[j], x2[j], x3[j]),
                                           x4[j], x5[j], x6[j], x7[j])
"""
    if pairs:
        t = p.target.real.c
        one = """\
                for j in range(2 * n):
                    sums[j] += x0[j]
"""
        eight = """\
                for j in range(2 * n):
                    sums[j] = (sums[j] + ((x0[j] + x1[j]) + (x2[j] + x3[j]))) + ((x4[j] + x5[j]) + (x6[j] + x7[j]))
"""
    pointers = "".join(f"    cdef const {t}* x{k}\n" for k in range(8))
    places = "".join(f"                x{k} = <const {t}*>(x + (i + {k}) * row_stride)\n" for k in range(8))
    return f"""\
cdef void {name}_row({lane}* a, {p.target.c}[:] x) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(x.shape[0]):
        a[j] = {name}_combine(a[j], {name}_map(x[j]))

cdef void {name}_outer(void* state, char* x, int64_t row_stride, int64_t rows, int64_t stride,
                       int64_t n) noexcept nogil:
    # n <= {COLUMNS} columns; rows are folded in lanes first, then into the states
    cdef {lane} lanes[{COLUMNS}]
{f"    cdef {t}* sums = <{t}*>lanes" + chr(10) if pairs else ""}\
    cdef {s}* a = <{s}*>state
{pointers}    cdef int64_t i = 0, j, end
    while i < rows:
        end = i + 128 if i + 128 < rows else rows
        if row_stride == 0 and i > 0 and end - i == 128:        # the same row as often as before
            i = end
        else:
            for j in range(n):
                lanes[j] = {p.identity}
        if stride == sizeof({p.target.c}):
            while i + 8 <= end:
{places}{eight}                i += 8
            while i < end:
                x0 = <const {t}*>(x + i * row_stride)
{one}                i += 1
        while i < end:
            {name}_row(lanes, strided_{p.target.suffix}(x + i * row_stride, n, stride))
            i += 1
        for j in range(n):
            a[j] = {name}_combine_state(a[j], {name}_widen(lanes[j]))

"""


def states(p: Printer, name: str) -> str:
    """`init` and `merge`."""
    s = p.state.c
    return f"""\
cdef void {name}_init(void* state, int64_t n) noexcept nogil:
    cdef int64_t j
    for j in range(n):
        (<{s}*>state)[j] = {p.identity_state}

cdef void {name}_merge(void* state, const void* other, int64_t n) noexcept nogil:
    cdef int64_t j
    for j in range(n):
        (<{s}*>state)[j] = {name}_combine_state((<{s}*>state)[j], (<{s}*>other)[j])

"""


def finish(row: Row, p: Printer, name: str) -> str:
    s, to = p.state.c, result(row, p.target)
    return f"""\
cdef inline {to.c} {name}_result({s} a, {s} n) noexcept nogil:
    a = {p.post}
    return {convert(p.state, to)}

cdef void {name}_finish(void* state, char* out, int64_t stride, int64_t k, int64_t count) noexcept nogil:
    cdef int64_t j
    cdef {s} n = <{s}>count
    if stride == sizeof({to.c}):
        for j in range(k):
            (<{to.c}*>out)[j] = {name}_result((<{s}*>state)[j], n)
    else:
        for j in range(k):
            (<{to.c}*>(out + j * stride))[0] = {name}_result((<{s}*>state)[j], n)

"""


def kernels(row: Row, p: Printer, name: str, twin: str) -> str:
    """The functions of one row for one dtype; all but the last are those of `twin`, where there is one."""
    rest = "" if twin else "".join([folds(row, p, name), lines(row, p, name), along_lines(row, p, name),
                                    along_rows(row, p, name), states(p, name)])
    return (f"# {row.name}: {row.extra.get('map', 'x')} | {row.extra['combine']} | {row.extra.get('post', 'a')}\n"
            + rest + finish(row, p, name))


def convert(frm, to) -> str:
    """a in another dtype: complex numbers by parts, since Cython makes NaN of them where one is infinite."""
    if frm is to:
        return "a"
    if to.complex:
        return f"ct_complex_{to.suffix}(<{to.real.c}>a.real, <{to.real.c}>a.imag)"
    return f"<{to.c}>a"


def counted(row: Row):
    """The categories of dtypes whose results are int64."""
    return row.dtypes if row.out == "int64" else ("bool", "int") if "ints" in row.extra else ()


def result(row: Row, target):
    """The dtype that `finish` writes."""
    if row.out == "bool":
        return BOOL
    return BY_NAME["int64"] if target.category in counted(row) else target


def modules(rows: dict[str, Row]) -> dict[str, str]:
    """Module name -> text, one per group of dtypes."""
    out = {}
    for group, dtypes in GROUPS.items():
        body, fills, used, suffixes, first = [], [], set(), set(), {}
        for row in (r for r in rows.values() if r.kind == "reduction"):
            for target in (t for t in TARGETS if t.name in dtypes and t.category in row.dtypes):
                p, name = Printer(row, target), f"{row.name}_{target.suffix}"
                alike = (target, p.map, p.combine, p.identity, p.state)
                twin = first.get(alike, "")
                body.append(kernels(row, p, name, twin))
                used |= p.used
                suffixes |= {target.suffix, p.lane.suffix, p.state.suffix}
                fields = ", ".join(f"table[{len(fills)}].{f}" for f in KERNELS)
                parts = ", ".join(f"{twin if twin and f != 'finish' else name}_{f}" for f in KERNELS)
                first.setdefault(alike, name)
                fills.append(f"table[{len(fills)}].op, table[{len(fills)}].dtype = "
                             f'b"{row.name}", {target.name.upper()}\n'
                             f"{fields} = {parts}\n"
                             f"table[{len(fills)}].state_size = sizeof({p.state.c})\n"
                             f"table[{len(fills)}].seconds = {takes_seconds(row, target)}\n"
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
