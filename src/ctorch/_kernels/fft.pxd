from libc.stdint cimport int64_t

cdef enum FftKind:
    FFT_FORWARD
    FFT_BACKWARD
    FFT_REAL_HALF       # of real numbers, without the mirror image
    FFT_REAL_WHOLE
    FFT_TO_REAL         # back, from that half

# Lines of n numbers, transformed along themselves. Distances are in real numbers: a complex one takes two.
cdef struct FftJob:
    const void* plan
    int kind
    int64_t lines
    int ndim            # of the lines, with their sizes and distances
    const int64_t* shape
    const int64_t* x_apart
    const int64_t* y_apart
    const void* x
    void* y             # may be x, where nothing but the values changes
    int64_t x_step
    int64_t y_step
    double scale
    void* table         # 4 n real numbers for a long line; NULL: lines have their own, and share the threads

# Index 0 is float32, 1 is float64.
cdef struct FftKernels:
    # Roots of unity for lines of n; NULL where n has too large a prime factor or is too large, or without memory.
    void* (*plan[2])(int64_t n, bint real, bint single) noexcept nogil
    void (*free[2])(void* plan) noexcept nogil
    int (*run[2])(const FftJob* job) noexcept nogil          # not 0: out of memory
    int lanes[2]        # lines that are transformed together
