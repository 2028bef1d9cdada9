"""Discrete Fourier transforms: by dimension, along lines; by SciPy for lengths with large primes."""
from libc.math cimport sqrt
from libc.stdint cimport int64_t

from ctorch._dispatch cimport unsupported
from ctorch._dtype cimport *
from ctorch._forward.common cimport kernel_error
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.fft cimport (
    FFT_BACKWARD,
    FFT_FORWARD,
    FFT_REAL_HALF,
    FFT_REAL_WHOLE,
    FFT_TO_REAL,
    FftJob,
    FftKernels,
)
from ctorch._parallel cimport get_num_threads
from ctorch._tensor cimport *

cdef enum:
    LONG = 4096         # numbers in a line that is transformed in the second cache, together with others
    MEDIUM = 256        # from which a few lines are better transformed one by one
    FEW = 8             # long lines up to here share the threads one by one
    SMALL = 1 << 15     # elements, below which threads cost SciPy more than they bring
    PLANS = 64          # that are kept
    ROOTS = 1 << 24     # numbers that they may hold in all

cdef FftKernels* fft_kernels = NULL
cdef tuple NORMS = ("backward", "ortho", "forward")        # of onward transforms: not scaled, by sqrt(n), by n
cdef dict plans = {}
cdef int64_t roots = 0

# ---- roots of unity, kept for the next transform of the same length


cdef class Plan:
    cdef void* plan                              # NULL: a length for SciPy
    cdef int64_t n
    cdef int row
    cdef bint single

    def __dealloc__(self):
        if self.plan != NULL:
            fft_kernels.free[self.row](self.plan)


cdef Plan plan_of(int row, int64_t n, bint real, bint single):
    global fft_kernels, roots
    cdef tuple key = (row, n, real, single)
    cdef Plan plan = <Plan>plans.get(key)
    if plan is not None:
        return plan
    if fft_kernels == NULL:
        fft_kernels = <FftKernels*>kernel_table("fft")
    plan = Plan.__new__(Plan)
    plan.row, plan.n, plan.single = row, n, single
    with nogil:
        plan.plan = fft_kernels.plan[row](n, real, single)
    if key in plans:                             # another thread was quicker
        return <Plan>plans[key]
    while plans and (len(plans) >= PLANS or roots + n > ROOTS):
        roots -= (<Plan>plans.pop(next(iter(plans)))).n
    plans[key] = plan
    roots += n
    return plan


cdef Plan plan_for(TensorBase x, int dim, int64_t n, bint real):
    # Lines are transformed together where there are many, and each by itself where they are long or few.
    cdef int row = 1 if x.dtype == FLOAT64 or x.dtype == COMPLEX128 else 0
    cdef int64_t numbers = n // 2 if real and n % 2 == 0 else n
    cdef int64_t lines = x.numel // x.shape[dim]
    cdef Plan plan
    if numbers > LONG:
        return plan_of(row, n, real, True)
    if numbers >= MEDIUM and lines * 4 <= (8 if row else 16):
        plan = plan_of(row, n, real, True)
        if plan.plan != NULL:
            return plan
    return plan_of(row, n, real, False)

# ---- lines


cdef int transform(TensorBase x, TensorBase y, int dim, Plan plan, int kind, double scale) except -1:
    """One dimension of x into y, which may be x."""
    cdef FftJob job
    cdef TensorBase table
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t x_apart[MAX_DIMS]
    cdef int64_t y_apart[MAX_DIMS]
    cdef int64_t x_unit = 1 if kind == FFT_REAL_HALF or kind == FFT_REAL_WHOLE else 2
    cdef int64_t y_unit = 1 if kind == FFT_TO_REAL else 2
    cdef int64_t room = 4 * plan.n
    cdef int i, j, ndim = 0, code
    job.lines = 1
    for i in range(x.ndim):
        if i == dim or x.shape[i] == 1:
            continue
        job.lines *= x.shape[i]
        j = ndim
        while j and y_apart[j - 1] < y.strides[i] * y_unit:      # the nearest lines last, to be read together
            shape[j], x_apart[j], y_apart[j] = shape[j - 1], x_apart[j - 1], y_apart[j - 1]
            j -= 1
        shape[j], x_apart[j], y_apart[j] = x.shape[i], x.strides[i] * x_unit, y.strides[i] * y_unit
        ndim += 1
    job.plan, job.kind, job.ndim, job.scale = plan.plan, kind, ndim, scale
    job.shape, job.x_apart, job.y_apart = shape, x_apart, y_apart
    job.x, job.y = x.data, y.data
    job.x_step, job.y_step = x.strides[dim] * x_unit, y.strides[dim] * y_unit
    job.table = NULL
    if plan.single and job.lines <= FEW:
        table = tensor_empty(FLOAT64 if plan.row else FLOAT32, 1, &room)
        job.table = table.data
    if x.numel < 1024:
        code = fft_kernels.run[plan.row](&job)
    else:
        with nogil:
            code = fft_kernels.run[plan.row](&job)
    return kernel_error(-1 if code else 0, "fft")


