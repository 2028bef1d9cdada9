from libc.stdint cimport int64_t, uint64_t

cdef enum:
    SEARCH_TYPES = 4                 # float32, float64, int32, int64
    RUN_PARTS = 64

cdef struct SearchJob:
    const void* sequence             # rows of `length` ascending elements; one row for all where shared
    const int64_t* sorter            # their order where they do not ascend themselves, or NULL
    const void* x                    # rows x n elements to be placed
    int64_t* places
    int64_t rows, n, length
    bint shared, right

cdef struct RunsJob:
    const void* x                    # rows x n elements with equal ones side by side
    const int64_t* places            # where each came from, or NULL: from its own position
    int64_t rows, n
    int width                        # bytes of an element
    int kind                         # a KeyKind
    uint64_t inf
    int64_t parts                    # of a long row, as count_runs cuts it for fill_runs
    int64_t starts[RUN_PARTS + 1]    # the number of the first run that begins in each

cdef struct SearchKernels:
    void (*search[SEARCH_TYPES])(SearchJob* job) noexcept nogil
    # the number of runs of equal elements in one row
    int64_t (*count_runs)(RunsJob* job) noexcept nogil
    # of each run its element and length, and of each element the number of its run; each may be NULL
    void (*fill_runs)(RunsJob* job, void* values, int64_t* inverse, int64_t* counts) noexcept nogil
    # of each row the element of its longest run, the first of several, and the place of the last such element
    void (*longest_run)(RunsJob* job, void* values, int64_t* places) noexcept nogil
    # counts[x[i]] += 1, or weights[x[i]] += w[i]; bounds holds the least and the greatest element
    void (*bounds)(const int64_t* x, int64_t n, int64_t* bounds) noexcept nogil
    int (*bincount)(const int64_t* x, int64_t n, int64_t* counts, int64_t bins) noexcept nogil
    void (*bincount_weighted)(const int64_t* x, const double* w, int64_t n, double* totals) noexcept nogil
    # counts of even bins between low and high, the last of them closed; where edges are given, exactly between those
    int (*histc[2])(const void* x, int64_t n, double low, double high, const void* edges, int64_t bins,
                    int64_t* counts) noexcept nogil
