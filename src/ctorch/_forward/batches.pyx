"""A LAPACK routine over a batch of matrices.

Results are column-major, as LAPACK writes them, so that they need no copy; an input is copied column-major into the
result that the routine overwrites, or into working space. Small matrices share chunks of the thread pool.
"""
from libc.stdint cimport INT32_MAX, int32_t, int64_t
from libc.stdlib cimport free, malloc

from ctorch._blas cimport blas_enter, blas_leave, get_blas
from ctorch._dispatch cimport unsupported
from ctorch._dtype cimport *
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.matmul cimport MatmulKernels
from ctorch._lapack cimport *
from ctorch._parallel cimport get_num_threads, parallel_for
from ctorch._tensor cimport *

cdef extern from *:
    """
    typedef struct { double re, im; } ct_pair;
    #define CT_LOAD(name, T)                                                                                       \
    static void name(const char *from, char *to, int64_t rows, int64_t cols, int64_t row, int64_t col) {            \
        const T *x = (const T *)from;                                                                               \
        T *y = (T *)to;                                                                                             \
        if (row == 1) {                                                                                             \
            for (int64_t j = 0; j < cols; j++) memcpy(y + j * rows, x + j * col, rows * sizeof(T));                 \
            return;                                                                                                 \
        }                                                                                                           \
        if (rows <= 16) {                                                                                           \
            for (int64_t i = 0; i < rows; i++)                                                                      \
                for (int64_t j = 0; j < cols; j++) y[j * rows + i] = x[i * row + j * col];                          \
            return;                                                                                                 \
        }                                                                                                           \
        for (int64_t j0 = 0; j0 < cols; j0 += 16)              /* tiles stay in cache both ways */                  \
            for (int64_t i0 = 0; i0 < rows; i0 += 16) {                                                             \
                int64_t i1 = i0 + 16 < rows ? i0 + 16 : rows, j1 = j0 + 16 < cols ? j0 + 16 : cols;                 \
                for (int64_t j = j0; j < j1; j++)                                                                   \
                    for (int64_t i = i0; i < i1; i++) y[j * rows + i] = x[i * row + j * col];                       \
            }                                                                                                       \
    }
    CT_LOAD(ct_load_4, float)
    CT_LOAD(ct_load_8, double)
    CT_LOAD(ct_load_16, ct_pair)
    """
    void ct_load_4(const char* frm, char* to, int64_t rows, int64_t cols, int64_t row, int64_t col) noexcept nogil
    void ct_load_8(const char* frm, char* to, int64_t rows, int64_t cols, int64_t row, int64_t col) noexcept nogil
    void ct_load_16(const char* frm, char* to, int64_t rows, int64_t cols, int64_t row, int64_t col) noexcept nogil

cdef enum:
    GRAIN = 100000                   # arithmetic of a chunk, about
    MATRIX_OVERHEAD = 1000           # that of calling LAPACK once, in the same measure
    TURNED = 8                       # rows and columns from which a transposed copy goes by vectors
    THREADED = 1024                  # from this size on OpenBLAS may use threads of its own


cdef MatmulKernels* kernels = NULL


# ---- checks

cdef int lapack_type(TensorBase x, const char* op) except -1:
    # Row of the LAPACK tables.
    if x.dtype == FLOAT32:
        return LAPACK_FLOAT32
    if x.dtype == FLOAT64:
        return LAPACK_FLOAT64
    if x.dtype == COMPLEX64:
        return LAPACK_COMPLEX64
    if x.dtype == COMPLEX128:
        return LAPACK_COMPLEX128
    if category_of[x.dtype] <= CATEGORY_INT:
        raise RuntimeError(f"{op.decode()}: Expected a floating point or complex tensor as input. Got "
                           f"{dtype_title(x.dtype)}")
    unsupported(op, x.dtype)


cdef int at_least_matrix(TensorBase x, str op) except -1:
    if x.ndim < 2:
        raise RuntimeError(f"{op}: The input tensor A must have at least 2 dimensions.")
    return 0


