"""Sorting and selection: shapes, dtypes and working memory around their kernels."""
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memcpy

from ctorch._dispatch cimport contiguous, unsupported
from ctorch._dtype cimport *
from ctorch._forward.common cimport kernel_error, spread
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.keys cimport KEY_FLOAT, KEY_SIGNED, KEY_UNSIGNED
from ctorch._kernels.sort cimport SORT_OWN, SortJob, SortKernels
from ctorch._shape cimport once
from ctorch._tensor cimport *

ctypedef int (*SortFn)(SortJob*) noexcept nogil

cdef SortKernels* sort_kernels = NULL


cdef SortKernels* load_sort() except NULL:
    global sort_kernels
    if sort_kernels == NULL:
        sort_kernels = <SortKernels*>kernel_table("sort")
    return sort_kernels


cdef int fill_keys(SortJob* job, int dtype, const char* op) except -1:
    # How elements of a dtype become keys.
    job.width = itemsize_of[dtype]
    job.inf = 0
    if category_of[dtype] == CATEGORY_COMPLEX:
        unsupported(op, dtype)
    if category_of[dtype] == CATEGORY_FLOAT:
        job.kind = KEY_FLOAT
        job.inf = (0x7C00 if dtype == FLOAT16 else 0x7F80 if dtype == BFLOAT16 else 0x7F800000 if dtype == FLOAT32
                   else <uint64_t>0x7FF0000000000000)
    elif dtype in (INT8, INT16, INT32, INT64):
        job.kind = KEY_SIGNED
    else:
        job.kind = KEY_UNSIGNED
    return 0


cdef TensorBase fill_rows(SortJob* job, TensorBase x, int dim, const char* op):
    """The tensor that the kernel reads: x, or a copy where x is not contiguous."""
    cdef TensorBase a
    cdef int i
    fill_keys(job, x.dtype, op)
    a = contiguous(x)
    job.x, job.values, job.places, job.work = a.data, NULL, NULL, NULL
    job.outer = job.inner = job.n = 1
    job.k, job.descending, job.ordered, job.skip_nan = 0, False, True, False
    for i in range(x.ndim):
        if i < dim:
            job.outer *= x.shape[i]
        elif i == dim:
            job.n = x.shape[i]
        else:
            job.inner *= x.shape[i]
    return a


cdef int run_job(SortFn f, SortJob* job, int words, str op) except -1:
    # `words` of working memory for each element of a row that is too long for a thread's own.
    cdef TensorBase work
    cdef int64_t size
    cdef int code
    if job.n > SORT_OWN:
        size = words * job.n
        work = tensor_empty(INT64, 1, &size)
        job.work = <uint64_t*>work.data
    if job.n * job.outer * job.inner < 1024:
        code = f(job)
    else:
        with nogil:
            code = f(job)
    return kernel_error(code, op)


cdef TensorBase numbered(TensorBase x, int dim):
    # The place of each element along a dimension.
    cdef int64_t n = x.shape[dim], i
    cdef int64_t strides[MAX_DIMS]
    cdef TensorBase line = tensor_empty(INT64, 1, &n)
    for i in range(n):
        (<int64_t*>line.data)[i] = i
    for i in range(x.ndim):
        strides[i] = i == dim
    return contiguous(tensor_view(line, x.ndim, x.shape, strides, line.data))


cdef object sort_forward(TensorBase x, int dim, bint descending):
    cdef SortJob job
    cdef TensorBase a, values, places, single = once(x)
    if single is not x:
        values, places = sort_forward(single, dim, descending)
        return spread(values, x), spread(places, x) if x.strides[dim] else numbered(x, dim)
    a = fill_rows(&job, x, dim, b"sort")
    values, places = tensor_empty_like(a, x.dtype), tensor_empty_like(a, INT64)
    job.values, job.places, job.descending = values.data, <int64_t*>places.data, descending
    run_job(load_sort().sort, &job, 2, "sort")
    return values, places


cdef TensorBase sort_values_forward(TensorBase x, int dim):
    cdef SortJob job
    cdef TensorBase a, values, single = once(x)
    if single is not x:
        return spread(sort_values_forward(single, dim), x)
    a = fill_rows(&job, x, dim, b"sort")
    values = tensor_empty_like(a, x.dtype)
    job.values = values.data
    run_job(load_sort().sort_values, &job, 2, "sort")
    return values


