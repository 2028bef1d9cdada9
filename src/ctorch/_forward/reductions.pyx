"""Reductions with kernels of their own: variances, logsumexp, extrema with places, distances of pairs."""
from libc.math cimport NAN
from libc.stdint cimport INT64_MIN, int64_t

from ctorch._dispatch cimport OP_BITWISE_XOR, binary, cast_to, contiguous, number_tensor, unsupported
from ctorch._dtype cimport *
from ctorch._forward.common cimport dense, float_compute, kernel_error, row_of
from ctorch._kernels._load cimport kernel_table
from ctorch._kernels.distance cimport DistanceKernels
from ctorch._kernels.extremum cimport ExtremumKernels
from ctorch._kernels.moments cimport MomentsKernels
from ctorch._shape cimport once, reduce_dims
from ctorch._tensor cimport *

cdef enum:
    NARROW = 8                       # columns, below which they are better copied into rows

cdef MomentsKernels* moments_kernels = NULL
cdef ExtremumKernels* extremum_kernels = NULL
cdef DistanceKernels* distance_kernels = NULL


cdef MomentsKernels* load_moments() except NULL:
    global moments_kernels
    if moments_kernels == NULL:
        moments_kernels = <MomentsKernels*>kernel_table("moments")
    return moments_kernels


# ---- tensors as (outer, n, inner)

cdef struct Layout:
    int64_t outer, n, inner
    int kept                         # dimensions that stay, in the order of memory
    int64_t sizes[MAX_DIMS]
    int order[MAX_DIMS]              # which dimensions of the tensor they are


cdef TensorBase reordered(TensorBase x, const int* order):
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef int i
    for i in range(x.ndim):
        shape[i], strides[i] = x.shape[order[i]], x.strides[order[i]]
    return tensor_view(x, x.ndim, shape, strides, x.data)


cdef void order_of_memory(TensorBase x, int* order) noexcept:
    # Largest stride first; dimensions of one element stay where they are.
    cdef int i, j, k
    for i in range(x.ndim):
        k = i
        j = i - 1
        while j >= 0 and x.shape[k] > 1 and x.shape[order[j]] > 1 and x.strides[order[j]] < x.strides[k]:
            order[j + 1] = order[j]
            j -= 1
        order[j + 1] = k


cdef bint together(const bint* reduced, const int* order, TensorBase x, Layout* l) noexcept:
    # Whether the reduced dimensions lie side by side, and the sizes around them.
    cdef int i, state = 0
    l.outer = l.n = l.inner = 1
    for i in range(x.ndim):
        if reduced[order[i]]:
            if state == 2 and x.shape[order[i]] != 1:
                return False
            state = 1 if state == 0 else state
            l.n *= x.shape[order[i]]
        elif state == 0:
            l.outer *= x.shape[order[i]]
        else:
            if x.shape[order[i]] != 1:
                state = 2
            l.inner *= x.shape[order[i]]
    return l.inner == 1 or l.inner >= NARROW or l.n <= NARROW


cdef TensorBase laid_out(TensorBase x, const bint* reduced, Layout* l):
    # A view of x whose dimensions are outer, n and inner ones, if possible in the order of memory; what is repeated
    # along those that stay is there once.
    cdef int order[MAX_DIMS]
    cdef int i, n = 0
    cdef TensorBase y
    x = once(x, reduced)
    order_of_memory(x, order)
    y = reordered(x, order)
    if not together(reduced, order, x, l):
        for i in range(x.ndim):
            if not reduced[i]:
                order[n] = i
                n += 1
        for i in range(x.ndim):
            if reduced[i]:
                order[n] = i
                n += 1
        y = reordered(x, order)
        together(reduced, order, x, l)
    l.kept = 0
    for i in range(x.ndim):
        if not reduced[order[i]]:
            l.sizes[l.kept] = x.shape[order[i]]
            l.order[l.kept] = order[i]
            l.kept += 1
    return y


cdef TensorBase arranged(TensorBase x, const bint* reduced, int dtype, Layout* l):
    # x as (outer, n, inner) in memory, of a dtype; x itself where it lies so.
    return dense(laid_out(x, reduced, l), dtype)


