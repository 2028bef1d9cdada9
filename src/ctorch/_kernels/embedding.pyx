"""Embedding: rows of a table by number, and the gradient that adds rows back in the order of the numbers.

Bags of rows are added up, or their largest elements found, without a copy of the rows.
"""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t, uint16_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset

from ctorch._kernels.lanes cimport dot_row, real
from ctorch._kernels.parts cimport least
from ctorch._parallel cimport parallel_for

cdef extern from "vmath_half.h" nogil:
    void ct_half_to_float(const uint16_t* x, float* y, int64_t n)
    void ct_bfloat16_to_float(const uint16_t* x, float* y, int64_t n)

cdef extern from "bags.h" nogil:
    void ct_bag_f32(const float* table, int64_t width, const int64_t* index, int64_t n, int64_t padding,
                    const float* factors, bint far, float* to)
    void ct_bag_f64(const double* table, int64_t width, const int64_t* index, int64_t n, int64_t padding,
                    const double* factors, bint far, double* to)
    void ct_bag_half(const uint16_t* table, int64_t width, const int64_t* index, int64_t n, int64_t padding,
                     const float* factors, bint far, float* to)
    void ct_bag_bfloat16(const uint16_t* table, int64_t width, const int64_t* index, int64_t n, int64_t padding,
                         const float* factors, bint far, float* to)

cdef enum:
    CHUNK_BYTES = 65536     # copied by a chunk
    COLUMNS = 128           # of the gradient that one chunk adds, for all indices
    CLEAR_BYTES = 1 << 18   # zeroed by a chunk
    SERIAL = 16384          # elements below which the gradient is one chunk
    PIECE = 256             # of a row of halves, read at a time
    BAGS = 65536            # elements of bags to a chunk, about
    NEAR = 1 << 19          # bytes of a table that stays in the second cache
    LINE = 16               # columns of the gradient to a chunk, at least

cdef struct Gather:
    const char* table
    const int64_t* indices
    char* to
    int64_t row_bytes, count, rows      # rows to a chunk


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


# ---- bags

cdef inline int64_t end_of(Bags* b, int64_t bag) noexcept nogil:
    if b.offsets == NULL:
        return (bag + 1) * b.size
    return b.offsets[bag + 1] if bag + 1 < b.given else b.count


cdef inline int64_t start_of(Bags* b, int64_t bag) noexcept nogil:
    return bag * b.size if b.offsets == NULL else b.offsets[bag]


cdef inline const real* row_of(Bags* b, int64_t k, int64_t first, int64_t n, real* piece) noexcept nogil:
    """n elements of row k from `first` on; of halves a piece of at most PIECE."""
    cdef const uint16_t* halves
    if real is double or b.rows == ROWS_DENSE:
        return <const real*>b.table + k * b.width + first
    halves = <const uint16_t*>b.table + k * b.width + first
    if real is float:
        if b.rows == ROWS_FLOAT16:
            ct_half_to_float(halves, piece, n)
        else:
            ct_bfloat16_to_float(halves, piece, n)
    return piece


cdef inline void add_row(real* to, const real* row, int64_t n, const real* weight) noexcept nogil:
    cdef int64_t j
    cdef real w
    if weight == NULL:
        for j in range(n):
            to[j] += row[j]
        return
    w = weight[0]
    for j in range(n):
        to[j] += row[j] * w


cdef inline void keep_largest(real* to, int64_t* places, const real* row, int64_t k, int64_t n) noexcept nogil:
    cdef int64_t j
    for j in range(n):
        if row[j] > to[j]:
            to[j] = row[j]
            places[j] = k


cdef inline void first_row(real* to, int64_t* places, const real* row, int64_t k, int64_t n) noexcept nogil:
    cdef int64_t j
    memcpy(to, row, n * sizeof(real))
    for j in range(n):
        places[j] = k


cdef inline int64_t used_of(Bags* b, const int64_t* index, int64_t n) noexcept nogil:
    cdef int64_t i, used = 0
    for i in range(n):
        used += index[i] != b.padding_idx
    return used


