# Elements addressed by index along one dimension, and elements chosen by masks.
from libc.stdint cimport int64_t, uint8_t

cdef enum:
    ALONG_DIMS = 64
    ALONG_SIZES = 5                  # elements of 1, 2, 4, 8 and 16 bytes
    ALONG_NUMBERS = 9                # see number_of in _forward/indexing.pyx

cdef enum:
    COMBINE_ADD
    COMBINE_MUL
    COMBINE_MIN
    COMBINE_MAX
    COMBINE_COUNT

# n elements: x_j at x + j * xs + i * xd, with i = index[j * step]; v_j at v + j * vs. Strides in bytes; `wrap` is added
# to negative indices.
ctypedef void (*AlongLine)(char* x, int64_t xs, int64_t xd, const int64_t* index, int64_t step, char* v, int64_t vs,
                           int64_t n, int64_t wrap) noexcept nogil

ctypedef void (*CompressFn)(const uint8_t* mask, const char* x, char* to, int64_t n, int64_t found) noexcept nogil
ctypedef void (*MaskFn)(const uint8_t* mask, char* x, const char* v, int64_t n) noexcept nogil

ctypedef void (*PlaneFn)(char* to, const char* frm, int64_t rows, int64_t n, int64_t to_row, int64_t from_row,
                         int64_t to_step, int64_t from_step, int size) noexcept nogil
ctypedef void (*AgainFn)(const char* x, char* to, int64_t n, int64_t times) noexcept nogil

cdef struct Along:
    AlongLine line
    bint writes                      # x, in the order of the index; else v is written
    char* x
    char* v
    const int64_t* index
    int bytes                        # of an element
    int64_t n                        # indices along the dimension
    int64_t xd, vd, step             # strides along it: bytes of x and v, elements of the index
    int ndim                         # the other dimensions, outermost first
    int64_t shape[ALONG_DIMS]
    int64_t xs[ALONG_DIMS]
    int64_t vs[ALONG_DIMS]
    int64_t steps[ALONG_DIMS]
    int64_t size                     # indices are below
    int64_t wrap                     # size where indices may be negative, else 0
    bint check
    bint failed                      # an index was out of range
    int64_t bad                      # which one

cdef struct AlongKernels:
    AlongLine get[ALONG_SIZES]
    AlongLine put[ALONG_SIZES]
    AlongLine combine[COMBINE_COUNT][ALONG_NUMBERS]
    void (*run)(Along* a) noexcept nogil
    # How many of n bytes are not zero.
    int64_t (*count)(const uint8_t* mask, int64_t n) noexcept nogil
    # to = the elements of x where the mask is not zero; their number is `found`.
    CompressFn compress[ALONG_SIZES]
    # The elements of x where the mask is not zero = those of v, one after the other.
    MaskFn expand[ALONG_SIZES]
    # The elements of x where the mask is not zero = the one at v.
    MaskFn fill[ALONG_SIZES]
    # Numbers of the bytes that are not zero, counted from `first`.
    void (*places)(const uint8_t* mask, int64_t* to, int64_t n, int64_t found, int64_t first) noexcept nogil
    # Rows of a matrix: columns before (lower) or after the diagonal are kept, the others zero. `bytes` of an element.
    void (*triangle)(const char* x, char* to, int64_t rows, int64_t columns, int64_t first, int64_t diagonal,
                     bint lower, int64_t bytes) noexcept nogil
    # `rows` lines of n elements of so many bytes, from one layout to another; all strides in bytes.
    PlaneFn plane
    # Each of n elements `times` times.
    AgainFn again[ALONG_SIZES]
