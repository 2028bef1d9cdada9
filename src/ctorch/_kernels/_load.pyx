"""Finds the kernels that were built for the widest vectors of this CPU.

Families are loaded when they are first asked for, so that `import ctorch` stays quick.
"""
import importlib
import os

from cpython.pycapsule cimport PyCapsule_GetPointer

cdef extern from *:
    """
    #if defined(__x86_64__) || defined(__i386__)
    static const char *ct_cpu_width(void) {
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
            __builtin_cpu_supports("avx512cd"))
            return "_avx512";
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
            return "_avx2";
        return "_base";
    }
    #else
    static const char *ct_cpu_width(void) { return "_base"; }
    #endif
    """
    const char* ct_cpu_width()

NAMES = {"default": "_base", "avx2": "_avx2", "avx512": "_avx512"}


cdef str choose_width():
    cdef str asked = os.environ.get("CTORCH_CPU_CAPABILITY", "")
    cdef str have = ct_cpu_width().decode()
    if not asked:
        return have
    if asked not in NAMES:
        raise ImportError(f"CTORCH_CPU_CAPABILITY is {asked!r}; expected one of {sorted(NAMES)}")
    # "_base" < "_avx2" < "_avx512": never wider than the CPU
    order = list(NAMES.values())
    return order[min(order.index(NAMES[asked]), order.index(have))]


width = choose_width()
cdef dict tables = {}


cdef void* kernel_table(str family) except NULL:
    # The pointer in the capsule `kernels` of ctorch._kernels.<width>.<family>.
    capsule = tables.get(family)
    if capsule is None:
        capsule = tables[family] = importlib.import_module(f"ctorch._kernels.{width}.{family}").kernels
    return PyCapsule_GetPointer(capsule, b"ctorch.kernels")


def get_cpu_capability():
    """Vector width in use: ``"DEFAULT"``, ``"AVX2"`` or ``"AVX512"``.

    The environment variable ``CTORCH_CPU_CAPABILITY`` (default, avx2, avx512) lowers it.
    """
    return {"_base": "DEFAULT", "_avx2": "AVX2", "_avx512": "AVX512"}[width]
