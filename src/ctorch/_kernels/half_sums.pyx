"""Sums of lines of float16 and bfloat16 without a line of floats between."""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t

from ctorch._kernels.half_sums cimport HalfSums

cdef extern from "half_sums.h" nogil:
    void add_lines_f16 "ct_add_lines_f16" (void* sums, const char* x, int64_t line_stride, int64_t lines, int64_t n)
    void add_lines_bf16 "ct_add_lines_bf16" (void* sums, const char* x, int64_t line_stride, int64_t lines, int64_t n)

cdef HalfSums table
table.float16 = add_lines_f16
table.bfloat16 = add_lines_bf16
kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
