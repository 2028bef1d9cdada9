from libc.stdint cimport int64_t, uint64_t

# Rows lie along the middle dimension of contiguous arrays seen as (outer, n, inner). Any size may be 0.
cdef struct SortJob:
    const char* x
    char* values                     # or NULL
    int64_t* places                  # or NULL
    int64_t outer, n, inner
    int64_t k                        # selections: how many of the front, or the rank of one element
    int width                        # bytes of an element: 1, 2, 4 or 8
    int kind                         # a KeyKind
    uint64_t inf                     # bits of infinity, for floats
    bint descending
    bint ordered                     # selections of the front: in order
    bint skip_nan                    # the median: among those that are no NaN
    uint64_t* work                   # 2 * n words where n > SORT_OWN, else NULL

cdef enum:
    SORT_OWN = 131072                # rows up to this length are sorted in a thread's own memory

# All return 0, or -1 where memory ran out.
cdef struct SortKernels:
    # values and their places in x; equal elements stay in order
    int (*sort)(SortJob* job) noexcept nogil
    # values only; a zero's sign and a NaN's bits are not kept
    int (*sort_values)(SortJob* job) noexcept nogil
    # the k first of the sorted row, and their places: (outer, k, inner)
    int (*top)(SortJob* job) noexcept nogil
    # the element of rank k, and its place: (outer, inner)
    int (*rank)(SortJob* job) noexcept nogil
    # the lower median, or the first NaN where there is one: (outer, inner)
    int (*median)(SortJob* job) noexcept nogil
    # bits of the least and the greatest of all elements; both are NaN where there is one
    void (*extent)(SortJob* job, uint64_t* bits) noexcept nogil
