"""Running sums, products and extrema: shapes and dtypes around their kernels. Results have the input's dtype."""
from libc.stdint cimport int64_t

from ctorch._dispatch cimport cast_to, unsupported
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.scan cimport (SCAN_COMPLEX64, SCAN_COMPLEX128, SCAN_FLOAT32, SCAN_FLOAT64, SCAN_INT64, ScanJob,
                                   ScanKernels)
from ctorch._tensor cimport *

ctypedef void (*ScanFn)(ScanJob*) noexcept nogil

cdef ScanKernels* scan_kernels = NULL


cdef ScanKernels* load_scan() except NULL:
    global scan_kernels
    if scan_kernels == NULL:
        scan_kernels = <ScanKernels*>kernel_table("scan")
    return scan_kernels


cdef int scan_dtype(int dtype) noexcept:
    # The dtype in which elements are read and written.
    if category_of[dtype] <= CATEGORY_INT:
        return INT64
    return FLOAT32 if category_of[dtype] == CATEGORY_FLOAT and dtype != FLOAT64 else dtype


cdef int scan_row(int dtype) noexcept:
    return (SCAN_FLOAT32 if dtype == FLOAT32 else SCAN_FLOAT64 if dtype == FLOAT64 else SCAN_INT64 if dtype == INT64
            else SCAN_COMPLEX64 if dtype == COMPLEX64 else SCAN_COMPLEX128)


cdef int run_scan(ScanFn f, ScanJob* job, TensorBase x, TensorBase y, int dim) except -1:
    cdef int i
    job.x, job.y = x.data, y.data
    job.outer = job.n = job.inner = 1
    job.turned = 0 if x.contiguous else x.strides[1]
    for i in range(x.ndim):
        if i < dim:
            job.outer *= x.shape[i]
        elif i == dim:
            job.n = x.shape[i]
        else:
            job.inner *= x.shape[i]
    if x.numel < 4096:
        f(job)
    else:
        with nogil:
            f(job)
    return 0


cdef TensorBase scan_result(TensorBase x, TensorBase a, int dim):
    # A copy becomes the result: less memory is touched.
    return a if a is not x and x.ndim else tensor_empty(a.dtype, x.ndim, x.shape)


cdef bint is_turned(TensorBase x, int dtype, int dim) noexcept:
    # Whether x is the transpose of rows that are read as they lie.
    return (x.dtype == dtype and x.ndim == 2 and dim == 0 and not x.contiguous and x.strides[0] == 1
            and x.strides[1] != 0)


cdef TensorBase running(ScanFn* kernels, TensorBase x, int dim, bint reverse):
    cdef int dtype = scan_dtype(x.dtype)
    cdef TensorBase a = x if is_turned(x, dtype, dim) else dense(x, dtype)
    cdef TensorBase y = scan_result(x, a, dim)
    cdef ScanJob job
    job.reverse = reverse
    run_scan(kernels[scan_row(dtype)], &job, a, y, dim)
    return cast_to(y, x.dtype)


cdef TensorBase cumsum_forward(TensorBase x, int dim, bint reverse):
    return running(load_scan().cumsum, x, dim, reverse)


cdef TensorBase cumprod_forward(TensorBase x, int dim):
    return running(load_scan().cumprod, x, dim, False)


cdef object cumextremum_forward(TensorBase x, int dim, bint largest):
    """Values so far and the places of the last such elements."""
    cdef int dtype = scan_dtype(x.dtype)
    cdef TensorBase a, y, places
    cdef ScanJob job
    if category_of[dtype] == CATEGORY_COMPLEX or x.dtype in (UINT16, UINT32, UINT64):
        unsupported(b"cummax_cpu" if largest else b"cummin_cpu", x.dtype)
    a = dense(x, dtype)
    y, places = tensor_empty(dtype, x.ndim, x.shape), tensor_empty(INT64, x.ndim, x.shape)
    job.places = <int64_t*>places.data
    job.largest, job.reverse = largest, False
    run_scan(load_scan().extremum[scan_row(dtype)], &job, a, y, dim)
    return cast_to(y, x.dtype), places


cdef TensorBase logcumsumexp_forward(TensorBase x, int dim):
    # Along the last dimension.
    cdef int dtype = x.dtype if category_of[x.dtype] == CATEGORY_COMPLEX else float_compute(x, b"logcumsumexp_out_cpu")
    cdef TensorBase a = dense(x, dtype), y = tensor_empty(dtype, x.ndim, x.shape)
    cdef ScanJob job
    job.reverse = False
    run_scan(load_scan().logcumsumexp[scan_row(dtype)], &job, a, y, dim)
    return cast_to(y, x.dtype)
