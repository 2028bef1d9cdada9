"""Matrix products by tiles in registers, in parts over the pool; of a matrix and a vector by BLAS.

Integers go by plain loops. SciPy's BLAS is not looked up before a product of a large matrix and a vector needs it.
"""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport INT32_MAX, int8_t, int16_t, int32_t, int64_t, uint8_t
from libc.stdlib cimport free, malloc

from ctorch._blas cimport Blas, blas_enter, blas_leave, get_blas
from ctorch._kernels.gemm_block cimport *
from ctorch._kernels.parts cimport cut, least
from ctorch._parallel cimport get_num_threads, parallel_for

ctypedef float complex complex64
ctypedef double complex complex128

ctypedef fused real:
    float
    double

ctypedef fused inexact:
    float
    double
    complex64
    complex128

ctypedef fused integer:
    uint8_t
    int8_t
    int16_t
    int32_t
    int64_t

cdef extern from "dots.h" nogil:
    float dot_f32 "ct_dot_f32" (const float* x, const float* y, int64_t n)
    double dot_f64 "ct_dot_f64" (const double* x, const double* y, int64_t n)

cdef extern from "triangle.h" nogil:
    void substitute_f32 "ct_substitute_f32" (bint lower, int n, int64_t k, const float* T, float* b, int64_t ldb)
    void substitute_f64 "ct_substitute_f64" (bint lower, int n, int64_t k, const double* T, double* b, int64_t ldb)
    void turn_f32 "ct_turn_f32" (const float* x, int64_t row, int64_t rows, int64_t cols, float* to)
    void turn_f64 "ct_turn_f64" (const double* x, int64_t row, int64_t rows, int64_t cols, double* to)

cdef extern from "narrow_lu.h" nogil:
    int narrow_lu_f32 "ct_narrow_lu_f32" (int64_t m, int64_t n, float* A, int64_t ld, int* pivots)
    int narrow_lu_f64 "ct_narrow_lu_f64" (int64_t m, int64_t n, double* A, int64_t ld, int* pivots)

cdef extern from "symmetric.h" nogil:
    void symmetric_f32 "ct_symmetric_f32" (int64_t n, const float* A, int64_t ld, const float* x, float* y)
    void symmetric_f64 "ct_symmetric_f64" (int64_t n, const double* A, int64_t ld, const double* x, double* y)

cdef extern from "scratch.h" nogil:
    void* ct_scratch(size_t size)

cdef enum:
    SMALL_VECTOR = 1 << 14      # multiplications of a matrix and a vector that need no BLAS
    SMALL_INTEGERS = 1 << 18    # and of integers that need no second thread
    PART_PRODUCT = 3 << 17      # a part handed to a thread has at least so many multiplications
    PART_SIDE = 32              # and so many rows or columns
    WIDE_PART = 64              # as many columns are worth their own pass over A
    VECTOR_PART = 1 << 17       # elements of a matrix in a part of its product with a vector
    BATCH_PRODUCT = 1 << 18     # matrices of a batch are grouped into chunks of about so many
    DOT_CHUNK = 1 << 17

# ------------------------------------------------------------------------------------------------------------
# Operands

cdef struct Matrix:
    void* data
    int64_t rows, cols, row, col        # sizes and strides
    bint conj


cdef inline Matrix transposed(Matrix x) noexcept nogil:
    cdef Matrix y = x
    y.rows, y.cols, y.row, y.col = x.cols, x.rows, x.col, x.row
    return y


cdef inline char blas_order(Matrix* x, int64_t* lead) noexcept nogil:
    """How BLAS reads the matrix, with its leading dimension: N by rows, T by columns, 0 not at all."""
    if (x.col == 1 or x.cols == 1) and (x.row >= x.cols or x.rows == 1):
        lead[0] = x.row if x.rows > 1 else x.cols
        return b"N"
    if (x.row == 1 or x.rows == 1) and (x.col >= x.rows or x.cols == 1):
        lead[0] = x.col if x.cols > 1 else x.rows
        return b"T"
    return 0


cdef inline inexact conjugate(inexact x) noexcept nogil:
    if inexact is complex64 or inexact is complex128:
        return x.conjugate()
    else:
        return x

# ------------------------------------------------------------------------------------------------------------
# One product, on this thread or in parts