cdef int square(TensorBase x, str op) except -1:
    at_least_matrix(x, op)
    if x.shape[x.ndim - 2] != x.shape[x.ndim - 1]:
        raise RuntimeError(f"{op}: A must be batches of square matrices, but they are {x.shape[x.ndim - 2]} by "
                           f"{x.shape[x.ndim - 1]} matrices")
    return 0


# ---- the operands

cdef int batch_init(Batch* batch, TensorBase x, const char* op) except -1:
    # The batch of x, whose last two dimensions are the matrix.
    global kernels
    cdef int i
    batch.type = lapack_type(x, op)
    batch.size = itemsize_of[x.dtype]
    batch.ndim = x.ndim - 2
    batch.operands = 0
    batch.work = 0
    batch.failed = 0
    batch.lwork = batch.lrwork = batch.liwork = 0
    batch.count = 1
    for i in range(x.ndim):
        if i < batch.ndim:
            batch.shape[i] = x.shape[i]
            batch.count *= x.shape[i]
        elif x.shape[i] > INT32_MAX:
            raise RuntimeError(f"{op.decode()}: a size is beyond 32-bit integers")
    need_lapack()
    if kernels == NULL:
        kernels = <MatmulKernels*>kernel_table("matmul")
    if get_blas() == NULL:
        raise ImportError(f"{op.decode()}: SciPy's BLAS (scipy.linalg.cython_blas) cannot be imported")
    return 0


cdef int batch_broadcast(Batch* batch, TensorBase x, int dims) except -1:
    # Widens the batch to what it and x, apart from its last `dims` dimensions, broadcast to.
    cdef int64_t shape[MAX_DIMS]
    cdef int i, own = x.ndim - dims, ndim = batch.ndim if batch.ndim > own else own
    cdef int64_t a, b
    batch.count = 1
    for i in range(ndim):
        a = batch.shape[i - (ndim - batch.ndim)] if i >= ndim - batch.ndim else 1
        b = x.shape[i - (ndim - own)] if i >= ndim - own else 1
        if a != b and a != 1 and b != 1:
            raise RuntimeError(f"The size of tensor a ({b}) must match the size of tensor b ({a}) at non-singleton "
                               f"dimension {i}")
        shape[i] = b if a == 1 else a
        batch.count *= shape[i]
    for i in range(ndim):
        batch.shape[i] = shape[i]
    batch.ndim = ndim
    return 0


cdef int batch_add(Batch* batch, TensorBase x, int dims) except -1:
    # The next operand: numbers, vectors or matrices by its last `dims` dimensions.
    cdef Operand* o = &batch.operand[batch.operands]
    cdef int i, own, size = itemsize_of[x.dtype]
    o.data = x.data
    for i in range(batch.ndim):
        own = i - (batch.ndim - (x.ndim - dims))
        o.step[i] = 0 if own < 0 or x.shape[own] == 1 else x.strides[own] * size
    o.row = x.strides[x.ndim - dims] if dims else 0
    o.col = x.strides[x.ndim - 1] if dims == 2 else 0
    batch.operands += 1
    return 0


cdef TensorBase batch_matrix(Batch* batch, int dtype, int64_t rows, int64_t cols):
    # A new operand of column-major matrices.
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef int64_t stride = (rows if rows > 1 else 1) * (cols if cols > 1 else 1)
    cdef int i
    if batch.ndim + 2 > MAX_DIMS:
        raise RuntimeError(f"tensors have at most {MAX_DIMS} dimensions, got {batch.ndim + 2}")
    for i in range(batch.ndim - 1, -1, -1):
        shape[i], strides[i] = batch.shape[i], stride
        stride *= batch.shape[i] if batch.shape[i] > 1 else 1
    shape[batch.ndim], shape[batch.ndim + 1] = rows, cols
    strides[batch.ndim], strides[batch.ndim + 1] = 1, rows if rows > 1 else 1
    cdef TensorBase t = tensor_empty_strided(None, dtype, batch.ndim + 2, shape, strides)
    batch_add(batch, t, 2)
    return t


cdef TensorBase batch_vector(Batch* batch, int dtype, int64_t n):
    cdef int64_t shape[MAX_DIMS]
    cdef int i
    for i in range(batch.ndim):
        shape[i] = batch.shape[i]
    shape[batch.ndim] = n
    cdef TensorBase t = tensor_empty(dtype, batch.ndim + 1, shape)
    batch_add(batch, t, 1)
    return t


