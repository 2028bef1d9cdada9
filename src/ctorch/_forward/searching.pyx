"""Binary search, runs of equal elements and counts by bin: shapes and dtypes around their kernels."""
from libc.stdint cimport int64_t
from libc.string cimport memset

from ctorch._dispatch cimport cast_to, contiguous, unsupported
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute, kernel_error, row_of
from ctorch._forward.sorting cimport fill_keys
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.search cimport RunsJob, SearchJob, SearchKernels
from ctorch._kernels.sort cimport SortJob
from ctorch._tensor cimport *

ctypedef void (*SearchFn)(SearchJob*) noexcept nogil

cdef SearchKernels* search_kernels = NULL


cdef SearchKernels* load_search() except NULL:
    global search_kernels
    if search_kernels == NULL:
        search_kernels = <SearchKernels*>kernel_table("search")
    return search_kernels


cdef TensorBase searchsorted_forward(TensorBase sequence, TensorBase x, TensorBase sorter, bint right, bint shared):
    """Places of x in the last dimension of `sequence`, which is shared by all of x or has x's other dimensions."""
    cdef int dtype = compute_of[x.dtype], which
    cdef TensorBase s, v, order, places
    cdef SearchJob job
    cdef SearchFn f
    if category_of[dtype] == CATEGORY_COMPLEX or x.dtype in (BOOL, UINT64):
        unsupported(b"searchsorted_out_cpu", x.dtype)
    if dtype == UINT8:
        dtype = INT32
    s, v = dense(sequence, dtype), dense(x, dtype)
    places = tensor_empty(INT64, x.ndim, x.shape)
    which = 0 if dtype == FLOAT32 else 1 if dtype == FLOAT64 else 2 if dtype == INT32 else 3
    job.sequence, job.x, job.places, job.sorter = s.data, v.data, <int64_t*>places.data, NULL
    if sorter is not None:
        order = dense(sorter, INT64)
        job.sorter = <int64_t*>order.data
    job.length = s.shape[s.ndim - 1]
    job.n = x.shape[x.ndim - 1] if x.ndim else 1
    job.rows = x.numel // job.n if job.n else 0
    job.shared, job.right = shared, right
    f = load_search().search[which]
    if x.numel < 1024:
        f(&job)
    else:
        with nogil:
            f(&job)
    return places


cdef int fill_runs_job(RunsJob* job, TensorBase x, TensorBase places, const char* op) except -1:
    cdef SortJob keys
    fill_keys(&keys, x.dtype, op)
    job.x, job.places = x.data, NULL if places is None else <int64_t*>places.data
    job.rows, job.n = 1, x.numel
    job.width, job.kind, job.inf = keys.width, keys.kind, keys.inf
    return 0


cdef object unique_forward(TensorBase x, TensorBase places, bint inverse, bint counts):
    """Of elements that are side by side where equal: each once, their numbers at `places`, and how many."""
    cdef RunsJob job
    cdef SearchKernels* k = load_search()
    cdef TensorBase a = contiguous(x), values, numbers = None, many = None
    cdef int64_t runs
    fill_runs_job(&job, a, places, b"unique")
    with nogil:
        runs = k.count_runs(&job)
    values = tensor_empty(x.dtype, 1, &runs)
    if inverse:
        numbers = tensor_empty(INT64, x.ndim, x.shape)
    if counts:
        many = tensor_empty(INT64, 1, &runs)
    with nogil:
        k.fill_runs(&job, values.data, <int64_t*>numbers.data if inverse else NULL,
                    <int64_t*>many.data if counts else NULL)
    return values, numbers, many


cdef object mode_forward(TensorBase x, TensorBase places):
    """Of each sorted row, along the last dimension, the element of its longest run."""
    cdef RunsJob job
    cdef SearchKernels* k = load_search()
    cdef TensorBase a = contiguous(x), p = contiguous(places)
    cdef TensorBase values = tensor_empty(x.dtype, x.ndim - 1, x.shape)
    cdef TensorBase found = tensor_empty(INT64, x.ndim - 1, x.shape)
    fill_runs_job(&job, a, p, b"mode")
    job.n = x.shape[x.ndim - 1]
    job.rows = values.numel
    with nogil:
        k.longest_run(&job, values.data, <int64_t*>found.data)
    return values, found


cdef TensorBase bincount_forward(TensorBase x, TensorBase weights, int64_t minlength):
    cdef SearchKernels* k = load_search()
    cdef TensorBase a, w, counts
    cdef int64_t bounds[2]
    cdef int64_t bins = minlength
    cdef int code = 0
    if category_of[x.dtype] != CATEGORY_INT:
        unsupported(b"bincount_cpu", x.dtype)
    a = dense(x, INT64)
    if a.numel:
        with nogil:
            k.bounds(<int64_t*>a.data, a.numel, bounds)
        if bounds[0] < 0:
            raise RuntimeError("bincount only supports 1-d non-negative integral inputs.")
        bins = bins if bins > bounds[1] + 1 else bounds[1] + 1
    counts = tensor_empty(INT64 if weights is None else FLOAT64, 1, &bins)
    memset(counts.data, 0, bins * 8)
    if weights is not None:
        w = dense(weights, FLOAT64)
        k.bincount_weighted(<int64_t*>a.data, <double*>w.data, a.numel, <double*>counts.data)
        return cast_to(counts, FLOAT32) if weights.dtype == FLOAT32 else counts
    with nogil:
        code = k.bincount(<int64_t*>a.data, a.numel, <int64_t*>counts.data, bins)
    kernel_error(code, "bincount")
    return counts


cdef TensorBase histc_forward(TensorBase x, TensorBase edges, int64_t bins, double low, double high):
    """Counts, int64."""
    cdef int dtype = float_compute(x, b"histogram_cpu"), code
    cdef SearchKernels* k = load_search()
    cdef TensorBase a = dense(x, dtype), counts = tensor_empty(INT64, 1, &bins)
    cdef TensorBase e = None if edges is None else dense(edges, dtype)
    cdef const void* edge = NULL if edges is None else e.data
    memset(counts.data, 0, bins * 8)
    with nogil:
        code = k.histc[row_of(dtype)](a.data, a.numel, low, high, edge, bins, <int64_t*>counts.data)
    kernel_error(code, "histc")
    return counts