cdef void scale(inexact* c, int64_t rows, int64_t cols, int64_t row, inexact beta) noexcept nogil:
    cdef int64_t i, j
    for i in range(rows):
        if beta == 0:
            for j in range(cols):
                c[i * row + j] = 0
        else:
            for j in range(cols):
                c[i * row + j] = beta * c[i * row + j]


cdef inexact dot_serial(const inexact* x, int64_t incx, bint conj_x, const inexact* y, int64_t incy, bint conj_y,
                        int64_t n) noexcept nogil:
    cdef inexact total = 0
    cdef inexact p, q
    cdef int64_t i
    if incx == 1 and incy == 1:
        if inexact is float:
            return dot_f32(x, y, n)
        elif inexact is double:
            return dot_f64(x, y, n)
    for i in range(n):
        p = conjugate(x[i * incx]) if conj_x else x[i * incx]
        q = conjugate(y[i * incy]) if conj_y else y[i * incy]
        total = total + p * q
    return total


cdef struct Dot:
    const void* x
    const void* y
    void* sums
    int64_t incx, incy, n
    bint conj_x, conj_y


cdef void dot_chunk(Dot* d, int64_t chunk, inexact* tag) noexcept nogil:
    cdef int64_t start = chunk * DOT_CHUNK, n = d.n - start
    (<inexact*>d.sums)[chunk] = dot_serial(
        <const inexact*>d.x + start * d.incx, d.incx, d.conj_x, <const inexact*>d.y + start * d.incy, d.incy,
        d.conj_y, n if n < DOT_CHUNK else <int64_t>DOT_CHUNK)


cdef void dot_chunk_f32(void* d, int64_t chunk) noexcept nogil:
    dot_chunk(<Dot*>d, chunk, <float*>NULL)


cdef void dot_chunk_f64(void* d, int64_t chunk) noexcept nogil:
    dot_chunk(<Dot*>d, chunk, <double*>NULL)


cdef void dot_chunk_c64(void* d, int64_t chunk) noexcept nogil:
    dot_chunk(<Dot*>d, chunk, <complex64*>NULL)


cdef void dot_chunk_c128(void* d, int64_t chunk) noexcept nogil:
    dot_chunk(<Dot*>d, chunk, <complex128*>NULL)


cdef int dot(Matrix x, Matrix y, inexact alpha, inexact beta, inexact* c) noexcept nogil:
    """The 1 x k times k x 1 product: partial sums of fixed chunks, added in order."""
    cdef int64_t chunks = (x.cols + DOT_CHUNK - 1) // DOT_CHUNK, i
    cdef inexact total = 0
    cdef inexact* sums
    cdef Dot d
    if chunks <= 1:
        total = dot_serial(<const inexact*>x.data, x.col, x.conj, <const inexact*>y.data, y.row, y.conj, x.cols)
    else:
        sums = <inexact*>malloc(chunks * sizeof(inexact))
        if sums == NULL:
            return -1
        d.x, d.incx, d.conj_x = x.data, x.col, x.conj
        d.y, d.incy, d.conj_y = y.data, y.row, y.conj
        d.n, d.sums = x.cols, sums
        if inexact is float:
            parallel_for(dot_chunk_f32, &d, chunks)
        elif inexact is double:
            parallel_for(dot_chunk_f64, &d, chunks)
        elif inexact is complex64:
            parallel_for(dot_chunk_c64, &d, chunks)
        else:
            parallel_for(dot_chunk_c128, &d, chunks)
        for i in range(chunks):
            total = total + sums[i]
        free(sums)
    total = total * alpha
    c[0] = total if beta == 0 else total + beta * c[0]
    return 0


cdef struct Parts:                          # a product cut in a grid of blocks of C
    const Blas* blas
    int dtype                               # row of the BLAS table
    int item                                # bytes of an element
    char order                              # of A, as blas_order says, and the leading dimension
    int64_t lead
    Matrix a, b
    char* c
    int64_t c_row
    void* alpha
    void* beta
    int64_t row_size, col_size, col_parts   # of a block, and how many side by side
    bint alone                              # another thread works on the next product
    int code                                # of a block that failed