cdef void sum_of_bag(Bags* b, const int64_t* index, int64_t n, const real* weights, real* to) noexcept nogil:
    cdef int64_t j, used
    cdef bint far = b.vocabulary * b.width * <int64_t>sizeof(real) > NEAR
    if real is double:
        ct_bag_f64(<const double*>b.table, b.width, index, n, b.padding_idx, weights, far, to)
    elif b.rows == ROWS_FLOAT16:
        ct_bag_half(<const uint16_t*>b.table, b.width, index, n, b.padding_idx, weights, far, to)
    elif b.rows == ROWS_BFLOAT16:
        ct_bag_bfloat16(<const uint16_t*>b.table, b.width, index, n, b.padding_idx, weights, far, to)
    else:
        ct_bag_f32(<const float*>b.table, b.width, index, n, b.padding_idx, weights, far, to)
    if b.mode == BAGS_MEAN:
        used = used_of(b, index, n)
        for j in range(b.width if used > 1 else 0):
            to[j] /= used


cdef void largest_of_bag(Bags* b, const int64_t* index, int64_t n, int64_t* places, real* to) noexcept nogil:
    """As PyTorch has it, a NaN is the largest only where it is the first."""
    cdef int64_t step = b.width if real is double or b.rows == ROWS_DENSE else PIECE, used = 0, i, at, m
    cdef const real* row
    cdef real piece[PIECE]
    for i in range(n):
        if index[i] == b.padding_idx:
            continue
        at = 0
        while at < b.width:
            m = least(step, b.width - at)
            row = row_of(b, index[i], at, m, piece)
            if used == 0:
                first_row(to + at, places + at, row, index[i], m)
            else:
                keep_largest(to + at, places + at, row, index[i], m)
            at += m
        used += 1
    if used == 0:
        memset(to, 0, b.width * sizeof(real))
        for i in range(b.width):
            places[i] = -1


cdef void bags_chunk(Bags* b, int64_t chunk, real* tag) noexcept nogil:
    cdef int64_t bag, start, n, i
    cdef real* to
    for bag in range(chunk * b.group, least((chunk + 1) * b.group, b.bags)):
        start, n, to = start_of(b, bag), end_of(b, bag) - start_of(b, bag), <real*>b.y + bag * b.width
        for i in range(start, start + n):
            if <uint64_t>b.indices[i] >= <uint64_t>b.vocabulary:
                b.failed = True
                return
        if b.mode == BAGS_MAX:
            largest_of_bag(b, b.indices + start, n, b.places + bag * b.width, to)
        else:
            sum_of_bag(b, b.indices + start, n, NULL if b.weights == NULL else <const real*>b.weights + start, to)


cdef void bags_backward_chunk(Bags* b, int64_t chunk, real* tag) noexcept nogil:
    """Some columns of the gradient of the table, for all indices in their order."""
    cdef int64_t first = chunk * b.group, n = least(b.group, b.width - first), bag, i, used
    cdef const real* weights = <const real*>b.weights
    cdef const real* row
    cdef real share
    for bag in range(b.bags):
        row = <const real*>b.y + bag * b.width + first
        used = 1
        if b.mode == BAGS_MEAN:
            used = used_of(b, b.indices + start_of(b, bag), end_of(b, bag) - start_of(b, bag))
        share = 1 / <real>used if used else 0
        for i in range(start_of(b, bag), end_of(b, bag)):
            if b.indices[i] != b.padding_idx:
                add_row(<real*>b.gw + b.indices[i] * b.width + first, row, n,
                        weights + i if weights != NULL else NULL if used == 1 else &share)


