"""Evenly spaced numbers, in parts for the threads."""
from libc.stdint cimport int64_t

from ctorch._dispatch cimport cast_to
from ctorch._dtype cimport *
from ctorch._iterator cimport PARALLEL_CHUNK, LoopKernel, cast_kernel
from ctorch._parallel cimport parallel_for
from ctorch._tensor cimport TensorBase, tensor_empty


cdef extern from "ramp.h" nogil:
    void ct_ramp(double* to, double first, double base, double step, int n)

cdef enum:
    RAMP_BLOCK = 512                 # numbers that are cast at a time


cdef struct Ramp:
    char* to
    int dtype
    LoopKernel cast                  # from float64
    double first, last, step
    int64_t n
    int64_t half                     # from here on counted back from the last, so that a range is symmetric


cdef void ramp_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Ramp* r = <Ramp*>arg
    cdef double block[RAMP_BLOCK]
    cdef char* data[2]
    cdef int64_t strides[2]
    cdef int64_t i = chunk * PARALLEL_CHUNK, end = i + PARALLEL_CHUNK, m
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
    r.to, r.dtype, r.n, r.half = t.data, id, n, half
    r.first, r.last, r.step = first, last, step
    r.cast = cast_kernel(id, FLOAT64)
    if n <= 2 * PARALLEL_CHUNK:
        for i in range((n + PARALLEL_CHUNK - 1) // PARALLEL_CHUNK):
            ramp_chunk(&r, i)
    else:
        with nogil:
            parallel_for(ramp_chunk, &r, (n + PARALLEL_CHUNK - 1) // PARALLEL_CHUNK)
    return t


cdef struct WholeRamp:
    int64_t* to
    int64_t first, step, n


cdef void whole_ramp_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef WholeRamp* r = <WholeRamp*>arg
    cdef int64_t i, start = chunk * PARALLEL_CHUNK, end = start + PARALLEL_CHUNK
    for i in range(start, end if end < r.n else r.n):
        r.to[i] = r.first + i * r.step


cdef TensorBase ramp(object start, object step, int64_t count, int id):
    cdef TensorBase t
    cdef WholeRamp r
    if category_of[id] > CATEGORY_INT:
        return float_ramp(start, 0, step, count, count, id)
    t = tensor_empty(INT64, 1, &count)
    r.to, r.first, r.step, r.n = <int64_t*>t.data, int(start), int(step), count
    with nogil:
        parallel_for(whole_ramp_chunk, &r, (count + PARALLEL_CHUNK - 1) // PARALLEL_CHUNK)
    return cast_to(t, id)