cdef inline void describe(Parts* p, int64_t i, int64_t j, block_f32* f, block_f64* d, inexact* tag) noexcept nogil:
    """The block of C that begins at row i and column j, as the kernel of the dtype reads it."""
    cdef int64_t m = least(p.row_size, p.a.rows - i), n = least(p.col_size, p.b.cols - j)
    cdef inexact* a = <inexact*>p.a.data + i * p.a.row
    cdef inexact* b = <inexact*>p.b.data + j * p.b.col
    cdef inexact* c = <inexact*>p.c + i * p.c_row + j
    if inexact is float or inexact is complex64:
        f.m, f.n, f.k = m, n, p.a.cols
        f.a, f.a_row, f.a_col = <float*>a, p.a.row, p.a.col
        f.b, f.b_row, f.b_col = <float*>b, p.b.row, p.b.col
        f.c, f.c_row = <float*>c, p.c_row
        f.alpha, f.beta = (<float*>p.alpha)[0], (<float*>p.beta)[0]
        f.pairs, f.conj_a, f.conj_b = inexact is complex64, p.a.conj, p.b.conj
        f.alpha_imag = (<float*>p.alpha)[1] if inexact is complex64 else 0
    else:
        d.m, d.n, d.k = m, n, p.a.cols
        d.a, d.a_row, d.a_col = <double*>a, p.a.row, p.a.col
        d.b, d.b_row, d.b_col = <double*>b, p.b.row, p.b.col
        d.c, d.c_row = <double*>c, p.c_row
        d.alpha, d.beta = (<double*>p.alpha)[0], (<double*>p.beta)[0]
        d.pairs, d.conj_a, d.conj_b = inexact is complex128, p.a.conj, p.b.conj
        d.alpha_imag = (<double*>p.alpha)[1] if inexact is complex128 else 0


cdef void block_part(Parts* p, int64_t part, inexact* tag) noexcept nogil:
    cdef int64_t i = part // p.col_parts * p.row_size, j = part % p.col_parts * p.col_size
    cdef block_f32 f
    cdef block_f64 d
    cdef void* scratch
    describe(p, i, j, &f, &d, tag)
    if inexact is float or inexact is complex64:
        scratch = ct_scratch(block_scratch_f32() * sizeof(float))
    else:
        scratch = ct_scratch(block_scratch_f64() * sizeof(double))
    if scratch == NULL:
        p.code = -1
    elif inexact is float or inexact is complex64:
        block_gemm_f32(&f, <float*>scratch)
    else:
        block_gemm_f64(&d, <double*>scratch)


cdef void block_part_f32(void* p, int64_t part) noexcept nogil:
    block_part(<Parts*>p, part, <float*>NULL)


cdef void block_part_f64(void* p, int64_t part) noexcept nogil:
    block_part(<Parts*>p, part, <double*>NULL)


cdef void block_part_c64(void* p, int64_t part) noexcept nogil:
    block_part(<Parts*>p, part, <complex64*>NULL)


cdef void block_part_c128(void* p, int64_t part) noexcept nogil:
    block_part(<Parts*>p, part, <complex128*>NULL)


cdef int64_t cut_product(Parts* p, int64_t work) noexcept nogil:
    """Halves a side while the parts stay worth a thread; an element of C does not depend on where the cuts are."""
    cdef int64_t rows = 1, cols = 1, m = p.a.rows, n = p.b.cols, most = 2 * get_num_threads()
    p.row_size, p.col_size, p.col_parts = m, n, 1
    if p.alone or most == 2 or work < 2 * PART_PRODUCT:
        return 1
    while work >= 2 * PART_PRODUCT and rows * cols < most and (m >= 2 * PART_SIDE or n >= 2 * PART_SIDE):
        if n >= 2 * WIDE_PART and m <= 4 * n or m < 2 * PART_SIDE:      # each part packs the columns it has
            cols *= 2
            n = (n + 1) // 2
        else:
            rows *= 2
            m = (m + 1) // 2
        work //= 2
    p.row_size = cut(p.a.rows, rows, 16)
    p.col_size = cut(p.b.cols, cols, 16)
    p.col_parts = (p.b.cols + p.col_size - 1) // p.col_size
    return (p.a.rows + p.row_size - 1) // p.row_size * p.col_parts


cdef inline bint fits(int64_t x) noexcept nogil:
    return x <= INT32_MAX


