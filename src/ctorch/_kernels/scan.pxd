from libc.stdint cimport int64_t

cdef enum ScanType:
    SCAN_FLOAT32 = 0
    SCAN_FLOAT64
    SCAN_INT64
    SCAN_COMPLEX64
    SCAN_COMPLEX128
    SCAN_TYPES

# Arrays are contiguous, seen as (outer, n, inner); the scan is along n. Any size may be 0. y may be x.
cdef struct ScanJob:
    const void* x
    void* y
    int64_t* places                  # of extrema
    int64_t outer, n, inner
    int64_t turned                   # elements between columns of x where these are dense and outer is 1; else 0
    bint reverse                     # from the last element to the first
    bint largest

cdef struct ScanKernels:
    void (*cumsum[SCAN_TYPES])(ScanJob* job) noexcept nogil
    void (*cumprod[SCAN_TYPES])(ScanJob* job) noexcept nogil
    # running maximum or minimum and the place of the last such element; a NaN stays. No complex types
    void (*extremum[3])(ScanJob* job) noexcept nogil
    # y = log(exp(x[0]) + ... + exp(x[i])), and inner is 1
    void (*logcumsumexp[SCAN_TYPES])(ScanJob* job) noexcept nogil
