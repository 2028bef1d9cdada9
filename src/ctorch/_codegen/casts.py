"""Writes the cast kernels: every dtype to every other."""

# Half types and bool have no C arithmetic of their own; these say how a value is loaded and stored.
LOAD = {"float16": "ct_half_to_f32({x})", "bfloat16": "ct_bfloat16_to_f32({x})"}
STORE = {"float16": "ct_f32_to_half(<float>{v})", "bfloat16": "ct_f32_to_bfloat16(<float>{v})"}
# Conversions that a function does for a whole line, as name(from, to, n).
WHOLE = {("float32", "float16"): "ct_half_to_float", ("float16", "float32"): "ct_float_to_half",
         ("float32", "bfloat16"): "ct_bfloat16_to_float", ("bfloat16", "float32"): "ct_float_to_bfloat16"}


def c_type(name: str) -> str:
    return {"bool": "uint8_t", "float16": "uint16_t", "bfloat16": "uint16_t", "float32": "float",
            "float64": "double", "complex64": "c64", "complex128": "c128"}.get(name, name + "_t")


def convert(to: str, frm: str, rows: dict) -> str:
    """The C expression that turns x of one dtype into another, as PyTorch's conversions behave."""
    value = LOAD.get(frm, "{x}").format(x="x")
    kind_to, kind_from = rows[to]["category"], rows[frm]["category"]
    if to == frm:
        return "x"
    if to == "bool":
        return f"{value} != 0"
    if kind_from == "complex" and kind_to != "complex":
        value = f"{value}.real"
    if kind_to == "int" and kind_from in ("float", "complex"):
        # Through a wide signed integer: negative and large values wrap instead of being undefined.
        value = f"ct_to_{'i32' if rows[to]['size'] < 4 else 'u64' if to == 'uint64' else 'i64'}(<double>{value})" \
            if to != "int32" else f"ct_to_int32(<double>{value})"
    if kind_to == "complex":
        parts = ("x.real", "x.imag") if kind_from == "complex" else (value, "0")
        return f"ct_to_{c_type(to)}({', '.join(parts)})"
    if to in STORE:
        return STORE[to].format(v=value)
    return f"<{c_type(to)}>{value}"


def module(rows: dict) -> str:
    """The text of the module; its table is indexed [to][from]."""
    names = list(rows)
    lines = ["# generated from dtypes.toml", "from cpython.pycapsule cimport PyCapsule_New",
             "from libc.stdint cimport *",
             "from ctorch._gen.dtypes cimport *", "from ctorch._iterator cimport LoopKernel, Scalar", "",
             "ctypedef float complex c64", "ctypedef double complex c128", "",
             'cdef extern from "cast.h" nogil:', "    float ct_half_to_f32(uint16_t)",
             "    uint16_t ct_f32_to_half(float)",
             "    float ct_bfloat16_to_f32(uint16_t)", "    uint16_t ct_f32_to_bfloat16(float)",
             "    int32_t ct_to_int32(double)",
             "    c64 ct_to_c64(float, float)", "    c128 ct_to_c128(double, double)",
             "    int32_t ct_to_i32(double)", "    int64_t ct_to_i64(double)", "    uint64_t ct_to_u64(double)",
             *(f"    void {name}(const {c_type(frm)}* x, {c_type(to)}* y, int64_t n)"
               for (to, frm), name in WHOLE.items()), "",
             'cdef extern from "lines.h" nogil:',
             "    ctypedef void (*Line)(char* to, const char* frm, int64_t n) noexcept",
             "    void ct_cast(Line line, char** data, const int64_t* strides, int64_t n, int to_size, int from_size)",
             "    void ct_cast_twice(Line first, Line second, char* to, const char* frm, int64_t n, int to_size, "
             "int from_size)",
             "    void ct_copy(char** data, const int64_t* strides, int64_t n, int size)", "",
             'cdef extern from "loops.h" nogil:']
    for c in sorted({c_type(n) for n in names}):
        tag = c.removesuffix("_t")
        lines.append(f'    {c}[::1] line_{tag} "CT_LINE" (void* p, Py_ssize_t n, Py_ssize_t stride)')
    lines += ["", "cdef LoopKernel table[DTYPE_COUNT][DTYPE_COUNT]", ""]
    made = {}
    for pair in [(to, frm) for to in names for frm in names]:
        made.setdefault(key_of(*pair, rows), pair)
    for to in names:
        for frm in names:
            first = made[key_of(to, frm, rows)]
            if first == (to, frm):
                lines += kernel(to, frm, rows, made)
            lines.append(f"table[{to.upper()}][{frm.upper()}] = cast_{first[0]}_{first[1]}")
    lines += ["", 'kernels = PyCapsule_New(&table[0][0], b"ctorch.kernels", NULL)', ""]
    return "\n".join(lines)


def key_of(to: str, frm: str, rows: dict) -> tuple:
    """What two casts share that are the same code."""
    return c_type(to), c_type(frm), convert(to, frm, rows)


def kernel(to: str, frm: str, rows: dict, made: dict) -> list[str]:
    """The cast of a dense line, and the kernel for any."""
    name, c_to, c_frm = f"cast_{to}_{frm}", c_type(to), c_type(frm)
    head = f"cdef void {name}(char** data, const int64_t* strides, int64_t n, const Scalar* params) noexcept nogil:"
    if to == frm:
        return [head, f"    ct_copy(data, strides, n, sizeof({c_to}))", ""]
    lines = [f"cdef void {name}_line(char* to, const char* frm, int64_t n) noexcept nogil:"]
    if whole := WHOLE.get((to, frm)):
        lines += [f"    {whole}(<const {c_frm}*>frm, <{c_to}*>to, n)", ""]
    elif to in LOAD or frm in LOAD:          # half types go through float, by casts that are there already
        steps = [made[key_of(*pair, rows)] for pair in (("float32", frm), (to, "float32"))]
        first, second = (f"cast_{a}_{b}_line" for a, b in steps)
        lines += [f"    ct_cast_twice({first}, {second}, to, frm, n, sizeof({c_to}), sizeof({c_frm}))", ""]
    else:
        given = [f"line_{c.removesuffix('_t')}(<void*>{p}, n, sizeof({c}))" for c, p in ((c_to, "to"), (c_frm, "frm"))]
        lines = [f"cdef void {name}_loop({c_to}[::1] out, {c_frm}[::1] v) noexcept nogil:",
                 "    cdef Py_ssize_t i", f"    cdef {c_frm} x", "    for i in range(out.shape[0]):",
                 "        x = v[i]", f"        out[i] = {convert(to, frm, rows)}", "",
                 *lines, f"    {name}_loop({', '.join(given)})", ""]
    return [*lines, head, f"    ct_cast({name}_line, data, strides, n, sizeof({c_to}), sizeof({c_frm}))", ""]