cdef int block_product(Parts* p, inexact* c) noexcept nogil:
    cdef int64_t work = p.a.rows * p.b.cols * p.a.cols, parts
    cdef inexact one = 1
    if inexact is complex64 or inexact is complex128:
        work *= 4
        if (<inexact*>p.beta)[0] != 0 and (<inexact*>p.beta)[0] != 1:
            scale(c, p.a.rows, p.b.cols, p.c_row, (<inexact*>p.beta)[0])
            p.beta = &one
    parts = cut_product(p, work)
    p.code = 0
    if parts == 1:
        block_part(p, 0, <inexact*>NULL)
    elif inexact is float:
        parallel_for(block_part_f32, p, parts)
    elif inexact is double:
        parallel_for(block_part_f64, p, parts)
    elif inexact is complex64:
        parallel_for(block_part_c64, p, parts)
    else:
        parallel_for(block_part_c128, p, parts)
    return p.code


cdef void gemv_part(void* arg, int64_t part) noexcept nogil:
    # BLAS counts by columns: a row-major A is its transpose.
    cdef Parts* p = <Parts*>arg
    cdef int64_t i = part * p.row_size
    cdef int m = <int>least(p.row_size, p.a.rows - i), k = <int>p.a.cols
    cdef int lda = <int>p.lead, incx = <int>p.b.row, incy = <int>p.c_row
    cdef char trans = b"T", plain = b"N"
    cdef char* a = <char*>p.a.data
    cdef char* y = p.c + p.item * i * p.c_row
    if p.order == b"N":
        p.blas.gemv[p.dtype](&trans, &k, &m, p.alpha, a + p.item * i * p.lead, &lda, p.b.data, &incx, p.beta,
                             y, &incy)
    else:
        p.blas.gemv[p.dtype](&plain, &m, &k, p.alpha, a + p.item * i, &lda, p.b.data, &incx, p.beta, y, &incy)