cdef int one_along(TensorBase x, int dim, int64_t size, int64_t* shape) noexcept:
    cdef int i
    for i in range(x.ndim):
        shape[i] = size if i == dim else x.shape[i]
    return 0


cdef object topk_forward(TensorBase x, int64_t k, int dim, bint largest, bint ordered):
    cdef SortJob job
    cdef int64_t shape[MAX_DIMS]
    cdef TensorBase _held, values, places
    if k < 0 or k > (x.shape[dim] if x.ndim else 1):
        raise RuntimeError("selected index k out of range")
    _held = fill_rows(&job, x, dim, b"topk")
    one_along(x, dim, k, shape)
    values, places = tensor_empty(x.dtype, x.ndim, shape), tensor_empty(INT64, x.ndim, shape)
    job.values, job.places = values.data, <int64_t*>places.data
    job.k, job.descending, job.ordered = k, largest, ordered
    run_job(load_sort().top, &job, 7, "topk")
    return values, places


cdef int refuse_selection(int dtype, const char* op) except -1:
    if dtype in (BOOL, UINT16, UINT32, UINT64):
        unsupported(op, dtype)
    return 0


cdef object kthvalue_forward(TensorBase x, int64_t k, int dim):
    """Values and places, with the dimension kept, of size one."""
    cdef SortJob job
    cdef int64_t shape[MAX_DIMS]
    cdef TensorBase _held, values, places
    _held = fill_rows(&job, x, dim, b"kthvalue_cpu")
    if job.n == 0:
        raise IndexError(f"kthvalue(): Expected reduction dim {dim} to have non-zero size.")
    if k < 1 or k > job.n:
        raise RuntimeError(f"kthvalue(): selected number k out of range for dimension {dim}")
    refuse_selection(x.dtype, b"kthvalue_cpu")
    one_along(x, dim, 1, shape)
    values, places = tensor_empty(x.dtype, x.ndim, shape), tensor_empty(INT64, x.ndim, shape)
    job.values, job.places, job.k = values.data, <int64_t*>places.data, k - 1
    run_job(load_sort().rank, &job, 7, "kthvalue")
    return values, places


cdef TensorBase median_of_all_forward(TensorBase x, bint skip_nan):
    """The lower median of a vector, as a number."""
    cdef TensorBase values = (<tuple>median_forward(x, 0, skip_nan))[0]
    return tensor_view(values, 0, NULL, NULL, values.data)


cdef object median_forward(TensorBase x, int dim, bint skip_nan):
    """Values and places of the lower medians, with the dimension kept, of size one."""
    cdef SortJob job
    cdef int64_t shape[MAX_DIMS]
    cdef TensorBase _held, values, places
    _held = fill_rows(&job, x, dim, b"median_cpu")
    if job.n == 0:
        raise IndexError(f"median(): Expected reduction dim {dim} to have non-zero size.")
    refuse_selection(x.dtype, b"median_cpu")
    one_along(x, dim, 1, shape)
    values, places = tensor_empty(x.dtype, x.ndim, shape), tensor_empty(INT64, x.ndim, shape)
    job.values, job.places, job.skip_nan = values.data, <int64_t*>places.data, skip_nan
    run_job(load_sort().median, &job, 7, "median")
    return values, places


cdef object extent_forward(TensorBase x):
    """The least and the greatest of all elements."""
    cdef SortJob job
    cdef uint64_t bits[2]
    cdef TensorBase low, high, held = fill_rows(&job, once(x), -1, b"aminmax")
    cdef SortKernels* k = load_sort()
    job.n, job.inner = held.numel, 1
    low, high = tensor_scalar(x.dtype), tensor_scalar(x.dtype)
    if job.n < 4096:
        k.extent(&job, bits)
    else:
        with nogil:
            k.extent(&job, bits)
    memcpy(low.data, bits, itemsize_of[x.dtype])                     # bytes in the order of this machine's integers
    memcpy(high.data, bits + 1, itemsize_of[x.dtype])
    return low, high
