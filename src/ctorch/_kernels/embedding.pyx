"""Embedding: rows of a table by number, and the gradient that adds rows back in the order of the numbers."""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from ctorch._kernels.lanes cimport real
from ctorch._parallel cimport parallel_for

cdef enum:
    CHUNK_BYTES = 65536     # copied by a chunk
    COLUMNS = 128           # of the gradient that one chunk adds, for all indices
    CLEAR_BYTES = 1 << 18   # zeroed by a chunk
    SERIAL = 16384          # elements below which the gradient is one chunk

cdef struct Gather:
    const char* table
    const int64_t* indices
    char* to
    int64_t row_bytes, count, rows      # rows to a chunk


cdef inline int64_t least(int64_t a, int64_t b) noexcept nogil:
    return a if a < b else b


cdef void gather_chunk(void* arg, int64_t number) noexcept nogil:
    cdef Gather* g = <Gather*>arg
    cdef int64_t i
    for i in range(number * g.rows, least((number + 1) * g.rows, g.count)):
        memcpy(g.to + i * g.row_bytes, g.table + g.indices[i] * g.row_bytes, g.row_bytes)


cdef int gather(const void* table, int64_t vocabulary, int64_t row_bytes, const int64_t* indices, int64_t count,
                void* to, int64_t* bad) noexcept nogil:
    cdef Gather g
    cdef int64_t i
    for i in range(count):
        if not 0 <= indices[i] < vocabulary:
            bad[0] = indices[i]
            return 1
    g.table, g.indices, g.to, g.row_bytes, g.count = <const char*>table, indices, <char*>to, row_bytes, count
    g.rows = CHUNK_BYTES // (row_bytes + 1) + 1
    if row_bytes > 0:
        parallel_for(gather_chunk, &g, (count + g.rows - 1) // g.rows)
    return 0


cdef struct Gradient:
    const void* gy
    const int64_t* indices
    const int64_t* uses     # of each row of the table, or NULL
    char* gw
    int64_t count, vocabulary, width, padding_idx
    int64_t columns         # to a chunk
    int64_t bytes


cdef void clear_chunk(void* arg, int64_t number) noexcept nogil:
    cdef Gradient* g = <Gradient*>arg
    memset(g.gw + number * CLEAR_BYTES, 0, least(CLEAR_BYTES, g.bytes - number * CLEAR_BYTES))


cdef void add_chunk(Gradient* g, int64_t number, real* tag) noexcept nogil:
    """Some columns of every row: no two chunks meet, and each adds in the order of the indices."""
    cdef int64_t first = number * g.columns, columns = least(g.columns, g.width - first), i, j
    cdef const real* row
    cdef real* to
    cdef real scale
    for i in range(g.count):
        if g.indices[i] == g.padding_idx:
            continue
        row = <const real*>g.gy + i * g.width + first
        to = <real*>g.gw + g.indices[i] * g.width + first
        if g.uses == NULL:
            for j in range(columns):
                to[j] += row[j]
        else:
            scale = 1 / <real>g.uses[g.indices[i]]
            for j in range(columns):
                to[j] += row[j] * scale


cdef void add_chunk_f32(void* g, int64_t number) noexcept nogil:
    add_chunk(<Gradient*>g, number, <float*>NULL)


cdef void add_chunk_f64(void* g, int64_t number) noexcept nogil:
    add_chunk(<Gradient*>g, number, <double*>NULL)


cdef int backward(const void* gy, const int64_t* indices, int64_t count, int64_t vocabulary, int64_t width,
                  int64_t padding_idx, bint by_frequency, real* gw) noexcept nogil:
    cdef Gradient g
    cdef int64_t* uses = NULL
    cdef int64_t i
    g.gy, g.indices, g.gw, g.count, g.vocabulary = gy, indices, <char*>gw, count, vocabulary
    g.width, g.padding_idx, g.bytes = width, padding_idx, vocabulary * width * <int64_t>sizeof(real)
    if by_frequency:
        uses = <int64_t*>calloc(vocabulary + 1, sizeof(int64_t))
        if uses == NULL:
            return -1
        for i in range(count):
            uses[indices[i]] += 1
    g.uses = uses
    g.columns = width if count * width < SERIAL else COLUMNS
    parallel_for(clear_chunk, &g, (g.bytes + CLEAR_BYTES - 1) // CLEAR_BYTES)
    if width > 0:
        if real is float:
            parallel_for(add_chunk_f32, &g, (width + g.columns - 1) // g.columns)
        else:
            parallel_for(add_chunk_f64, &g, (width + g.columns - 1) // g.columns)
    free(uses)
    return 0


cdef int backward_f32(const void* gy, const int64_t* indices, int64_t count, int64_t vocabulary, int64_t width,
                      int64_t padding_idx, bint by_frequency, void* gw) noexcept nogil:
    return backward(gy, indices, count, vocabulary, width, padding_idx, by_frequency, <float*>gw)


cdef int backward_f64(const void* gy, const int64_t* indices, int64_t count, int64_t vocabulary, int64_t width,
                      int64_t padding_idx, bint by_frequency, void* gw) noexcept nogil:
    return backward(gy, indices, count, vocabulary, width, padding_idx, by_frequency, <double*>gw)


cdef EmbeddingKernels table
table.gather = gather
table.backward[:] = [backward_f32, backward_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
