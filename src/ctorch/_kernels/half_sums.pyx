"""Sums of lines and rows of float16 and bfloat16 without a line of floats between."""
from cpython.pycapsule cimport PyCapsule_New

from ctorch._kernels.half_sums cimport AddLines, AddRows, HalfSums

cdef extern from "half_sums.h" nogil:
    AddLines add_lines_f16 "ct_add_lines_f16"
    AddLines add_lines_bf16 "ct_add_lines_bf16"
    AddRows add_rows_f16 "ct_add_rows_f16"
    AddRows add_rows_bf16 "ct_add_rows_bf16"

cdef HalfSums table[2]               # float16, bfloat16
table[0].lines, table[0].rows = add_lines_f16, add_rows_f16
table[1].lines, table[1].rows = add_lines_bf16, add_rows_bf16
kernels = PyCapsule_New(&table[0], b"ctorch.kernels", NULL)
