"""Matrix products of bfloat16 where the processor has products of pairs, cut into parts over the pool."""
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int32_t, int64_t, uint16_t

from ctorch._kernels.matmul cimport Gemm
from ctorch._kernels.matmul_bfloat16 cimport BfloatKernels
from ctorch._kernels.parts cimport cut, least
from ctorch._parallel cimport get_num_threads, parallel_for

cdef extern from "pairs_gemm.h" nogil:
    ctypedef struct Pairs "ct_pairs_gemm":
        int64_t m, n, k
        const uint16_t* a
        int64_t a_row
        const uint16_t* b
        int64_t b_row, b_col
        float* c
        int64_t c_row
        bint add
    bint have_pairs "ct_have_pairs" ()
    void pairs_product "ct_pairs_product" (const Pairs* g, int32_t* scratch)
    enum:
        PAIR_SCRATCH "CT_PAIR_SCRATCH"

cdef extern from "scratch.h" nogil:
    void* ct_scratch(size_t size)

cdef enum:
    PART = 1 << 19              # multiplications of a task, at least
    PART_COLUMNS = 48           # and columns of a part,
    PART_ROWS = 32              # or rows

cdef struct Job:
    const Gemm* g
    int64_t row_size, col_size, row_parts, col_parts    # blocks of C
    int64_t group                                       # or whole matrices to a task
    int code


cdef void block(Job* job, int64_t i, int64_t row, int64_t col) noexcept nogil:
    """The block of the product of the matrices i that begins there."""
    cdef const Gemm* g = job.g
    cdef Pairs p
    cdef void* scratch = ct_scratch(PAIR_SCRATCH)
    if scratch == NULL:
        job.code = -1
        return
    p.m, p.n, p.k = least(job.row_size, g.m - row), least(job.col_size, g.n - col), g.k
    p.a, p.a_row = <const uint16_t*>g.a + i * g.a_batch + row * g.a_row, g.a_row
    p.b, p.b_row, p.b_col = <const uint16_t*>g.b + i * g.b_batch + col * g.b_col, g.b_row, g.b_col
    p.c, p.c_row = <float*>g.c + i * g.c_batch + row * g.c_row + col, g.c_row
    p.add = g.beta != NULL
    pairs_product(&p, <int32_t*>scratch)


cdef void task(void* arg, int64_t number) noexcept nogil:
    cdef Job* job = <Job*>arg
    cdef int64_t parts = job.row_parts * job.col_parts, part = number % parts, i
    if parts > 1:
        block(job, number // parts, part // job.col_parts * job.row_size, part % job.col_parts * job.col_size)
    else:
        for i in range(number * job.group, least((number + 1) * job.group, job.g.batch)):
            block(job, i, 0, 0)


cdef int gemm(const Gemm* g) noexcept nogil:
    cdef Job job
    cdef int64_t work = g.m * g.n * g.k, parts = least(work // PART, 2 * get_num_threads())
    job.g, job.code = g, 0
    job.group, job.row_parts, job.col_parts = PART // (work + 1) + 1, 1, 1
    if parts > 1 and g.batch < 2 * get_num_threads():
        job.col_parts = least(parts, g.n // PART_COLUMNS + 1)       # each packs the columns of B that it has
        job.row_parts = least(parts // job.col_parts, g.m // PART_ROWS + 1)
    job.row_size, job.col_size = cut(g.m, job.row_parts, 8), cut(g.n, job.col_parts, 16)
    job.row_parts, job.col_parts = (g.m - 1) // job.row_size + 1, (g.n - 1) // job.col_size + 1
    if job.row_parts * job.col_parts > 1:
        job.group = 1
    parallel_for(task, &job, (g.batch + job.group - 1) // job.group * job.row_parts * job.col_parts)
    return job.code


cdef BfloatKernels table
table.gemm = NULL
if have_pairs():
    table.gemm = gemm
kernels = PyCapsule_New(&table, b"ctorch.kernels", NULL)