cdef int matrix_vector(Parts* p, inexact* c) noexcept nogil:
    """A times the single column of B, whose rows are p.b.row > 0 apart, to a column whose rows are p.c_row apart."""
    cdef int64_t i, parts
    cdef inexact zero = 0
    if not (fits(p.a.rows) and fits(p.a.cols) and fits(p.lead) and fits(p.b.row) and fits(p.c_row)):
        return -2
    p.blas = get_blas()
    if p.blas == NULL:
        return -3
    if (<inexact*>p.beta)[0] == zero:
        for i in range(p.a.rows):       # gemv may scale what is there by 0, and 0 * NaN is not 0
            c[i * p.c_row] = 0
    parts = p.a.rows * p.a.cols // VECTOR_PART + 1
    p.row_size = cut(p.a.rows, parts, 16)
    blas_enter()
    parallel_for(gemv_part, p, (p.a.rows + p.row_size - 1) // p.row_size)
    blas_leave()
    return 0


cdef int row_dots(Parts* p, inexact* c) noexcept nogil:
    """A of dense rows times the single dense column of B; no packing pays for a small one."""
    cdef int64_t i
    cdef inexact y
    cdef inexact alpha = (<const inexact*>p.alpha)[0], beta = (<const inexact*>p.beta)[0]
    for i in range(p.a.rows):
        y = alpha * dot_serial(<const inexact*>p.a.data + i * p.a.row, 1, False, <const inexact*>p.b.data, 1, False,
                               p.a.cols)
        c[i * p.c_row] = y if beta == 0 else y + beta * c[i * p.c_row]
    return 0


cdef int product(Matrix a, Matrix b, inexact alpha, inexact beta, inexact* c, int64_t c_row,
                 bint alone) noexcept nogil:
    """C = alpha A B + beta C, whatever the sizes and strides."""
    cdef Parts p
    cdef inexact numbers[2]
    if a.rows == 0 or b.cols == 0:
        return 0
    if a.cols == 0:
        scale(c, a.rows, b.cols, c_row, beta)
        return 0
    if a.rows == 1:
        c_row = b.cols      # the stride of a single row may be anything
        if b.cols == 1:
            return dot(a, b, alpha, beta, c)
    numbers[0], numbers[1] = alpha, beta
    p.alpha, p.beta, p.item = &numbers[0], &numbers[1], sizeof(inexact)
    p.dtype = 0 if inexact is float else 1 if inexact is double else 2 if inexact is complex64 else 3
    p.c, p.alone = <char*>c, alone
    if (a.rows == 1 or b.cols == 1) and not (a.conj or b.conj):
        p.a, p.b, p.c_row = a, b, c_row
        if a.rows == 1:     # c = a B is c^T = B^T a^T, a column one element apart
            p.a, p.b, p.c_row = transposed(b), transposed(a), 1
        if p.a.rows * p.a.cols > SMALL_VECTOR:
            p.order = blas_order(&p.a, &p.lead)
            if p.order and p.b.row > 0:
                return matrix_vector(&p, c)
        elif (inexact is float or inexact is double) and p.a.col == 1 and p.b.row == 1:
            return row_dots(&p, c)
    p.a, p.b, p.c_row = a, b, c_row
    return block_product(&p, c)

# ------------------------------------------------------------------------------------------------------------
# Batches

cdef struct Batch:
    const Gemm* g
    int64_t chunk       # matrices per chunk
    int code            # of a chunk that failed


cdef inline Matrix left(const Gemm* g, int64_t i, int64_t item) noexcept nogil:
    cdef Matrix x
    x.data = <char*>g.a + i * g.a_batch * item
    x.rows, x.cols, x.row, x.col, x.conj = g.m, g.k, g.a_row, g.a_col, g.conj_a
    return x


cdef inline Matrix right(const Gemm* g, int64_t i, int64_t item) noexcept nogil:
    cdef Matrix x
    x.data = <char*>g.b + i * g.b_batch * item
    x.rows, x.cols, x.row, x.col, x.conj = g.k, g.n, g.b_row, g.b_col, g.conj_b
    return x


cdef int product_at(const Gemm* g, int64_t i, bint alone, inexact* tag) noexcept nogil:
    cdef inexact alpha = 1, beta = 0
    if g.alpha != NULL:
        alpha = (<const inexact*>g.alpha)[0]
    if g.beta != NULL:
        beta = (<const inexact*>g.beta)[0]
    return product(left(g, i, sizeof(inexact)), right(g, i, sizeof(inexact)), alpha, beta,
                   <inexact*>g.c + i * g.c_batch, g.c_row, alone)


cdef bint batch_dots(const Gemm* g, int64_t start, int64_t stop, inexact* tag) noexcept nogil:
    """Sums of products of vectors one after the other; False: not plain enough for that."""
    cdef int64_t i
    if inexact is float or inexact is double:
        if g.m != 1 or g.n != 1 or g.alpha != NULL or g.beta != NULL or g.k > DOT_CHUNK:
            return False
        for i in range(start, stop):
            (<inexact*>g.c)[i * g.c_batch] = dot_serial(
                <const inexact*>g.a + i * g.a_batch, g.a_col, False, <const inexact*>g.b + i * g.b_batch, g.b_row,
                False, g.k)
        return True
    else:
        return False


cdef bint batch_tiny(const Gemm* g, int64_t start, int64_t stop, inexact* tag) noexcept nogil:
    """Products of a few rows and columns in registers; False: not plain enough for that."""
    cdef block_f32 f
    cdef block_f64 d
    if not 0 < g.k <= TINY or g.b_col != 1 or g.alpha != NULL or g.beta != NULL:
        return False
    if inexact is float:
        if g.n > LANES_F32:
            return False
        f.m, f.n, f.k, f.a_row, f.a_col, f.b_row, f.c_row = g.m, g.n, g.k, g.a_row, g.a_col, g.b_row, g.c_row
        f.a, f.b = <const float*>g.a + start * g.a_batch, <const float*>g.b + start * g.b_batch
        f.c = <float*>g.c + start * g.c_batch
        tiny_gemms_f32(f, stop - start, g.a_batch, g.b_batch, g.c_batch)
        return True
    elif inexact is double:
        if g.n > LANES_F64:
            return False
        d.m, d.n, d.k, d.a_row, d.a_col, d.b_row, d.c_row = g.m, g.n, g.k, g.a_row, g.a_col, g.b_row, g.c_row
        d.a, d.b = <const double*>g.a + start * g.a_batch, <const double*>g.b + start * g.b_batch
        d.c = <double*>g.c + start * g.c_batch
        tiny_gemms_f64(d, stop - start, g.a_batch, g.b_batch, g.c_batch)
        return True
    else:
        return False


cdef void batch_chunk(Batch* b, int64_t chunk, inexact* tag) noexcept nogil:
    cdef int64_t i, stop = (chunk + 1) * b.chunk
    cdef int code
    if batch_dots(b.g, chunk * b.chunk, least(stop, b.g.batch), tag):
        return
    if batch_tiny(b.g, chunk * b.chunk, least(stop, b.g.batch), tag):
        return
    for i in range(chunk * b.chunk, stop if stop < b.g.batch else b.g.batch):
        code = product_at(b.g, i, True, tag)
        if code != 0:
            b.code = code


cdef void batch_chunk_f32(void* b, int64_t chunk) noexcept nogil:
    batch_chunk(<Batch*>b, chunk, <float*>NULL)


cdef void batch_chunk_f64(void* b, int64_t chunk) noexcept nogil:
    batch_chunk(<Batch*>b, chunk, <double*>NULL)


cdef void batch_chunk_c64(void* b, int64_t chunk) noexcept nogil:
    batch_chunk(<Batch*>b, chunk, <complex64*>NULL)


cdef void batch_chunk_c128(void* b, int64_t chunk) noexcept nogil:
    batch_chunk(<Batch*>b, chunk, <complex128*>NULL)


cdef int gemm(const Gemm* g, inexact* tag) noexcept nogil:
    cdef Gemm flat
    cdef Batch b
    cdef int code
    cdef int64_t i, work
    if g.batch == 1:
        return product_at(g, 0, False, tag)
    if g.b_batch == 0 and g.a_batch == g.m * g.a_row and g.c_batch == g.m * g.c_row and g.a_row > 0:
        flat = g[0]                         # one B for all: the rows of every A in one tall matrix
        flat.batch, flat.m = 1, g.batch * g.m
        return product_at(&flat, 0, False, tag)
    work = g.m * g.n * g.k
    if work >= 2 * PART_PRODUCT and g.batch < 2 * get_num_threads():
        for i in range(g.batch):
            code = product_at(g, i, False, tag)
            if code != 0:
                return code
        return 0
    if work > SMALL_VECTOR and (g.m == 1 or g.n == 1) and get_blas() == NULL:   # a worker must not wait for the GIL
        return -3
    b.g, b.code, b.chunk = g, 0, BATCH_PRODUCT // (work + 1) + 1
    if inexact is float:
        parallel_for(batch_chunk_f32, &b, (g.batch + b.chunk - 1) // b.chunk)
    elif inexact is double:
        parallel_for(batch_chunk_f64, &b, (g.batch + b.chunk - 1) // b.chunk)
    elif inexact is complex64:
        parallel_for(batch_chunk_c64, &b, (g.batch + b.chunk - 1) // b.chunk)
    else:
        parallel_for(batch_chunk_c128, &b, (g.batch + b.chunk - 1) // b.chunk)
    return b.code


cdef int gemm_f32(const Gemm* g) noexcept nogil:
    return gemm(g, <float*>NULL)


cdef int gemm_f64(const Gemm* g) noexcept nogil:
    return gemm(g, <double*>NULL)


cdef int gemm_c64(const Gemm* g) noexcept nogil:
    return gemm(g, <complex64*>NULL)


cdef int gemm_c128(const Gemm* g) noexcept nogil:
    return gemm(g, <complex128*>NULL)

# ------------------------------------------------------------------------------------------------------------
# Integers: sums wrap as the dtype does

cdef enum:
    INTEGER_ROWS = 16

cdef struct IntegerProduct:
    const Gemm* g
    int64_t row_parts


cdef inline void integer_sums(integer* z, const integer* y, int64_t y_row, const integer* x, int64_t x_step,
                              integer alpha, int64_t n) noexcept nogil:
    """z += the rows of y times four elements of x."""
    cdef int64_t j
    cdef integer p = alpha * x[0], q = alpha * x[x_step], r = alpha * x[2 * x_step], s = alpha * x[3 * x_step]
    for j in range(n):
        z[j] += p * y[j] + q * y[y_row + j] + r * y[2 * y_row + j] + s * y[3 * y_row + j]


cdef void integer_rows(IntegerProduct* p, int64_t part, integer* tag) noexcept nogil:
    cdef const Gemm* g = p.g
    cdef int64_t batch = part // p.row_parts, first = part % p.row_parts * INTEGER_ROWS, i, j, k
    cdef int64_t stop = first + INTEGER_ROWS if first + INTEGER_ROWS < g.m else g.m
    cdef integer alpha = 1, beta = 0
    cdef const integer* a = <const integer*>g.a + batch * g.a_batch
    cdef const integer* b = <const integer*>g.b + batch * g.b_batch
    cdef const integer* y
    cdef integer* c = <integer*>g.c + batch * g.c_batch
    cdef integer* z
    cdef integer x
    if g.alpha != NULL:
        alpha = (<const integer*>g.alpha)[0]
    if g.beta != NULL:
        beta = (<const integer*>g.beta)[0]
    for i in range(first, stop):
        for j in range(g.n):
            c[i * g.c_row + j] = beta * c[i * g.c_row + j] if beta != 0 else 0
    k = 0
    while k + 4 <= g.k and g.b_col == 1:        # four rows of B stay in cache for all rows of the part
        y = b + k * g.b_row
        for i in range(first, stop):
            z = c + i * g.c_row
            integer_sums(z, y, g.b_row, a + i * g.a_row + k * g.a_col, g.a_col, alpha, g.n)
        k += 4
    for k in range(k, g.k):
        y = b + k * g.b_row
        for i in range(first, stop):
            x = alpha * a[i * g.a_row + k * g.a_col]
            z = c + i * g.c_row
            if g.b_col == 1:
                for j in range(g.n):
                    z[j] += x * y[j]
            else:
                for j in range(g.n):
                    z[j] += x * y[j * g.b_col]


cdef void integer_rows_u8(void* p, int64_t part) noexcept nogil:
    integer_rows(<IntegerProduct*>p, part, <uint8_t*>NULL)


cdef void integer_rows_i8(void* p, int64_t part) noexcept nogil:
    integer_rows(<IntegerProduct*>p, part, <int8_t*>NULL)


cdef void integer_rows_i16(void* p, int64_t part) noexcept nogil:
    integer_rows(<IntegerProduct*>p, part, <int16_t*>NULL)


cdef void integer_rows_i32(void* p, int64_t part) noexcept nogil:
    integer_rows(<IntegerProduct*>p, part, <int32_t*>NULL)


cdef void integer_rows_i64(void* p, int64_t part) noexcept nogil:
    integer_rows(<IntegerProduct*>p, part, <int64_t*>NULL)


cdef int gemm_integer(const Gemm* g, integer* tag) noexcept nogil:
    cdef Gemm packed = g[0]
    cdef IntegerProduct p
    cdef integer* copy = NULL
    cdef const integer* b = <const integer*>g.b
    cdef int64_t i, j, k
    cdef int64_t batches = 1 if g.b_batch == 0 else g.batch
    if g.m == 0 or g.n == 0 or g.batch == 0:
        return 0
    if g.n == 1:
        packed.c_row, packed.b_col = g.c_row, 1
    elif g.b_col != 1 and g.k > 0 and g.m > 4:
        copy = <integer*>malloc(batches * g.k * g.n * sizeof(integer))
        if copy == NULL:
            return -1
        for i in range(batches):
            for j in range(g.n):
                for k in range(g.k):
                    copy[(i * g.k + k) * g.n + j] = b[i * g.b_batch + k * g.b_row + j * g.b_col]
        packed.b, packed.b_row, packed.b_col = copy, g.n, 1
        packed.b_batch = 0 if g.b_batch == 0 else g.k * g.n
    p.g, p.row_parts = &packed, (g.m + INTEGER_ROWS - 1) // INTEGER_ROWS
    if g.batch * g.m * g.n * g.k < SMALL_INTEGERS:
        for i in range(p.row_parts * g.batch):
            integer_rows(&p, i, tag)
    elif integer is uint8_t:
        parallel_for(integer_rows_u8, &p, p.row_parts * g.batch)
    elif integer is int8_t:
        parallel_for(integer_rows_i8, &p, p.row_parts * g.batch)
    elif integer is int16_t:
        parallel_for(integer_rows_i16, &p, p.row_parts * g.batch)
    elif integer is int32_t:
        parallel_for(integer_rows_i32, &p, p.row_parts * g.batch)
    else:
        parallel_for(integer_rows_i64, &p, p.row_parts * g.batch)
    free(copy)
    return 0


cdef int gemm_u8(const Gemm* g) noexcept nogil:
    return gemm_integer(g, <uint8_t*>NULL)


cdef int gemm_i8(const Gemm* g) noexcept nogil:
    return gemm_integer(g, <int8_t*>NULL)


cdef int gemm_i16(const Gemm* g) noexcept nogil:
    return gemm_integer(g, <int16_t*>NULL)


cdef int gemm_i32(const Gemm* g) noexcept nogil:
    return gemm_integer(g, <int32_t*>NULL)


cdef int gemm_i64(const Gemm* g) noexcept nogil:
    return gemm_integer(g, <int64_t*>NULL)

# ------------------------------------------------------------------------------------------------------------
# What factorizations are made of, beside products


cdef void substitute_single(bint lower, int n, int64_t k, const void* T, void* b, int64_t ldb) noexcept nogil:
    substitute_f32(lower, n, k, <const float*>T, <float*>b, ldb)


cdef void substitute_double(bint lower, int n, int64_t k, const void* T, void* b, int64_t ldb) noexcept nogil:
    substitute_f64(lower, n, k, <const double*>T, <double*>b, ldb)


cdef int narrow_lu_single(int64_t m, int64_t n, void* A, int64_t ld, int* pivots) noexcept nogil:
    return narrow_lu_f32(m, n, <float*>A, ld, pivots)


cdef int narrow_lu_double(int64_t m, int64_t n, void* A, int64_t ld, int* pivots) noexcept nogil:
    return narrow_lu_f64(m, n, <double*>A, ld, pivots)


cdef void symmetric_single(int64_t n, const void* A, int64_t ld, const void* x, void* y) noexcept nogil:
    symmetric_f32(n, <const float*>A, ld, <const float*>x, <float*>y)


cdef void symmetric_double(int64_t n, const void* A, int64_t ld, const void* x, void* y) noexcept nogil:
    symmetric_f64(n, <const double*>A, ld, <const double*>x, <double*>y)


cdef void turn_4(const void* x, int64_t row, int64_t rows, int64_t cols, void* to) noexcept nogil:
    turn_f32(<const float*>x, row, rows, cols, <float*>to)


cdef void turn_8(const void* x, int64_t row, int64_t rows, int64_t cols, void* to) noexcept nogil:
    turn_f64(<const double*>x, row, rows, cols, <double*>to)


# ------------------------------------------------------------------------------------------------------------
# Matrices that are products of two vectors, added to another

cdef void outer_rows(Outer* o, int64_t chunk, real* tag) noexcept nogil:
    cdef int64_t i, j, end = (chunk + 1) * o.rows
    cdef const real* v = <const real*>o.v
    cdef const real* x
    cdef real* y
    cdef real beta = <real>o.beta, factor
    for i in range(chunk * o.rows, end if end < o.m else o.m):
        factor = <real>o.alpha * (<const real*>o.u)[i * o.u_step]
        x, y = <const real*>o.x + i * o.x_row, <real*>o.y + i * o.n
        if beta == 0:
            for j in range(o.n):
                y[j] = factor * v[j]
        elif beta == 1:
            for j in range(o.n):
                y[j] = x[j] + factor * v[j]
        else:
            for j in range(o.n):
                y[j] = beta * x[j] + factor * v[j]


cdef void outer_rows_f32(void* o, int64_t chunk) noexcept nogil:
    outer_rows(<Outer*>o, chunk, <float*>NULL)


cdef void outer_rows_f64(void* o, int64_t chunk) noexcept nogil:
    outer_rows(<Outer*>o, chunk, <double*>NULL)


cdef void outer_f32(Outer* o) noexcept nogil:
    o.rows = 16384 // (o.n + 1) + 1
    parallel_for(outer_rows_f32, o, (o.m + o.rows - 1) // o.rows)


cdef void outer_f64(Outer* o) noexcept nogil:
    o.rows = 16384 // (o.n + 1) + 1
    parallel_for(outer_rows_f64, o, (o.m + o.rows - 1) // o.rows)


cdef MatmulKernels table
table.outer[:] = [outer_f32, outer_f64]
table.substitute[:] = [substitute_single, substitute_double]
table.narrow_lu[:] = [narrow_lu_single, narrow_lu_double]
table.symmetric[:] = [symmetric_single, symmetric_double]
table.turn[:] = [turn_4, turn_8]
table.gemm[GEMM_FLOAT32] = gemm_f32
table.gemm[GEMM_FLOAT64] = gemm_f64
table.gemm[GEMM_COMPLEX64] = gemm_c64
table.gemm[GEMM_COMPLEX128] = gemm_c128
table.gemm[GEMM_UINT8] = gemm_u8
table.gemm[GEMM_INT8] = gemm_i8
table.gemm[GEMM_INT16] = gemm_i16
table.gemm[GEMM_INT32] = gemm_i32
table.gemm[GEMM_INT64] = gemm_i64

kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
