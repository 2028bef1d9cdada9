from libc.stdint cimport int64_t

# Largest or smallest elements of (outer, n, inner) along the middle, and their first places; the first NaN wins. With
# inner == 1 the rows may lie `row` elements apart, and their elements `step`.
ctypedef void (*extremum_fn)(const void* x, void* values, int64_t* places, int64_t outer, int64_t n, int64_t inner,
                             int64_t row, int64_t step, bint largest) noexcept nogil

cdef struct ExtremumKernels:
    extremum_fn extremum[4]          # float32, float64, int32, int64
