"""Attention by blocks of queries and keys: the scores exist for one pair of blocks at a time.

The sums of a block's rows are kept with their running maximum and rescaled as it grows (Milakov and Gimelshein,
2018; Dao et al., 2022). The backward pass makes the scores of a pair of blocks anew from the logarithm of the sum.
"""
from cpython.pycapsule cimport PyCapsule_New
from libc.math cimport INFINITY
from libc.stdint cimport int64_t
from libc.string cimport memset

from ctorch._kernels.gemm_block cimport *
from ctorch._kernels.lanes cimport dot_row, max_row, real, sum_row
from ctorch._kernels.parts cimport least
from ctorch._parallel cimport parallel_for

cdef extern from "vmath.h" nogil:
    float ct_exp_f32(float x)
    double ct_exp_f64(double x)
    float ct_log_f32(float x)
    double ct_log_f64(double x)

cdef extern from "vmath_block.h" nogil:
    void ct_vexp_f32(const float* x, float* y, int64_t n)
    void ct_vexp_f64(const double* x, double* y, int64_t n)

cdef extern from "scratch.h" nogil:
    void* ct_scratch(size_t size)

cdef enum:
    QUERIES = 128       # rows of a block of scores
    KEYS = 256          # and its columns


cdef inline real exp_(real x) noexcept nogil:
    if real is float:
        return ct_exp_f32(x)
    else:
        return ct_exp_f64(x)


cdef inline void exp_row(real* x, int64_t n) noexcept nogil:
    if real is float:
        ct_vexp_f32(x, x, n)
    else:
        ct_vexp_f64(x, x, n)


cdef inline real log_(real x) noexcept nogil:
    if real is float:
        return ct_log_f32(x)
    else:
        return ct_log_f64(x)


cdef inline int64_t product_scratch(real* tag) noexcept nogil:
    """Elements that a product works in."""
    return block_scratch_f32() if real is float else block_scratch_f64()


cdef void product(int64_t m, int64_t n, int64_t k, const real* a, int64_t a_row, int64_t a_col, const real* b,
                  int64_t b_row, int64_t b_col, real alpha, real beta, real* c, int64_t c_row,
                  real* scratch) noexcept nogil:
    """C = alpha A B + beta C."""
    cdef block_f32 f
    cdef block_f64 d
    if real is float:
        f.m, f.n, f.k, f.a_row, f.a_col, f.b_row, f.b_col, f.c_row = m, n, k, a_row, a_col, b_row, b_col, c_row
        f.a, f.b, f.c, f.alpha, f.beta, f.pairs = a, b, c, alpha, beta, False
        block_gemm_f32(&f, scratch)
    else:
        d.m, d.n, d.k, d.a_row, d.a_col, d.b_row, d.b_col, d.c_row = m, n, k, a_row, a_col, b_row, b_col, c_row
        d.a, d.b, d.c, d.alpha, d.beta, d.pairs = a, b, c, alpha, beta, False
        block_gemm_f64(&d, scratch)


cdef inline int64_t seen(const Attention* a, int64_t query, int64_t first, int64_t count) noexcept nogil:
    """How many of the keys from `first` on a query sees."""
    if not a.causal:
        return count
    return 0 if query < first else least(query - first + 1, count)


cdef void softmax_block(const Attention* a, int64_t query, int64_t rows, int64_t first, int64_t count, real* score,
                        real* top, real* total, real* y) noexcept nogil:
    """Scores become weights, relative to the rows' largest so far; what the rows have is rescaled to that."""
    cdef int64_t i, j, n
    cdef real most, scale
    cdef real* row
    for i in range(rows):
        row = score + i * KEYS
        n = seen(a, query + i, first, count)
        if n == 0:
            memset(row, 0, count * sizeof(real))
            continue
        most = max_row(<const real*>row, n)
        most = most if most > top[i] else top[i]
        for j in range(n):
            row[j] -= most
        exp_row(row, n)
        for j in range(n, count):
            row[j] = 0
        scale = exp_(top[i] - most) if top[i] > -INFINITY else 0
        total[i] = total[i] * scale + sum_row(<const real*>row, n)
        top[i] = most
        if first > 0 and scale != 1:
            for j in range(a.width):
                y[i * a.width + j] *= scale


cdef void forward_chunk(Attention* a, int64_t number, real* tag) noexcept nogil:
    """A block of queries of a head against all keys."""
    cdef int64_t blocks = (a.queries + QUERIES - 1) // QUERIES, head = number // blocks
    cdef int64_t query = number % blocks * QUERIES, rows = least(QUERIES, a.queries - query), first = 0, count, i, j
    cdef int64_t keys = least(a.keys, query + rows) if a.causal else a.keys
    cdef const real* q = <const real*>a.q + (head * a.queries + query) * a.depth
    cdef const real* k = <const real*>a.k + head // a.share * a.keys * a.depth
    cdef const real* v = <const real*>a.v + head // a.share * a.keys * a.width
    cdef real* y = <real*>a.y + (head * a.queries + query) * a.width
    cdef real* lse = <real*>a.lse + head * a.queries + query
    cdef real top[QUERIES]
    cdef real total[QUERIES]
    cdef real* score = <real*>ct_scratch((QUERIES * KEYS + product_scratch(tag)) * sizeof(real))
    if score == NULL:
        a.code = -1
        return
    for i in range(rows):
        top[i], total[i] = -INFINITY, 0
    while first < keys:
        count = least(KEYS, keys - first)
        product(rows, count, a.depth, q, a.depth, 1, k + first * a.depth, 1, a.depth, <real>a.scale, <real>0, score,
                KEYS, score + QUERIES * KEYS)
        softmax_block(a, query, rows, first, count, score, top, total, y)
        product(rows, a.width, count, <const real*>score, KEYS, 1, v + first * a.width, a.width, 1, <real>1,
                <real>(first > 0), y, a.width, score + QUERIES * KEYS)
        first += count
    for i in range(rows):
        lse[i] = top[i] + log_(total[i])
        for j in range(a.width):
            y[i * a.width + j] /= total[i]


