from libc.stdint cimport int64_t

# sums[k] += the sum of a dense line of n elements, for lines that are line_stride bytes apart; the sums are doubles.
ctypedef void (*AddLines)(void* sums, const char* x, int64_t line_stride, int64_t lines, int64_t n) noexcept nogil

cdef struct HalfSums:
    AddLines float16
    AddLines bfloat16