cdef bint even_rows(TensorBase x):
    # Whether all rows, along the last dimension, are equally far apart.
    cdef int i
    for i in range(x.ndim - 2):
        if x.strides[i] != x.strides[i + 1] * x.shape[i + 1]:
            return False
    return x.ndim > 1


cdef TensorBase in_place_of(TensorBase y, TensorBase x, const bint* reduced, Layout* l, bint keepdim):
    # Results in the order of memory, as the dimensions of x have it.
    cdef int64_t shape[MAX_DIMS]
    cdef int64_t strides[MAX_DIMS]
    cdef int place[MAX_DIMS]
    cdef int i, n = 0
    for i in range(l.kept):
        place[l.order[i]] = i
    for i in range(x.ndim):
        if not reduced[i]:
            shape[n], strides[n] = x.shape[i], y.strides[place[i]] if l.sizes[place[i]] == x.shape[i] else 0
            n += 1
        elif keepdim:
            shape[n], strides[n] = 1, 0
            n += 1
    for i in range(n - 1, -1, -1):                   # along one element PyTorch's steps are those of a whole row
        if shape[i] == 1:
            strides[i] = strides[i + 1] * shape[i + 1] if i + 1 < n else 1
    return contiguous(tensor_view(y, n, shape, strides, y.data))


cdef int mark(TensorBase x, object dim, bint* reduced, str op) except -1:
    cdef int i
    if dim is None:
        for i in range(x.ndim):
            reduced[i] = True
    else:
        reduce_dims(dim, x.ndim, reduced, op)
    return 0


cdef void fill_nan(TensorBase y) noexcept:
    cdef int64_t i
    for i in range(y.numel):
        if y.dtype == FLOAT64:
            (<double*>y.data)[i] = NAN
        else:
            (<float*>y.data)[i] = NAN


# ---- variance

cdef object moments_forward(TensorBase x, object dim, double correction, bint keepdim):
    """Variances and means."""
    return moments(x, dim, correction, False, keepdim)


cdef object root_moments_forward(TensorBase x, object dim, double correction, bint keepdim):
    """Standard deviations and means."""
    return moments(x, dim, correction, True, keepdim)


cdef object moments(TensorBase x, object dim, double correction, bint root, bint keepdim):
    cdef int dtype = float_compute(x, b"std" if root else b"var"), code = 0
    cdef bint reduced[MAX_DIMS]
    cdef Layout l
    cdef TensorBase a, y, mean
    cdef double free
    mark(x, dim, reduced, "std" if root else "var")
    a = arranged(x, reduced, dtype, &l)
    y, mean = tensor_empty(dtype, l.kept, l.sizes), tensor_empty(dtype, l.kept, l.sizes)
    free = l.n - correction if l.n > correction else 0
    cdef MomentsKernels* k = load_moments()
    if l.n == 0:
        fill_nan(y)
        fill_nan(mean)
    else:
        with nogil:
            code = k.variance[row_of(dtype)](a.data, y.data, mean.data, l.outer, l.n, l.inner, free, root)
    kernel_error(code, "var")
    y, mean = cast_to(y, x.dtype), cast_to(mean, x.dtype)
    return in_place_of(y, x, reduced, &l, keepdim), in_place_of(mean, x, reduced, &l, keepdim)


cdef TensorBase logsumexp_forward(TensorBase x, object dim, bint keepdim):
    cdef int dtype = float_compute(x, b"logsumexp"), code
    cdef bint reduced[MAX_DIMS]
    cdef Layout l
    cdef TensorBase a, y
    mark(x, dim, reduced, "logsumexp")
    a = arranged(x, reduced, dtype, &l)
    y = tensor_empty(dtype, l.kept, l.sizes)
    cdef MomentsKernels* k = load_moments()
    with nogil:
        code = k.logsumexp[row_of(dtype)](a.data, y.data, l.outer, l.n, l.inner)
    kernel_error(code, "logsumexp")
    return in_place_of(cast_to(y, x.dtype), x, reduced, &l, keepdim)


# ---- the place of an extremum