cdef TensorBase batch_number(Batch* batch, int dtype):
    cdef TensorBase t = tensor_empty(dtype, batch.ndim, batch.shape)
    batch_add(batch, t, 0)
    return t


# ---- the loop

cdef void place(const Batch* batch, int64_t index, char** at) noexcept nogil:
    # Where matrix number `index` of each operand begins.
    cdef int i, k
    cdef int64_t here
    for k in range(batch.operands):
        at[k] = batch.operand[k].data
    for i in range(batch.ndim - 1, -1, -1):
        here = index % batch.shape[i]
        index //= batch.shape[i]
        for k in range(batch.operands):
            at[k] += here * batch.operand[k].step[i]


cdef void run_chunk(void* arg, int64_t chunk) noexcept nogil:
    cdef Batch* batch = <Batch*>arg
    cdef char* at[OPERANDS]
    cdef char inside[4096]
    cdef char* work = inside
    cdef int64_t i = chunk * batch.per, end = i + batch.per
    if batch.work > <int64_t>sizeof(inside):
        work = <char*>malloc(batch.work)
        if work == NULL:
            batch.failed = 1
            return
    while i < end and i < batch.count:
        place(batch, i, at)
        batch.each(batch, at, work)
        i += 1
    if work != inside:
        free(work)


cdef int batch_run(Batch* batch, double cost, str op) except -1:
    # Calls `each` for all matrices; `cost` is the arithmetic of one, about.
    cdef bint alone
    if batch.count == 0:
        return 0
    cost += MATRIX_OVERHEAD
    batch.per = <int64_t>(GRAIN / cost) + 1 if cost < GRAIN else 1
    with nogil:
        alone = batch.count > 1 or batch.n < THREADED or get_num_threads() == 1
        if alone:
            blas_enter()
        if batch.count <= batch.per:
            batch.per = batch.count
            run_chunk(batch, 0)
        else:
            parallel_for(run_chunk, batch, (batch.count + batch.per - 1) // batch.per)
        if alone:
            blas_leave()
    if batch.failed:
        raise MemoryError(f"{op}: out of memory for working space")
    return 0


cdef int64_t first_failure(TensorBase info) noexcept:
    # Place of the first number of `info`, which is dense, that is not zero; -1 where all are.
    cdef int64_t i
    cdef int32_t* x = <int32_t*>info.data
    for i in range(info.numel):
        if x[i]:
            return i
    return -1


# ---- for the routines

cdef void load(const Batch* batch, int k, char* at, char* to, int64_t rows, int64_t cols) noexcept nogil:
    # Copies a matrix of operand k column-major.
    cdef int64_t row = batch.operand[k].row, col = batch.operand[k].col
    if col == 1 and row != 1 and batch.size <= 8 and rows >= TURNED and cols >= TURNED:
        kernels.turn[batch.size == 8](at, row, rows, cols, to)
    elif batch.size == 4:
        ct_load_4(at, to, rows, cols, row, col)
    elif batch.size == 8:
        ct_load_8(at, to, rows, cols, row, col)
    else:
        ct_load_16(at, to, rows, cols, row, col)


cdef char* readable(const Batch* batch, int k, char* at, char* work, int64_t rows, int64_t cols,
                    int* ld) noexcept nogil:
    # A matrix of operand k as LAPACK reads it: where it lies, or copied to `work`.
    cdef int64_t row = batch.operand[k].row, col = batch.operand[k].col
    if (row == 1 or rows <= 1) and (col >= at_least_1(rows) and col <= INT32_MAX or cols <= 1):
        ld[0] = <int>col if cols > 1 else at_least_1(rows)
        return at
    load(batch, k, at, work, rows, cols)
    ld[0] = at_least_1(rows)
    return work


cdef int work_size(int type, const void* answer) noexcept nogil:
    # The size that LAPACK answers in the first element of its working space; floats are rounded up.
    if type == LAPACK_FLOAT32 or type == LAPACK_COMPLEX64:
        return <int>((<const float*>answer)[0] * 1.0000002) + 1
    return <int>(<const double*>answer)[0]
