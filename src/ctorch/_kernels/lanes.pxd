# Sums, dot products and maxima of a contiguous row, in independent lanes: they vectorise under strict IEEE rules,
# give the same result at every vector width, and round less than one running sum.
from libc.stdint cimport int64_t

ctypedef fused real:
    float
    double


cdef inline real fold(real* lanes) noexcept nogil:
    """Sum of 32 lanes, in pairs."""
    cdef int j, width = 16
    while width > 0:
        for j in range(width):
            lanes[j] += lanes[j + width]
        width >>= 1
    return lanes[0]


cdef inline real sum_row(const real* x, int64_t n) noexcept nogil:
    cdef real lanes[32]
    cdef real total = 0
    cdef int64_t i = 0
    cdef int j
    if n >= 32:
        for j in range(32):
            lanes[j] = x[j]
        i = 32
        while i + 32 <= n:
            for j in range(32):
                lanes[j] += x[i + j]
            i += 32
        for j in range(n - i):
            lanes[j] += x[i + j]
        return fold(lanes)
    for i in range(n):
        total += x[i]
    return total


cdef inline real dot_row(const real* x, const real* y, int64_t n) noexcept nogil:
    cdef real lanes[32]
    cdef real total = 0
    cdef int64_t i = 0
    cdef int j
    if n >= 32:
        for j in range(32):
            lanes[j] = x[j] * y[j]
        i = 32
        while i + 32 <= n:
            for j in range(32):
                lanes[j] += x[i + j] * y[i + j]
            i += 32
        for j in range(n - i):
            lanes[j] += x[i + j] * y[i + j]
        return fold(lanes)
    for i in range(n):
        total += x[i] * y[i]
    return total


cdef inline real max_row(const real* x, int64_t n) noexcept nogil:
    """Largest of n > 0 elements; NaN may be passed over."""
    cdef real lanes[32]
    cdef real most = x[0]
    cdef int64_t i = 0
    cdef int j, width = 16
    if n >= 32:
        for j in range(32):
            lanes[j] = x[j]
        i = 32
        while i + 32 <= n:
            for j in range(32):
                lanes[j] = x[i + j] if x[i + j] > lanes[j] else lanes[j]
            i += 32
        while width > 0:
            for j in range(width):
                lanes[j] = lanes[j + width] if lanes[j + width] > lanes[j] else lanes[j]
            width >>= 1
        most = lanes[0]
    while i < n:
        most = x[i] if x[i] > most else most
        i += 1
    return most
