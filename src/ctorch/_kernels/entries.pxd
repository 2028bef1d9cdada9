# What the generated kernel modules hand to the drivers. Rows are named, not numbered: a new row builds its own module
# again and no other.
from libc.stdint cimport int64_t

from ctorch._iterator cimport LoopKernel

cdef struct KernelEntry:
    const char* op
    int dtype
    int numbers                      # bit k: input k may be a number, told by a step of zero; EXACT; SECONDS
    LoopKernel kernel                # for dense lines

cdef struct ReduceKernels:
    const char* op
    int dtype
    int result
    int state_size
    bint seconds                     # `inner` takes every second element of memory as it lies
    void (*inner)(void* state, char* x, int64_t stride, int64_t n) noexcept nogil
    void (*lines)(void* state, char* x, int64_t line_stride, int64_t lines, int64_t n) noexcept nogil
    void (*outer)(void* state, char* x, int64_t row_stride, int64_t rows, int64_t stride, int64_t n) noexcept nogil
    void (*init)(void* state, int64_t n) noexcept nogil
    void (*merge)(void* state, const void* other, int64_t n) noexcept nogil
    void (*finish)(void* state, char* out, int64_t stride, int64_t k, int64_t count) noexcept nogil