cdef list plans_for(TensorBase x, tuple dims, int64_t last, bint real):
    """A plan for each dimension, the last of which has `last` numbers; None where one is SciPy's."""
    cdef list found = []
    cdef int i, count = len(dims)
    cdef Plan plan
    for i in range(count):
        plan = plan_for(x, dims[i], last if i == count - 1 else x.shape[<int>dims[i]], real and i == count - 1)
        if plan.plan == NULL:
            return None
        found.append(plan)
    return found


cdef double scale_of(int64_t norm, list found):
    cdef double n = 1
    for plan in found:
        n *= (<Plan>plan).n
    return 1 if norm == 0 else 1 / sqrt(n) if norm == 1 else 1 / n

# ---- SciPy


cdef int by_scipy(str name, TensorBase x, TensorBase y, object dims, int64_t norm, object lengths=None) except -1:
    # y = a transform of scipy.fft, which is imported at the first that needs it.
    import numpy
    from scipy import fft
    cdef bint onward = not name.startswith("i")
    cdef object result = getattr(fft, name)(array_of(x), s=lengths, axes=dims, norm=NORMS[norm if onward else 2 - norm],
                                            workers=workers(x))
    numpy.copyto(array_of(y), result)
    return 0


cdef inline object array_of(TensorBase x):
    import numpy
    return numpy.asarray(memoryview(tensor_view(x, x.ndim, x.shape, x.strides, x.data)))


cdef int workers(TensorBase x) noexcept:
    return 1 if x.numel < SMALL else get_num_threads()

# ---- the rows


cdef int check(TensorBase x, const char* op) except -1:
    if x.dtype != FLOAT32 and x.dtype != FLOAT64 and x.dtype != COMPLEX64 and x.dtype != COMPLEX128:
        unsupported(op, x.dtype)
    return 0


cdef TensorBase result_of(TensorBase x, int dtype, object dims, int64_t last):
    # Shaped like x but for the last of the dimensions, unless that is negative. Where x is dense, its dimensions lie
    # in memory as those of x do, so that neighbouring lines stay neighbours.
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef int order[MAX_DIMS]
    cdef int64_t from_below = 1, step = 1
    cdef int i, j, k
    for i in range(x.ndim):
        shape[i] = x.shape[i]
        j = i
        while j:
            k = order[j - 1]
            if x.strides[k] > x.strides[i] or (x.strides[k] == x.strides[i] and x.shape[k] >= x.shape[i]):
                break
            order[j] = k
            j -= 1
        order[j] = i
    if last >= 0:
        shape[<int>dims[len(dims) - 1]] = last
    if x.contiguous or not x.numel:
        return tensor_empty(dtype, x.ndim, shape)
    for i in range(x.ndim - 1, -1, -1):
        j = order[i]
        if x.strides[j] != from_below and x.shape[j] > 1:
            return tensor_empty(dtype, x.ndim, shape)
        from_below *= x.shape[j]
        strides[j] = step
        step *= shape[j]
    return tensor_empty_strided(None, dtype, x.ndim, shape, strides)


cdef TensorBase fft_c2c_forward(TensorBase x, object dims, int64_t norm, bint onward):
    check(x, b"fft_c2c")
    cdef TensorBase y = result_of(x, x.dtype, dims, -1)
    cdef int i, count = len(dims), kind = FFT_FORWARD if onward else FFT_BACKWARD
    if not x.numel:
        return y
    cdef list found = plans_for(x, dims, x.shape[<int>dims[count - 1]], False)
    if found is None:
        by_scipy("fftn" if onward else "ifftn", x, y, dims, norm)
        return y
    for i in range(count - 1, -1, -1):
        transform(x if i == count - 1 else y, y, dims[i], found[i], kind, 1 if i else scale_of(norm, found))
    return y


cdef TensorBase fft_r2c_forward(TensorBase x, object dims, int64_t norm, bint onesided):
    check(x, b"fft_r2c")
    cdef int i, count = len(dims), last = dims[count - 1]
    cdef int64_t n = x.shape[last]
    cdef TensorBase y = result_of(x, complex_of(x.dtype), dims, n // 2 + 1 if onesided else n)
    if not x.numel:
        return y
    cdef list found = plans_for(x, dims, n, True)
    if found is None:
        by_scipy("rfftn" if onesided else "fftn", x, y, dims, norm)
        return y
    cdef double scale = scale_of(norm, found)
    transform(x, y, last, found[count - 1], FFT_REAL_HALF if onesided else FFT_REAL_WHOLE, 1 if count > 1 else scale)
    for i in range(count - 2, -1, -1):
        transform(y, y, dims[i], found[i], FFT_FORWARD, 1 if i else scale)
    return y


cdef TensorBase fft_c2r_forward(TensorBase x, object dims, int64_t norm, int64_t last):
    check(x, b"fft_c2r")
    cdef int i, count = len(dims)
    cdef TensorBase between, y = result_of(x, real_of(x.dtype), dims, last)
    if not x.numel:
        return y
    cdef list found = plans_for(x, dims, last, True)
    if found is None:
        by_scipy("irfftn", x, y, dims, norm, [x.shape[<int>d] for d in dims[:count - 1]] + [last])
        return y
    for i in range(count - 1):
        between = result_of(x, x.dtype, dims, -1) if i == 0 else x
        transform(x, between, dims[i], found[i], FFT_BACKWARD, 1)
        x = between
    transform(x, y, dims[count - 1], found[count - 1], FFT_TO_REAL, scale_of(norm, found))
    return y
