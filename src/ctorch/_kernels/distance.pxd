from libc.stdint cimport int64_t

# p-norms of the differences of all rows of x (batch, rows, n) and of columns of y (batch, n, columns). Index 0:
# float32, 1: float64. With `upper`, y is x transposed, batch is 1, and only the pairs (i, j > i) are written, densely.
cdef struct DistanceKernels:
    void (*distance[2])(const void* x, const void* y, void* to, int64_t batch, int64_t rows, int64_t columns,
                        int64_t n, double p, bint upper) noexcept nogil