cdef void bags_weights_chunk(Bags* b, int64_t chunk, real* tag) noexcept nogil:
    """What each row has in common with the gradient of its bag."""
    cdef int64_t step = b.width if real is double or b.rows == ROWS_DENSE else PIECE, bag, i, k, at, n
    cdef const real* gy
    cdef real piece[PIECE]
    cdef real total
    for bag in range(chunk * b.group, least((chunk + 1) * b.group, b.bags)):
        gy = <const real*>b.y + bag * b.width
        for i in range(start_of(b, bag), end_of(b, bag)):
            k, total, at = b.indices[i], 0, 0
            while at < b.width and k != b.padding_idx:
                n = least(step, b.width - at)
                total += dot_row(gy + at, row_of(b, k, at, n, piece), n)
                at += n
            (<real*>b.factors)[i] = total


cdef void bags_chunk_f32(void* b, int64_t chunk) noexcept nogil:
    bags_chunk(<Bags*>b, chunk, <float*>NULL)


cdef void bags_chunk_f64(void* b, int64_t chunk) noexcept nogil:
    bags_chunk(<Bags*>b, chunk, <double*>NULL)


cdef void bags_backward_chunk_f32(void* b, int64_t chunk) noexcept nogil:
    bags_backward_chunk(<Bags*>b, chunk, <float*>NULL)


cdef void bags_backward_chunk_f64(void* b, int64_t chunk) noexcept nogil:
    bags_backward_chunk(<Bags*>b, chunk, <double*>NULL)


cdef void bags_weights_chunk_f32(void* b, int64_t chunk) noexcept nogil:
    bags_weights_chunk(<Bags*>b, chunk, <float*>NULL)


cdef void bags_weights_chunk_f64(void* b, int64_t chunk) noexcept nogil:
    bags_weights_chunk(<Bags*>b, chunk, <double*>NULL)


cdef int each_bag(void (*chunk)(void*, int64_t) noexcept nogil, Bags* b) noexcept nogil:
    # Chunks of as many bags as have about so many elements to read and write.
    cdef int64_t work = (b.count + b.bags) * (b.width + 8)
    b.group = b.bags * BAGS // (work + 1) + 1
    b.failed = False
    parallel_for(chunk, b, (b.bags + b.group - 1) // b.group)
    return 1 if b.failed else 0


cdef int each_columns(void (*chunk)(void*, int64_t) noexcept nogil, Bags* b, int64_t bytes) noexcept nogil:
    cdef Gradient g
    g.gw, g.bytes = <char*>b.gw, b.vocabulary * b.width * bytes
    parallel_for(clear_chunk, &g, (g.bytes + CLEAR_BYTES - 1) // CLEAR_BYTES)
    b.group = b.width
    if b.count * b.width >= SERIAL:
        b.group = least((b.width // 4 + LINE - 1) // LINE * LINE, COLUMNS)
    if b.width > 0:
        parallel_for(chunk, b, (b.width + b.group - 1) // b.group)
    return 0


cdef int bags_f32(Bags* b) noexcept nogil:
    return each_bag(bags_chunk_f32, b)


cdef int bags_f64(Bags* b) noexcept nogil:
    return each_bag(bags_chunk_f64, b)


cdef int bags_backward_f32(Bags* b) noexcept nogil:
    return each_columns(bags_backward_chunk_f32, b, sizeof(float))


cdef int bags_backward_f64(Bags* b) noexcept nogil:
    return each_columns(bags_backward_chunk_f64, b, sizeof(double))


cdef int bags_weights_f32(Bags* b) noexcept nogil:
    memset(b.factors, 0, b.count * sizeof(float))
    return each_bag(bags_weights_chunk_f32, b)


cdef int bags_weights_f64(Bags* b) noexcept nogil:
    memset(b.factors, 0, b.count * sizeof(double))
    return each_bag(bags_weights_chunk_f64, b)


cdef EmbeddingKernels table
table.gather = gather
table.backward[:] = [backward_f32, backward_f64]
table.bags[:] = [bags_f32, bags_f64]
table.bags_backward[:] = [bags_backward_f32, bags_backward_f64]
table.bags_weights[:] = [bags_weights_f32, bags_weights_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
