from libc.stdint cimport int64_t

# sums[k] += the sum of a dense line of n elements, for lines that are line_stride bytes apart; the sums are doubles.
ctypedef void (*AddLines)(void* sums, const char* x, int64_t line_stride, int64_t lines, int64_t n) noexcept nogil
# sums[j] += column j of dense rows of n elements, 1024 at most, that are row_stride bytes apart.
ctypedef void (*AddRows)(void* sums, const char* x, int64_t row_stride, int64_t rows, int64_t n) noexcept nogil

cdef struct HalfSums:
    AddLines lines
    AddRows rows                     # NULL where rows had better be cast first
