"""The dtypes in which kernels calculate, as C knows them."""
from dataclasses import dataclass

from .expression import OF_HEADER, OF_SCIPY


@dataclass(frozen=True)
class Target:
    """One compute dtype: its name, the suffix of its C functions, its C type and its category."""

    name: str
    suffix: str
    c: str
    category: str

    @property
    def complex(self) -> bool:
        return self.category == "complex"

    @property
    def real(self) -> "Target":
        return BY_NAME[{"complex64": "float32", "complex128": "float64"}[self.name]] if self.complex else self


TARGETS = [
    Target("float32", "f32", "float", "float"),
    Target("float64", "f64", "double", "float"),
    Target("uint8", "u8", "uint8_t", "int"),
    Target("int32", "i32", "int32_t", "int"),
    Target("int64", "i64", "int64_t", "int"),
    Target("uint64", "u64", "uint64_t", "int"),
    Target("complex64", "c64", "c64", "complex"),
    Target("complex128", "c128", "c128", "complex"),
]
BY_NAME = {t.name: t for t in TARGETS}
BOOL = Target("bool", "u8", "uint8_t", "bool")
BITS = Target("float16", "b16", "uint16_t", "int")       # the bits of either half type, for rows that say how

# Kernels are split over modules by these groups, so that a build runs in parallel.
GROUPS = {"real": ["float32", "float64", "float16", "bfloat16"], "int": ["uint8", "int32", "int64", "uint64"],
          "complex": ["complex64", "complex128"]}

# The half types, for functions of whole arrays in vmath_block.h; elsewhere they are cast.
HALVES = [Target("float16", "f16", "uint16_t", "float"), Target("bfloat16", "bf16", "uint16_t", "float")]
OF_BLOCKS = ("exp", "log", "log2", "log10", "tanh", "sqrt", "gelu", "sigmoid", "silu", "reciprocal", "square", "floor",
             "ceil", "trunc")
OF_PAIRS = ("add", "sub", "mul", "div")          # those of two arrays or of an array and a number, in half_pairs.h
OF_DIVISIONS = ("floordiv", "truncdiv", "remainder", "fmod", "gcd", "lcm")       # of integers, in divisions.h

PREAMBLE = """\
# generated from ops/*.toml
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint64_t
from libc.math cimport INFINITY, NAN

from ctorch._iterator cimport LoopKernel, Scalar

ctypedef float complex c64
ctypedef double complex c128

cdef extern from "loops.h" nogil:
"""


def view_declarations(suffixes) -> str:
    """Macros that make typed memoryviews of a line of memory, contiguous and strided, on the stack."""
    lines = []
    for suffix in sorted(suffixes):
        c = next(t.c for t in (*TARGETS, *HALVES, BITS) if t.suffix == suffix)
        lines.append(f"    {c}[::1] line_{suffix} \"CT_LINE\" (void* p, Py_ssize_t n, Py_ssize_t stride)")
        lines.append(f"    {c}[:] strided_{suffix} \"CT_LINE\" (void* p, Py_ssize_t n, Py_ssize_t stride)")
    return "\n".join(lines) + "\n"


def c_declarations(used) -> str:
    """Prototypes of the maths functions that expressions called: {(name, number of arguments, target, result)}."""
    lines = [""]
    for header, chosen in (("maths.h", {u for u in used if u[0] not in OF_HEADER}),
                           ("special.h", {u for u in used if u[0] in OF_HEADER})):
        lines += [f"cdef extern from \"{header}\" nogil:"] if chosen else []
        for name, count, target, result in sorted(chosen, key=lambda u: (u[0], u[2].name)):
            first = "int" if name == "blend" else target.c
            lines.append(f"    {result.c} ct_{name}_{target.suffix}({', '.join([first] + [target.c] * (count - 1))})")
    if any(u[0] in OF_SCIPY for u in used):
        lines += ["cdef extern from \"special.h\":", "    int ct_scipy_load(object functions) except -1",
                  "from scipy.special import cython_special",
                  "ct_scipy_load(cython_special.__pyx_capi__)"]
    return "\n".join(lines) + "\n" if used else "\n"


def block_declarations(blocks) -> str:
    """Prototypes of functions of whole arrays: {(name, target, how many numbers follow the array, -1: an array)}."""
    lines = []
    for name, t, numbers in sorted(blocks, key=lambda b: (b[0], b[1].name)):
        header = ("vmath_block.h" if name in OF_BLOCKS else "half_pairs.h" if name in OF_PAIRS else
                  "divisions.h" if name in OF_DIVISIONS else "vmath_power.h" if "pow" in name else "special.h")
        more = "".join(f", {t.c} number{i}" for i in range(numbers)) if numbers >= 0 else f", const {t.c}* z"
        more = f", int64_t x_step{more}, int64_t z_step" if name in OF_PAIRS else more
        lines += [f'cdef extern from "{header}" nogil:',
                  f"    void ct_v{name}_{t.suffix}(const {t.c}* x{more}, {t.c}* y, int64_t n)"]
    return "\n".join(lines) + "\n" if blocks else ""
