"""Evenly spaced numbers, in parts for the threads."""
from libc.stdint cimport int64_t

from ctorch._dispatch cimport cast_to
from ctorch._dtype cimport *
from ctorch._iterator cimport PARALLEL_CHUNK, LoopKernel, cast_kernel, chunk_of
from ctorch._parallel cimport parallel_for
from ctorch._tensor cimport TensorBase, tensor_empty


cdef extern from "ramp.h" nogil:
    void ct_ramp(double* to, double first, double base, double step, int n)
    void ct_whole_ramp(int64_t* to, int64_t first, int64_t step, int64_t n)

cdef enum:
    RAMP_BLOCK = 512                 # numbers that are cast at a time


cdef struct Ramp:
    char* to
    int dtype
    LoopKernel cast                  # from float64
    double first, last, step
    int64_t n, chunk
    int64_t half                     # from here on counted back from the last, so that a range is symmetric


cdef void ramp_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Ramp* r = <Ramp*>arg
    cdef double block[RAMP_BLOCK]
    cdef char* data[2]
    cdef int64_t strides[2]
    cdef int64_t i = chunk * r.chunk, end = i + r.chunk, m
    if end > r.n:
        end = r.n
    strides[0], strides[1] = itemsize_of[r.dtype], sizeof(double)
    while i < end:
        m = RAMP_BLOCK if end - i > RAMP_BLOCK else end - i
        if i < r.half and i + m > r.half:
            m = r.half - i
        data[0], data[1] = r.to + i * strides[0], <char*>block
        if r.dtype == FLOAT64:
            data[1] = data[0]
        if i < r.half:
            ct_ramp(<double*>data[1], r.first, <double>i, r.step, <int>m)
        else:
            ct_ramp(<double*>data[1], r.last, <double>(i - (r.n - 1)), r.step, <int>m)
        if r.dtype != FLOAT64:
            r.cast(data, strides, m, NULL)
        i += m


cdef TensorBase float_ramp(double first, double last, double step, int64_t n, int64_t half, int id):
    cdef TensorBase t = tensor_empty(id, 1, &n)
    cdef Ramp r
    r.to, r.dtype, r.n, r.half, r.chunk = t.data, id, n, half, chunk_of(n)
    r.first, r.last, r.step = first, last, step
    r.cast = cast_kernel(id, FLOAT64)
    if n <= 2 * PARALLEL_CHUNK:
        r.chunk = n
        ramp_chunk(&r, 0)
    else:
        with nogil:
            parallel_for(ramp_chunk, &r, (n + r.chunk - 1) // r.chunk)
    return t


cdef struct WholeRamp:
    int64_t* to
    int64_t first, step, n, chunk


cdef void whole_ramp_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef WholeRamp* r = <WholeRamp*>arg
    cdef int64_t start = chunk * r.chunk, n = r.n - start
    ct_whole_ramp(r.to + start, r.first + start * r.step, r.step, n if n < r.chunk else r.chunk)


cdef TensorBase ramp(object start, object step, int64_t count, int id):
    cdef TensorBase t
    cdef WholeRamp r
    if category_of[id] > CATEGORY_INT:
        return float_ramp(start, 0, step, count, count, id)
    t = tensor_empty(INT64, 1, &count)
    r.to, r.first, r.step, r.n, r.chunk = <int64_t*>t.data, int(start), int(step), count, chunk_of(count)
    if count <= 2 * PARALLEL_CHUNK:
        r.chunk = count
    with nogil:
        parallel_for(whole_ramp_chunk, &r, (count + r.chunk - 1) // r.chunk if count else 0)
    return cast_to(t, id)
