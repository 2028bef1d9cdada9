# A LAPACK routine over a batch of matrices: where each matrix lies, working space, the split over threads.
from libc.stdint cimport int64_t

from ctorch._tensor cimport MAX_DIMS, TensorBase

cdef enum:
    OPERANDS = 8

# The tensors of one call, matrix by matrix. Inputs may be broadcast and strided in any way.
cdef struct Operand:
    char* data
    int64_t step[MAX_DIMS]          # bytes, by dimension of the batch
    int64_t row, col                # elements, inside a matrix

cdef struct Batch:
    int type                        # row of the LAPACK tables
    int size                        # bytes of an element
    int ndim
    int64_t shape[MAX_DIMS]
    int64_t count                   # matrices
    int operands
    Operand operand[OPERANDS]
    void (*each)(const Batch* batch, char** at, char* work) noexcept nogil
    int64_t work                    # bytes of working space
    int64_t first                   # those of its first part
    int64_t per                     # matrices of a chunk
    int failed                      # no memory for working space
    int m, n, k                     # sizes, as the routine reads them
    char a, b, c                    # its flags
    int lwork, lrwork, liwork
    double number

cdef int lapack_type(TensorBase x, const char* op) except -1
cdef int square(TensorBase x, str op) except -1
cdef int at_least_matrix(TensorBase x, str op) except -1
cdef int batch_init(Batch* batch, TensorBase x, const char* op) except -1
cdef int batch_broadcast(Batch* batch, TensorBase x, int dims) except -1
cdef int batch_add(Batch* batch, TensorBase x, int dims) except -1
cdef TensorBase batch_matrix(Batch* batch, int dtype, int64_t rows, int64_t cols)
cdef TensorBase batch_vector(Batch* batch, int dtype, int64_t n)
cdef TensorBase batch_number(Batch* batch, int dtype)
cdef int batch_run(Batch* batch, double cost, str op) except -1
cdef int64_t first_failure(TensorBase info) noexcept

cdef void load(const Batch* batch, int k, char* at, char* to, int64_t rows, int64_t cols) noexcept nogil
cdef char* readable(const Batch* batch, int k, char* at, char* work, int64_t rows, int64_t cols,
                    int* ld) noexcept nogil
cdef int work_size(int type, const void* answer) noexcept nogil

cdef inline int at_least_1(int64_t n) noexcept nogil:
    # A leading dimension, which LAPACK wants positive.
    return <int>n if n > 1 else 1

cdef inline int64_t padded(int64_t bytes) noexcept nogil:
    return (bytes + 63) & ~63