cdef object extremum_forward(TensorBase x, int dim, bint keepdim, bint largest):
    """Values and int64 places of the extrema along a dimension."""
    global extremum_kernels
    cdef int compute = compute_of[x.dtype], i
    cdef bint reduced[MAX_DIMS]
    cdef int64_t row, step
    cdef Layout l
    cdef TensorBase a, values, places
    if category_of[x.dtype] == CATEGORY_COMPLEX:
        unsupported(b"max" if largest else b"min", x.dtype)
    if x.ndim and x.shape[dim] == 0:
        raise IndexError(f"{'max' if largest else 'min'}(): Expected reduction dim {dim} to have non-zero size.")
    if compute == UINT8:
        compute = INT32
    elif compute == UINT64:
        return unsigned_extremum(x, dim, keepdim, largest)
    for i in range(x.ndim):
        reduced[i] = i == dim
    a = laid_out(once(x), reduced, &l)
    row, step = l.n, 1
    if a.dtype == compute and l.inner == 1 and a.shape[a.ndim - 1] == l.n and even_rows(a):
        row, step = a.strides[a.ndim - 2], a.strides[a.ndim - 1]
    else:
        a = dense(a, compute)
    values, places = tensor_empty(compute, l.kept, l.sizes), tensor_empty(INT64, l.kept, l.sizes)
    if extremum_kernels == NULL:
        extremum_kernels = <ExtremumKernels*>kernel_table("extremum")
    i = 0 if compute == FLOAT32 else 1 if compute == FLOAT64 else 2 if compute == INT32 else 3
    if values.numel:
        with nogil:
            extremum_kernels.extremum[i](a.data, values.data, <int64_t*>places.data, l.outer, l.n, l.inner, row, step,
                                         largest)
    values = cast_to(values, x.dtype)
    return in_place_of(values, x, reduced, &l, keepdim), in_place_of(places, x, reduced, &l, keepdim)


cdef TensorBase sign_flipped(TensorBase x, int dtype):
    # 64 bits with the highest turned over: unsigned numbers as signed ones in the same order, and back.
    return cast_to(binary(OP_BITWISE_XOR, cast_to(x, INT64), number_tensor(INT64_MIN)), dtype)


cdef object unsigned_extremum(TensorBase x, int dim, bint keepdim, bint largest):
    values, places = extremum_forward(sign_flipped(x, INT64), dim, keepdim, largest)
    return sign_flipped(values, UINT64), places


# ---- distances

cdef DistanceKernels* load_distance() except NULL:
    global distance_kernels
    if distance_kernels == NULL:
        distance_kernels = <DistanceKernels*>kernel_table("distance")
    return distance_kernels


cdef TensorBase distance_forward(TensorBase x, TensorBase other, double p):
    """p-norms of the differences of rows, (batch, rows, n) by (batch, columns, n)."""
    cdef int dtype = float_compute(x, b"cdist")
    cdef int64_t shape[3]
    cdef int order[3]
    order[:] = [0, 2, 1]
    cdef TensorBase a = dense(x, dtype), b = dense(reordered(other, order), dtype), y
    cdef DistanceKernels* k = load_distance()
    shape[:] = [x.shape[0], x.shape[1], other.shape[1]]
    y = tensor_empty(dtype, 3, shape)
    if y.numel:
        with nogil:
            k.distance[row_of(dtype)](a.data, b.data, y.data, shape[0], shape[1], shape[2], x.shape[2], p, False)
    return cast_to(y, x.dtype)


cdef TensorBase pdist_forward(TensorBase x, double p):
    """The same of all pairs of rows of one matrix."""
    cdef int dtype = float_compute(x, b"pdist")
    cdef int64_t pairs
    cdef int order[2]
    order[:] = [1, 0]
    cdef TensorBase a = dense(x, dtype), b = dense(reordered(x, order), dtype), y
    cdef DistanceKernels* k = load_distance()
    pairs = x.shape[0] * (x.shape[0] - 1) // 2
    y = tensor_empty(dtype, 1, &pairs)
    if pairs:
        with nogil:
            k.distance[row_of(dtype)](a.data, b.data, y.data, 1, x.shape[0], x.shape[0], x.shape[1], p, True)
    return cast_to(y, x.dtype)