cdef void weights_again(const Attention* a, int64_t query, int64_t rows, int64_t first, int64_t count,
                        const real* lse, real* score) noexcept nogil:
    cdef int64_t i, j, n
    for i in range(rows):
        n = seen(a, query + i, first, count)
        for j in range(n):
            score[i * KEYS + j] -= lse[i]
        exp_row(score + i * KEYS, n)
        for j in range(n, count):
            score[i * KEYS + j] = 0


cdef void backward_block(const Attention* a, int64_t head, int64_t query, int64_t first, real* score,
                         real* slope, real* scratch) noexcept nogil:
    """The share of one pair of blocks in all three gradients."""
    cdef int64_t rows = least(QUERIES, a.queries - query), count = least(KEYS, a.keys - first), i, j
    cdef int64_t at = head * a.queries + query, to = head // a.share * a.keys + first, depth = a.depth, width = a.width
    cdef const real* q = <const real*>a.q + at * depth
    cdef const real* g = <const real*>a.g + at * width
    cdef const real* y = <const real*>a.y + at * width
    cdef const real* k = <const real*>a.k + to * depth
    cdef real mean
    product(rows, count, depth, q, depth, 1, k, 1, depth, <real>a.scale, <real>0, score, KEYS, scratch)
    weights_again(a, query, rows, first, count, <const real*>a.lse + at, score)
    product(count, width, rows, <const real*>score, 1, KEYS, g, width, 1, <real>1, <real>1,
            <real*>a.gv + to * width, width, scratch)
    product(rows, count, width, g, width, 1, <const real*>a.v + to * width, 1, width, <real>1, <real>0, slope, KEYS,
            scratch)
    for i in range(rows):
        mean = dot_row(g + i * width, y + i * width, width)
        for j in range(count):
            score[i * KEYS + j] *= slope[i * KEYS + j] - mean
    product(rows, depth, count, <const real*>score, KEYS, 1, k, depth, 1, <real>a.scale, <real>1,
            <real*>a.gq + at * depth, depth, scratch)
    product(count, depth, rows, <const real*>score, 1, KEYS, q, depth, 1, <real>a.scale, <real>1,
            <real*>a.gk + to * depth, depth, scratch)


cdef void backward_chunk(Attention* a, int64_t number, real* tag) noexcept nogil:
    """One head of the keys, and the heads of queries that read it."""
    cdef int64_t head, query, first
    cdef real* score = <real*>ct_scratch((2 * QUERIES * KEYS + product_scratch(tag)) * sizeof(real))
    cdef real* slope = score + QUERIES * KEYS
    if score == NULL:
        a.code = -1
        return
    memset(<real*>a.gk + number * a.keys * a.depth, 0, a.keys * a.depth * sizeof(real))
    memset(<real*>a.gv + number * a.keys * a.width, 0, a.keys * a.width * sizeof(real))
    for head in range(number * a.share, (number + 1) * a.share):
        memset(<real*>a.gq + head * a.queries * a.depth, 0, a.queries * a.depth * sizeof(real))
        query = 0
        while query < a.queries:
            first = 0
            while first < a.keys and not (a.causal and first > query + QUERIES - 1):
                backward_block(a, head, query, first, score, slope, slope + QUERIES * KEYS)
                first += KEYS
            query += QUERIES


cdef void forward_chunk_f32(void* a, int64_t number) noexcept nogil:
    forward_chunk(<Attention*>a, number, <float*>NULL)


cdef void forward_chunk_f64(void* a, int64_t number) noexcept nogil:
    forward_chunk(<Attention*>a, number, <double*>NULL)


cdef void backward_chunk_f32(void* a, int64_t number) noexcept nogil:
    backward_chunk(<Attention*>a, number, <float*>NULL)


cdef void backward_chunk_f64(void* a, int64_t number) noexcept nogil:
    backward_chunk(<Attention*>a, number, <double*>NULL)


cdef void forward_f32(Attention* a) noexcept nogil:
    parallel_for(forward_chunk_f32, a, a.heads * ((a.queries + QUERIES - 1) // QUERIES))


cdef void forward_f64(Attention* a) noexcept nogil:
    parallel_for(forward_chunk_f64, a, a.heads * ((a.queries + QUERIES - 1) // QUERIES))


cdef void backward_f32(Attention* a) noexcept nogil:
    parallel_for(backward_chunk_f32, a, a.heads // a.share)


cdef void backward_f64(Attention* a) noexcept nogil:
    parallel_for(backward_chunk_f64, a, a.heads // a.share)


cdef AttentionKernels table
table.forward[:] = [forward_f32, forward_f64]
table.backward[:] = [backward_f32, backward_f64]

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
